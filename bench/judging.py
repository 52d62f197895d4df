#!/usr/bin/env python3
"""Times `figment compare SET:train SET:test`, and says how much memory it takes, by the number of examples.

    python3 bench/judging.py [--figment PATH] [--set mnist] [--examples 10000 ...] [--threads 2] [KEY=VALUE ...]

The feature network is trained first, unless it is in the cache; that is not timed. A time is that of the whole process,
reading the data included; memory is the most that was resident. KEY=VALUE are settings of the data.

    --runs R           judge each number R times and keep the least time and memory: what the allocator holds in reserve
                       differs by a tenth from run to run
    --most-seconds S   exit 1 if any took longer
    --most-growth B    exit 1 if the memory of the most examples is above that of the fewest by more than B bytes for
                       each further example
    --needs-data       exit 77 unless the set is in $FIGMENT_DATA: nothing is downloaded
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time


def run(command):
    """What it prints, its seconds and the bytes that were resident at most."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: ended with exit code {process.returncode}")
    return text, time.monotonic() - begin, 1024 * usage.ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--figment", default=root / "build/release/figment", type=pathlib.Path)
    parser.add_argument("--set", default="mnist")
    parser.add_argument("--examples", nargs="+", type=int, default=[10000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--most-seconds", type=float)
    parser.add_argument("--most-growth", type=float)
    parser.add_argument("--needs-data", action="store_true")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    given = parser.parse_intermixed_args()
    if given.needs_data and not (pathlib.Path(os.environ.get("FIGMENT_DATA", "/none")) / given.set).exists():
        print(f"{given.set} is not in $FIGMENT_DATA")
        sys.exit(77)

    def compare(n):
        return run([str(given.figment), "compare", f"{given.set}:train", f"{given.set}:test", *given.settings,
                    "-n", str(n), "--threads", str(given.threads), "--json"])

    compare(100)
    found = {}
    for n in sorted(given.examples):
        runs = [compare(n) for _ in range(given.runs)]
        document = json.loads(runs[0][0])
        seconds, memory = min(run[1] for run in runs), min(run[2] for run in runs)
        found[n] = seconds, memory
        print(f"{document['n']:,} against {document['n_reference']:,}: {seconds:.1f} s, {memory / 2**20:.0f} MiB, "
              f"{given.threads} threads; {document['notes']['features']}", flush=True)
    wrong = []
    slowest = max(seconds for seconds, _ in found.values())
    if given.most_seconds is not None and slowest > given.most_seconds:
        wrong.append(f"expected at most {given.most_seconds:g} s, got {slowest:.1f}")
    if len(found) > 1:
        fewest, most = min(found), max(found)
        growth = (found[most][1] - found[fewest][1]) / (most - fewest)
        print(f"memory grows by {growth:.0f} bytes for each further example")
        if given.most_growth is not None and growth > given.most_growth:
            wrong.append(f"expected memory to grow by at most {given.most_growth:g} bytes an example, got {growth:.0f}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
