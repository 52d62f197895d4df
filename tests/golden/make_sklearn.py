#!/usr/bin/env python3
"""Writes the reference numbers that scikit-learn knows: latent semantic analysis.

    /usr/bin/python3 tests/golden/make_sklearn.py

Double precision, from inputs that are in the file too; README.md describes it.
"""
import json
import pathlib
import re

import numpy as np
import sklearn
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

HERE = pathlib.Path(__file__).parent


def write(name, document):
    document = {"made_by": "tests/golden/make_sklearn.py", "sklearn": sklearn.__version__, **document}
    # The innermost lists on one line each.
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[")
                  .replace(" ]", "]"), json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / f"{name}.json").write_text(text)


def lsa():
    random = np.random.default_rng(1)
    # Documents of three topics over twelve words.
    topics = random.dirichlet(np.full(12, 0.3), 3)
    counts = np.array([random.multinomial(20, topics[i % 3]) for i in range(40)]).astype(float)
    training, test = counts[:30], counts[30:]
    # TfidfTransformer adds 1 to log(n / df); taken off, so that a word of every document weighs nothing.
    weight = TfidfTransformer(norm=None, smooth_idf=False).fit(training).idf_ - 1
    svd = TruncatedSVD(n_components=4, algorithm="arpack", random_state=1).fit(np.log1p(training) * weight)
    write("lsa", {
        "training": training.tolist(), "test": test.tolist(), "components": 4, "weight": weight.tolist(),
        "singular": svd.singular_values_.tolist(), "codes": svd.transform(np.log1p(test) * weight).tolist()})


if __name__ == "__main__":
    lsa()
