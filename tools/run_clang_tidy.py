#!/usr/bin/env python3
"""Runs clang-tidy over every source of the build, two at a time, and remembers what was clean.

    tools/run_clang_tidy.py BUILD [PATTERN]   BUILD has compile_commands.json; only files matching PATTERN

A file that includes LibTorch takes half a minute, so a clean result is kept under build/lint by a hash of all
that could change it: the source, every header of ours below it, its command and .clang-tidy.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def with_headers(source, build):
    """The source and every header of this tree or its build that it reaches, in a fixed order."""
    seen, waiting = set(), [source]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in INCLUDE.findall(file.read_bytes()):
            for folder in (file.parent, ROOT / "src", ROOT, build / "generated"):
                candidate = (folder / os.fsdecode(name)).resolve()
                if candidate.is_file() and (ROOT in candidate.parents):
                    waiting.append(candidate)
                    break
    return sorted(seen)


def fingerprint(entry, build):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    digest.update(entry["command"].encode())
    for file in with_headers(Path(entry["file"]), build):
        digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def tidy(entry, build):
    started = time.monotonic()
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", entry["file"]], cwd=ROOT, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = [line for line in done.stdout.splitlines() if not line.endswith("warnings generated.")]
    return done.returncode == 0, "\n".join(said), time.monotonic() - started


def precompile(build, commands):
    """clang-tidy reads the build's precompiled headers, so they must be there and up to date."""
    wanted = sorted({name for entry in commands
                     for name in re.findall(r"-o (\S+\.pch)", entry["command"])})
    if wanted:
        subprocess.run(["ninja", "-C", str(build), "--quiet", *wanted], check=True)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    build = Path(sys.argv[1]).resolve()
    subprocess.run(["ninja", "-C", str(build), "--quiet", "build.ninja"], check=True)
    commands = json.loads((build / "compile_commands.json").read_text())
    precompile(build, commands)
    pattern = re.compile(sys.argv[2] if len(sys.argv) == 3 else "")
    ours = {e["file"]: e for e in commands
            if ROOT in Path(e["file"]).parents and build not in Path(e["file"]).parents
            and pattern.search(e["file"])}
    clean = ROOT / "build" / "lint"
    clean.mkdir(parents=True, exist_ok=True)
    marks = {name: clean / fingerprint(entry, build) for name, entry in ours.items()}
    waiting = [name for name in sorted(ours) if not marks[name].exists()]
    print(f"clang-tidy: {len(ours)} files, {len(ours) - len(waiting)} known to be clean", file=sys.stderr)

    dirty = 0
    jobs = min(2, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(tidy, ours[name], build): name for name in waiting}
        for number, future in enumerate(concurrent.futures.as_completed(running), 1):
            name = running[future]
            ok, said, seconds = future.result()
            print(f"[{number}/{len(waiting)}] {Path(name).relative_to(ROOT)}: "
                  f"{'clean' if ok else 'NOT clean'} ({seconds:.0f} s)", file=sys.stderr)
            if ok:
                marks[name].write_text(name + "\n")
            else:
                dirty += 1
                print(said)
    if dirty:
        sys.exit(f"clang-tidy: {dirty} of {len(ours)} files are not clean")


if __name__ == "__main__":
    main()
