#!/usr/bin/env python3
"""Writes the reference numbers that SciPy knows: log-probabilities of counts, angles between subspaces.

    /usr/bin/python3 tests/golden/make_scipy.py

Double precision, from inputs that are in the files too; README.md describes the files.
"""
import json
import pathlib
import re

import numpy as np
import scipy
from scipy.linalg import subspace_angles
from scipy.special import log_softmax
from scipy.stats import multinomial, poisson

HERE = pathlib.Path(__file__).parent


def write(name, document):
    document = {"made_by": "tests/golden/make_scipy.py", "scipy": scipy.__version__, **document}
    # The innermost lists on one line each.
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[")
                  .replace(" ]", "]"), json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / f"{name}.json").write_text(text)


def normal(seed, *shape):
    # Three digits, so that the files are short and the inputs exact.
    return np.round(np.random.default_rng(seed).standard_normal(shape), 3)


def counts():
    logits = 2 * normal(1, 4, 6)
    logits[0, :2] = [-60.0, 60.0]
    x = np.random.default_rng(2).poisson(2.0, (4, 6)).astype(float)
    x[0, 0] = 0  # the word that is as good as impossible does not occur
    p = np.exp(log_softmax(logits, axis=1))
    log_rate = normal(3, 4, 6)
    write("counts", {
        "logits": logits.tolist(), "counts": x.tolist(),
        "multinomial_log_prob": [float(multinomial.logpmf(n, n.sum(), q)) for n, q in zip(x, p)],
        "log_rate": log_rate.tolist(),
        "poisson_log_prob": poisson.logpmf(x, np.exp(log_rate)).sum(1).tolist()})


def subspaces():
    """Pairs of bases by rows, as unlike as they come and as near as 1e-9 radians."""
    near = normal(11, 3, 8)
    turned = near + 1e-9 * normal(12, 3, 8)
    pairs = [(normal(13, 3, 8), normal(14, 3, 8)), (normal(15, 2, 6), normal(16, 4, 6)),
             (near, turned), (np.eye(3)[:2], np.eye(3)[1:])]
    write("subspaces", {"cases": [
        {"a": a.tolist(), "b": b.tolist(), "angles": subspace_angles(a.T, b.T).tolist()}
        for a, b in pairs]})


if __name__ == "__main__":
    counts()
    subspaces()
