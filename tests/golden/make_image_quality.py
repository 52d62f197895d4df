#!/usr/bin/env python3
"""Writes image_quality.json with NumPy and SciPy (Debian's python3-numpy, python3-scipy).

    /usr/bin/python3 tests/golden/make_image_quality.py

SSIM is defined here as scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5,
use_sample_covariance=False, data_range=1): local moments by scipy.ndimage.gaussian_filter cut at 3.5
deviations, then the mean over what lies 5 pixels and more from the border; of channels the mean.
"""
import json
import pathlib
import re

import numpy as np
import scipy
from scipy import ndimage


def ssim(x, y):
    """[H, W] each."""
    def mean(a):
        return ndimage.gaussian_filter(a, 1.5, truncate=3.5)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    s = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx ** 2 + my ** 2 + c1) * (vx + vy + c2))
    return s[5:-5, 5:-5].mean()


def main():
    random = np.random.default_rng(1)
    # Smooth pictures of two channels, and what noise makes of them: 13 x 16, so that no side is like another.
    clean = ndimage.gaussian_filter(random.random((3, 2, 13, 16)), (0, 0, 2, 2))
    clean = np.round((clean - clean.min()) / (clean.max() - clean.min()), 3)
    noisy = clean + 0.2 * random.standard_normal(clean.shape)
    noisy[2] = np.where(random.random(clean[2].shape) < 0.2, 1.0, clean[2])
    noisy = np.round(noisy, 3)
    document = {
        "made_by": "tests/golden/make_image_quality.py", "numpy": np.__version__, "scipy": scipy.__version__,
        "clean": clean.tolist(), "noisy": noisy.tolist(),
        "psnr": [-10 * np.log10(((a - b) ** 2).mean()) for a, b in zip(clean, noisy)],
        "ssim": [float(np.mean([ssim(c, d) for c, d in zip(a, b)])) for a, b in zip(clean, noisy)],
        "median": ndimage.median_filter(noisy, size=(1, 1, 3, 3), mode="nearest").tolist(),
        "blur_sd": 1.2,
        "blur": ndimage.gaussian_filter(noisy, (0, 0, 1.2, 1.2), mode="nearest").round(12).tolist(),
    }
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[").replace(" ]", "]"),
                  json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (pathlib.Path(__file__).parent / "image_quality.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
