#!/usr/bin/env python3
"""Writes parzen.json with NumPy and SciPy: Parzen window log-densities.

    /usr/bin/python3 tests/golden/make_parzen.py

Double precision, from inputs that are in the file too; README.md describes it.
"""
import json
import pathlib
import re

import numpy as np
import scipy
from scipy.special import logsumexp

HERE = pathlib.Path(__file__).parent


def log_density(centres, x, sigma):
    squares = ((x[:, None] - centres[None]) ** 2).sum(2)
    m, d = centres.shape
    return logsumexp(-squares / (2 * sigma**2), axis=1) - np.log(m) - d / 2 * np.log(2 * np.pi * sigma**2)


def main():
    random = np.random.default_rng(7)
    # Three digits, so that the file is short and the inputs exact.
    centres = np.round(random.uniform(0, 1, (20, 6)), 3)
    x = np.round(random.uniform(0, 1, (8, 6)), 3)
    sigmas = [0.02, 0.1, 0.3, 1.0, 5.0]
    grid = np.logspace(-1, 0, 10)
    best = max(grid, key=lambda sigma: log_density(centres, x, sigma).mean())
    values = log_density(centres, x, best)
    document = {
        "made_by": "tests/golden/make_parzen.py", "numpy": np.__version__, "scipy": scipy.__version__,
        "centres": centres.tolist(), "x": x.tolist(), "sigmas": sigmas,
        "log_density": [log_density(centres, x, sigma).tolist() for sigma in sigmas],
        "best_sigma": float(best), "best_mean": float(values.mean()),
        "best_standard_error": float(values.std(ddof=1) / np.sqrt(len(values)))}
    # The innermost lists on one line each.
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[").replace(" ]", "]"),
                  json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / "parzen.json").write_text(text)


if __name__ == "__main__":
    main()
