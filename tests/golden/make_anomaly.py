#!/usr/bin/env python3
"""Writes anomaly.json with NumPy, SciPy and scikit-learn (Debian's python3-sklearn).

    /usr/bin/python3 tests/golden/make_anomaly.py

The tests read the file that is committed, so nothing of this is needed to run them. README.md describes the file.
"""
import json
import pathlib
import re

import numpy
import scipy.stats
import sklearn
from scipy.spatial.distance import mahalanobis
from sklearn import metrics
from sklearn.covariance import ledoit_wolf

HERE = pathlib.Path(__file__).parent


def ranking(name, scores, positive):
    scores, positive = numpy.asarray(scores, float), numpy.asarray(positive, int)
    false_positive, true_positive, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    # The area a second time, by average ranks: Mann and Whitney's U over the number of pairs.
    ranks, p = scipy.stats.rankdata(scores), positive.sum()
    by_ranks = (ranks[positive == 1].sum() - p * (p + 1) / 2) / (p * (len(scores) - p))
    auroc = metrics.roc_auc_score(positive, scores)
    assert abs(by_ranks - auroc) < 1e-12
    threshold = float(numpy.quantile(scores[positive == 0], 0.95))
    flagged = (scores > threshold).astype(int)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        positive, flagged, average="binary", zero_division=0)
    return {"name": name, "scores": scores.tolist(), "positive": positive.tolist(), "auroc": auroc,
            "average_precision": metrics.average_precision_score(positive, scores),
            "false_positive": false_positive.tolist(), "true_positive": true_positive.tolist(),
            "threshold": threshold, "precision": precision, "recall": recall, "f1": f1}


def distances(name, codes, queries):
    covariance, shrinkage = ledoit_wolf(codes)
    inverse, mean = numpy.linalg.inv(covariance), codes.mean(0)
    return {"name": name, "codes": codes.tolist(), "queries": queries.tolist(), "shrinkage": shrinkage,
            "covariance": covariance.tolist(),
            "distance": [mahalanobis(query, mean, inverse) for query in queries]}


def main():
    random = numpy.random.RandomState(20140414)
    positive = random.rand(40) < 0.3
    apart = numpy.round(random.randn(40) + 1.5 * positive, 3)
    cases = [ranking("apart", apart, positive),
             ranking("ties", numpy.round(apart), positive),
             ranking("few values", numpy.round(apart / 3), positive),
             ranking("all equal", numpy.zeros(12), [1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]),
             ranking("perfect", [1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 1, 1]),
             ranking("reversed", [6, 5, 4, 3, 2, 1], [0, 0, 0, 0, 1, 1])]
    codes = numpy.round(random.randn(30, 4) @ numpy.array(
        [[2, 0, 0, 0], [1, 0.5, 0, 0], [0, 0.3, 1, 0], [0.5, 0, 0, 0.1]]), 3) + 3
    queries = numpy.round(random.randn(6, 4) * 2, 3) + 3
    # A column twice, and fewer codes than coordinates: their covariance has no inverse.
    twice = numpy.concatenate([codes, codes[:, :1]], 1)
    shapes = [distances("regular", codes, queries),
              distances("a column twice", twice, numpy.concatenate([queries, queries[:, :1] + 1], 1)),
              distances("few codes", codes[:3], queries)]
    values = numpy.round(random.randn(11), 3)
    quantiles = {"values": values.tolist(), "shares": [0, 0.1, 0.5, 0.93, 0.95, 1],
                 "result": numpy.quantile(values, [0, 0.1, 0.5, 0.93, 0.95, 1]).tolist()}
    document = {"made_by": "tests/golden/make_anomaly.py", "sklearn": sklearn.__version__,
                "numpy": numpy.__version__, "ranking": cases, "mahalanobis": shapes, "quantiles": quantiles}
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[")
                  .replace(" ]", "]"), json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / "anomaly.json").write_text(text)


if __name__ == "__main__":
    main()
