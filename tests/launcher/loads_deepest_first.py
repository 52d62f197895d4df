#!/usr/bin/env python3
"""The launcher loads the engine's libraries one by one, and the engine last.

    loads_deepest_first.py PROGRAM ENGINE LIST

The loader itself says what it opens and when a library is ready (LD_DEBUG=files, of glibc).
"""

import os
import re
import subprocess
import sys


def needed(library):
    said = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    return {match[1]: match[2] for match in re.finditer(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE)}


def main():
    program, engine, listed = sys.argv[1:]
    with open(listed, encoding="utf-8") as file:
        names = re.findall(r'"(.+)"', file.read())
    found = needed(engine)
    system = [name for name in found if re.match(r"/(usr/)?lib", found[name])]
    odd = set(names) ^ set(system)
    assert not odd, f"expected the libraries of {engine} in {listed}; on one side only: {odd}"

    said = subprocess.run([program, "list"], env=dict(os.environ, LD_DEBUG="files"), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr[-2000:]
    lines = said.stderr.splitlines()
    opened = next(i for i, line in enumerate(lines) if f"file={engine}" in line)
    ready = {}
    for i, line in enumerate(lines):
        if match := re.search(r"calling init: (\S+)", line):
            ready.setdefault(os.path.realpath(match[1]), i)
    late = [name for name in names if ready.get(os.path.realpath(found[name]), -1) > opened]
    assert not late, f"expected these to be ready before the engine is opened: {late}"

    print(f"{len(names)} libraries, then the engine")


main()
