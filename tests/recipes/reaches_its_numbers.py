"""Trains a recipe and compares what `figment eval` says with what its header claims.

    reaches_its_numbers.py PROGRAM RECIPE

The header has a line such as `# Reached: elbo -101.2, reconstruction_sse 10.3 (test part, seed 1)`.
Every number before the bracket must be met within 1 %. Exit code 77 (skipped) when the data set is not on this machine.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

TOLERANCE = 0.01


def main():
    program, recipe = sys.argv[1:]
    with open(recipe, encoding="utf-8") as file:
        text = file.read()
    line = re.search(r"^# Reached: (.*)$", text, re.MULTILINE)
    if line is None:
        sys.exit(f"{recipe}: expected a header line '# Reached: METRIC NUMBER, ...', found none")
    claims = re.findall(r"\b([a-z][a-z_]+) (-?\d+\.\d+)", line.group(1).split("(")[0])
    if not claims:
        sys.exit(f"{recipe}: expected numbers after '# Reached:', found none")
    environment = dict(os.environ, FIGMENT_OFFLINE="1")
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        trained = subprocess.run([program, "train", recipe, "--out", run], env=environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if trained.returncode == 3:
            print(trained.stderr)
            sys.exit(77)
        if trained.returncode != 0:
            sys.exit(trained.stderr)
        told = subprocess.run([program, "eval", run, "--json"], env=environment, check=True,
                              stdout=subprocess.PIPE, text=True)
    metrics = json.loads(told.stdout)["metrics"]
    wrong = [f"{name}: the header says {claim}, reached {metrics.get(name)}"
             for name, claim in claims
             if name not in metrics
             or abs(metrics[name] - float(claim)) > TOLERANCE * abs(float(claim))]
    if wrong:
        sys.exit(f"{recipe}:\n  " + "\n  ".join(wrong))
    print(f"{recipe}: " + ", ".join(f"{name} {metrics[name]:.4f}" for name, _ in claims))


if __name__ == "__main__":
    main()
