#!/usr/bin/env python3
"""Writes sample_quality.json and feature_net.safetensors with NumPy and SciPy (Debian's python3-numpy, python3-scipy).

    /usr/bin/python3 tests/golden/make_sample_quality.py

Everything is computed in the plainest way: the root of the product of covariances by scipy.linalg.sqrtm, kernels and
neighbours by all pairs, the network by scipy.signal.
"""
import json
import pathlib
import re
import struct

import numpy as np
import scipy
from scipy import linalg, signal

HERE = pathlib.Path(__file__).parent


def frechet(x, y):
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(a @ b)
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * np.trace(root).real)


def discrepancy(x, y):
    def kernel(u, v):
        return (u @ v.T / u.shape[1] + 1) ** 3

    def pairs(u):
        k, n = kernel(u, u), len(u)
        return sum(k[i, j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return float(pairs(x) + pairs(y) - 2 * kernel(x, y).mean())


def prdc(real, fake, k):
    def distances(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))

    def radii(a):
        return np.sort(distances(a, a), axis=1)[:, k]  # the first is the example itself

    real_radii, fake_radii, between = radii(real), radii(fake), distances(real, fake)
    in_real = between < real_radii[:, None]
    return {"precision": float(in_real.any(0).mean()),
            "recall": float((between < fake_radii[None]).any(1).mean()),
            "density": float(in_real.sum(0).mean() / k),
            "coverage": float((between.min(1) < real_radii).mean())}


def blocks(random):
    """Means of blocks in several shuffles, and half of the interval of 95 % of the mean of all."""
    shuffles = np.round(random.standard_normal((3, 10)) + 0.4, 4)
    error = np.sqrt(np.mean(shuffles.var(1, ddof=1) / 10))
    return {"shuffles": shuffles.tolist(), "value": float(shuffles.mean()), "half": float(1.96 * error),
            "half_of_one_with_n": float(1.96 * shuffles[0].std() / np.sqrt(10))}


def inception(p):
    return float(np.exp((p * np.log(p / p.mean(0))).sum(1).mean()))


def sets(random):
    """Pairs of sets as float32 holds them."""
    def rounded(x):
        return np.round(x, 3).astype(np.float32).astype(np.float64)

    mix = random.standard_normal((6, 6))
    wide = rounded(random.standard_normal((40, 6)) @ mix + 1), rounded(0.8 * random.standard_normal((50, 6)) @ mix)
    few = rounded(random.standard_normal((7, 9))), rounded(random.standard_normal((8, 9)) * 2)
    far = rounded(random.standard_normal((30, 3)) + 100), rounded(random.standard_normal((30, 3)) + 100.5)
    for name, (x, y), k in (("wide", wide, 5), ("fewer than numbers", few, 3), ("far from zero", far, 5)):
        yield {"name": name, "x": x.tolist(), "y": y.tolist(), "k": k, "frechet": frechet(x, y),
               "discrepancy": discrepancy(x, y), "prdc": prdc(x, y, k)}


def network(random):
    """A net of every kind of layer, its file and what it answers to two pictures."""
    def numbers(*shape):
        return np.round(random.standard_normal(shape), 2).astype(np.float32)

    weights = {"layer_0.weight": numbers(2, 1, 3, 3), "layer_0.bias": numbers(2),
               "layer_4.weight": numbers(3, 2, 2, 2), "layer_4.bias": numbers(3),
               "layer_6.weight": numbers(4, 12) * np.float32(0.25), "layer_6.bias": numbers(4),
               "layer_8.weight": numbers(3, 4), "layer_8.bias": numbers(3)}
    layers = ("conv 2 kernel 3 padding 1", "relu", "max_pool 2", "average_pool 2 stride 1",
              "conv 3 kernel 2 stride 1 padding 0", "tanh", "linear 4", "sigmoid", "features", "linear 3")
    metadata = {"figment_feature_net": "1", "title": "a net for tests", "input": "1 8 8", "mean": "0.25",
                "deviation": "0.5", "layers": "\n".join(layers), "classes": "a\nb\nc", "made_by": "make_sample_quality.py"}
    header, data = {"__metadata__": metadata}, b""
    for name, value in weights.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / "feature_net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    def conv(x, weight, bias, padding):
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        return np.stack([sum(signal.correlate2d(m, w, "valid") for m, w in zip(x, kernel)) + b
                         for kernel, b in zip(weight, bias)])

    def pool(x, stride, how):
        side = (x.shape[1] - 2) // stride + 1
        return np.stack([[[how(m[i * stride:i * stride + 2, j * stride:j * stride + 2]) for j in range(side)]
                          for i in range(side)] for m in x])

    images = random.integers(0, 256, (2, 1, 8, 8))
    features, log_p = [], []
    for image in images:
        w = {name: value.astype(np.float64) for name, value in weights.items()}
        x = (image / 255 - 0.25) / 0.5
        x = np.maximum(conv(x, w["layer_0.weight"], w["layer_0.bias"], 1), 0)
        x = pool(pool(x, 2, np.max), 1, np.mean)
        x = np.tanh(conv(x, w["layer_4.weight"], w["layer_4.bias"], 0))
        x = 1 / (1 + np.exp(-(w["layer_6.weight"] @ x.ravel() + w["layer_6.bias"])))
        features.append(x.tolist())
        logits = w["layer_8.weight"] @ x + w["layer_8.bias"]
        log_p.append((logits - np.log(np.exp(logits).sum())).tolist())
    return {"images": images.tolist(), "features": features, "log_p": log_p}


def main():
    random = np.random.default_rng(7)
    p = random.dirichlet(np.full(4, 0.3), 12).clip(1e-4)
    p /= p.sum(1, keepdims=True)
    document = {"made_by": "tests/golden/make_sample_quality.py", "numpy": np.__version__,
                "scipy": scipy.__version__, "sets": list(sets(random)),
                "inception": {"p": p.tolist(), "score": inception(p)}, "network": network(random),
                "blocks": blocks(random)}
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[").replace(" ]", "]"),
                  json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / "sample_quality.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
