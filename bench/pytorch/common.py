"""What the reference scripts share: options, data, timing, the line of JSON they print.

The models and their steps are written as a user of PyTorch writes them; see the scripts themselves.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time


def process_age():
    """Seconds since this process began, by the kernel's clock."""
    with open("/proc/self/stat") as stat:
        start = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", type=int, default=0, help="0 keeps PyTorch's own choice")
    parser.add_argument("--loader", action="store_true", help="a DataLoader with a transform of each item")
    parser.add_argument("--bfloat16", action="store_true", help="steps under torch.autocast")
    return parser.parse_args()


class InMemory:
    """Batches gathered by index from one tensor of floats."""

    def __init__(self, x, batch_size):
        import torch

        self.torch, self.x, self.batch_size = torch, x, batch_size

    def __iter__(self):
        while True:
            order = self.torch.randperm(len(self.x))
            for begin in range(0, len(order) - self.batch_size + 1, self.batch_size):
                yield self.x[order[begin : begin + self.batch_size]]


def images(asked, batch_size, side, channels=1, n=6000):
    """Batches of images in [0, 1]: from memory, or by a DataLoader as tutorials have it."""
    import torch

    pixels = torch.randint(0, 256, (n, channels, side, side), dtype=torch.uint8)
    if not asked.loader:
        return InMemory(pixels.float() / 255, batch_size)

    class Items(torch.utils.data.Dataset):
        """Each item through a transform of its own, as torchvision's data sets and ToTensor do."""

        def __init__(self):
            self.arrays = [image.permute(1, 2, 0).numpy() for image in pixels]

        def __len__(self):
            return len(self.arrays)

        def __getitem__(self, i):
            return torch.from_numpy(self.arrays[i]).permute(2, 0, 1).contiguous().float().div(255)

    class Forever:
        def __init__(self):
            self.loader = torch.utils.data.DataLoader(Items(), batch_size=batch_size, shuffle=True, drop_last=True)

        def __iter__(self):
            while True:
                yield from self.loader

    return Forever()


def run(asked, batches, step, batch_size, warm_up=4):
    """Times `step(batch)`, batch included, and prints what it took."""
    import torch

    times = []
    first = None
    source = iter(batches)
    for i in range(warm_up + asked.steps):
        start = time.perf_counter()
        batch = next(source)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=asked.bfloat16):
            step(batch)
        took = time.perf_counter() - start
        if first is None:
            first = process_age()
        if i >= warm_up:
            times.append(took)
    times.sort()
    quartiles = statistics.quantiles(times, n=4) if len(times) > 1 else [times[0]] * 3
    json.dump(
        {
            "median": statistics.median(times),
            "lower_quartile": quartiles[0],
            "upper_quartile": quartiles[2],
            "steps": len(times),
            "batch_size": batch_size,
            "threads": torch.get_num_threads(),
            "seconds_to_first_step": first,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "torch": torch.__version__,
        },
        sys.stdout,
    )
    print()


def set_threads(asked):
    import torch

    if asked.threads > 0:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
