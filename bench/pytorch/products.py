"""The matrix products of a training step of linear layers and nothing else: what no program on this BLAS can go below.

    OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=1000000 python3 bench/pytorch/products.py --threads 2 128 784-400-40 20-400-784

The words are the batch size and the widths of each chain of layers. The first chain's input needs no gradient.
"""

import argparse
import statistics
import time

import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("batch", type=int)
parser.add_argument("chain", nargs="+")
given = parser.parse_args()
torch.set_num_threads(given.threads)


def seconds(left, right):
    out = torch.empty(left.size(0), right.size(1))
    times = []
    for _ in range(110):
        begin = time.perf_counter()
        torch.mm(left, right, out=out)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[10:])


total = operations = 0
for k, chain in enumerate(given.chain):
    widths = [int(word) for word in chain.split("-")]
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        x, w, g = torch.randn(given.batch, inputs), torch.randn(outputs, inputs), torch.randn(given.batch, outputs)
        pairs = [(x, w.t()), (g.t(), x)] + ([] if k == i == 0 else [(g, w)])
        total += sum(seconds(*pair) for pair in pairs)
        operations += 2 * given.batch * inputs * outputs * len(pairs)
print(f"{1e3 * total:.2f} ms, {operations / total / 1e9:.0f} GFLOP/s")
