"""Trains a recipe and compares what `figment eval` says with what its header claims.

    reaches_its_numbers.py PROGRAM RECIPE
    reaches_its_numbers.py --self-test

The header has lines such as

    # Reached: elbo -101.2, reconstruction_sse 10.3 (test part, seed 1)
    # Reached by eval anomaly: auroc 0.97, average_precision 0.95 (test part, seed 1)

The first is asked of `figment eval RUN`, the second of `figment eval RUN anomaly`; there may be several of the latter, and
one may name several metrics. A recipe that was not trained to its end says so instead, and is skipped:

    # Not measured: why

Every number before the bracket must be met within 1 %. Exit code 77 (skipped) when the
data set is not on this machine.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TOLERANCE = 0.01
LINE = re.compile(r"^# Reached(?: by eval ([a-z0-9_ ]+))?: (.*)$", re.MULTILINE)
NOT_MEASURED = re.compile(r"^# Not measured: \S.*$", re.MULTILINE)
CLAIM = re.compile(r"\b([a-z][a-z0-9_]+) (-?\d+\.\d+)")


def claims_of(text):
    """What the header claims: [(words of eval, [(metric, number as written)])]."""
    return [((words or "").split(), CLAIM.findall(rest.split("(")[0])) for words, rest in LINE.findall(text)]


def unmet(claims, metrics):
    """A sentence for each claim that the metrics do not meet."""
    return [f"{name}: the header says {claim}, reached {metrics.get(name)}"
            for name, claim in claims
            if name not in metrics
            or abs(metrics[name] - float(claim)) > TOLERANCE * abs(float(claim))]


def self_test():
    text = ("# A recipe.\n# Reached: elbo -101.2, knn5_accuracy 0.9 (test part; PCA 0.5)\n"
            "# Reached by eval anomaly knn: auroc 0.97 (seed 1)\nfamily = 'x'\n")
    assert claims_of(text) == [([], [("elbo", "-101.2"), ("knn5_accuracy", "0.9")]),
                               (["anomaly", "knn"], [("auroc", "0.97")])], claims_of(text)
    assert claims_of("# It reached: much.\n") == []
    assert NOT_MEASURED.search("# A recipe.\n# Not measured: no time\n") and not NOT_MEASURED.search(text)
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "recipes")
    recipes = glob.glob(os.path.join(folder, "*", "*.toml"))
    assert recipes, folder
    for recipe in recipes:
        with open(recipe, encoding="utf-8") as file:
            header = file.read()
        assert claims_of(header) or NOT_MEASURED.search(header), f"{recipe} says nothing of what it reaches"
    assert unmet([("auroc", "0.97")], {"auroc": 0.979}) == []
    assert len(unmet([("auroc", "0.97"), ("elbo", "-10.0")], {"auroc": 0.95})) == 2


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    program, recipe = sys.argv[1:]
    with open(recipe, encoding="utf-8") as file:
        text = file.read()
    claims = claims_of(text)
    if not claims and NOT_MEASURED.search(text):
        print(f"{recipe}: {NOT_MEASURED.search(text).group()[2:]}")
        sys.exit(77)
    if not claims:
        sys.exit(f"{recipe}: expected a header line '# Reached: METRIC NUMBER, ...', found none")
    if not all(numbers for _, numbers in claims):
        sys.exit(f"{recipe}: expected numbers after '# Reached:', found none")
    environment = dict(os.environ, FIGMENT_OFFLINE="1")
    wrong, reached = [], []
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        trained = subprocess.run([program, "train", recipe, "--out", run], env=environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if trained.returncode == 3:
            print(trained.stderr)
            sys.exit(77)
        if trained.returncode != 0:
            sys.exit(trained.stderr)
        for words, numbers in claims:
            told = subprocess.run([program, "eval", run, *words, "--json"], env=environment, check=True,
                                  stdout=subprocess.PIPE, text=True)
            metrics = json.loads(told.stdout)["metrics"]
            wrong += unmet(numbers, metrics)
            reached += [f"{name} {metrics[name]:.4f}" for name, _ in numbers if name in metrics]
    if wrong:
        sys.exit(f"{recipe}:\n  " + "\n  ".join(wrong))
    print(f"{recipe}: " + ", ".join(reached))


if __name__ == "__main__":
    main()
