#!/usr/bin/env python3
"""How far the values of a GAN's categorical code stand for the digits of MNIST, which it was not told.

    python3 bench/infogan_codes.py RUN [--figment PATH] [--each 200]      FIGMENT_DATA has mnist/; needs NumPy

Draws `--each` codes of every value, decodes them, and takes each for the digit of the nearest of 20,000 training images,
by the distance of their pixels. Prints how often each value (a row) drew each digit, the share of samples that are of the
digit most frequent for their value, and how many digits are the most frequent of some value.
"""

import argparse
import gzip
import os
import pathlib
import subprocess
import tempfile

import numpy

root = pathlib.Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("run", type=pathlib.Path)
parser.add_argument("--figment", default=root / "build/release/figment", type=pathlib.Path)
parser.add_argument("--each", type=int, default=200)
given = parser.parse_args()


def setting(name):
    """A number of [model] or [model.codes] in the run's configuration, where no other table has the name."""
    for line in (given.run / "config.toml").read_text().splitlines():
        if line.split("=")[0].strip() == name:
            return int(line.split("=")[1])
    parser.error(f"{given.run}/config.toml: expected {name}, found none; is it a gan?")


def idx(name, header):
    with gzip.open(pathlib.Path(os.environ["FIGMENT_DATA"]) / "mnist" / name) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


values = setting("categorical")
if values == 0:
    parser.error(f"{given.run}: expected a model with model.codes.categorical, got one without")
draw = numpy.random.default_rng(1)
value = numpy.repeat(numpy.arange(values), given.each)
codes = [draw.standard_normal((len(value), setting("latent_dim"))), numpy.eye(values)[value],
         draw.uniform(-1, 1, (len(value), setting("continuous")))]
with tempfile.TemporaryDirectory() as folder:
    numpy.save(f"{folder}/codes.npy", numpy.concatenate(codes, 1).astype("f4"))
    subprocess.run([given.figment, "decode", given.run, f"{folder}/codes.npy", "--out", f"{folder}/made.npy"], check=True)
    made = numpy.load(f"{folder}/made.npy").reshape(len(value), -1).astype("f4")
made /= made.max()
true = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:20000].astype("f4") / 255
label = idx("train-labels-idx1-ubyte.gz", 8)[:20000]
nearest = label[((true * true).sum(1) - 2 * made @ true.T).argmin(1)]
counts = numpy.zeros((values, 10), int)
numpy.add.at(counts, (value, nearest), 1)
print(counts)
print(f"of their value's digit: {counts.max(1).sum() / len(value):.3f}; digits: {len(set(counts.argmax(1)))}")
