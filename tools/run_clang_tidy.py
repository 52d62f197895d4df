#!/usr/bin/env python3
"""Runs clang-tidy over every source of the build, two at a time, and remembers what was clean.

    tools/run_clang_tidy.py BUILD [PATTERN]   BUILD has compile_commands.json; only files matching PATTERN

A file that includes LibTorch takes half a minute, nearly all of it spent in LibTorch's headers. So sources of the same
flags are read together, as one file that includes them; what such a file cannot show (an include that is missing, a
function that is not used, a shadow) the ordinary build does. And a clean result is kept under build/lint by a hash of
all that could change it: the source, every header of ours below it, its command and .clang-tidy.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from join_sources import DEFINED, TYPE, names_in

ROOT = Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "lint"
TIDY = "clang-tidy-14"
JOBS = min(2, os.cpu_count() or 1)
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
PLACE = re.compile(r"^(/[^:]+):\d+:\d+: (?:error|warning): .*\[([^\]]*)\]$", re.MULTILINE)


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
    digest.update(repr(flags_of(entry)).encode())
    for file in with_headers(Path(entry["file"]), build):
        digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def names_of(source, patterns=DEFINED):
    return set(names_in(source.read_text(encoding="utf-8").splitlines(), patterns))


def flags_of(entry):
    """Its command without the compiler, the source and the output."""
    words, flags = iter(shlex.split(entry["command"])[1:]), []
    for word in words:
        if word in ("-o", "-c"):
            next(words)
        else:
            flags.append(word)
    return tuple(flags)


def batches(names, ours):
    """Lists of files that can be read as one: same flags and language, and no name defined twice."""
    # A file alone has a type of the name of one in a header; figment::testing hides GoogleTest's namespace.
    of_headers = {name for header in (ROOT / "src").rglob("*.h") for name in names_of(header, [TYPE])}
    keys = {name: (flags_of(ours[name]), Path(name).suffix, "using testing::" in Path(name).read_text(encoding="utf-8"))
            for name in names}
    found = []
    for name in names:
        names_here = names_of(Path(name))
        if names_of(Path(name), [TYPE]) & of_headers:
            found.append((None, names_here, [name]))
            continue
        # Not many more than half of them, so that there is work for two.
        room = max(12, sum(key == keys[name] for key in keys.values()) // JOBS + 1)
        for key, taken, files in found:
            if key == keys[name] and not taken & names_here and len(files) < room:
                taken.update(names_here)
                files.append(name)
                break
        else:
            found.append((keys[name], names_here, [name]))
    return [files for _, _, files in found]


def run_tidy(source, entry, *arguments):
    done = subprocess.run([TIDY, "--quiet", *arguments, str(source), "--", *flags_of(entry)], cwd=entry["directory"],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = [line for line in done.stdout.splitlines() if not line.endswith("warnings generated.")]
    return done.returncode == 0, "\n".join(said)


def tidy(files, ours, build):
    """{file: what was found in it or in a header of ours below it}, empty where it is clean."""
    if len(files) == 1:
        ok, said = run_tidy(files[0], ours[files[0]])
        return {files[0]: "" if ok else said or "clang-tidy failed and said nothing"}
    together = CLEAN / f"together_{hashlib.sha256(repr(files).encode()).hexdigest()[:16]}{Path(files[0]).suffix}"
    together.write_text("".join(f'#include "{file}"\n' for file in files))
    ok, said = run_tidy(together, ours[files[0]], "--checks=-bugprone-suspicious-include",
                        "--extra-arg=-Wno-shadow")
    together.unlink()
    if ok:
        return dict.fromkeys(files, "")
    places = PLACE.findall(said)
    clashing = [f for f in files if any(place == f and "clang-diagnostic-error" in check for place, check in places)]
    if clashing or any("clang-diagnostic-error" in check for _, check in places):
        # An error may be of this file or come from reading it after the others: that shows when it is read alone.
        rest = [f for f in files if f not in clashing]
        half = (len(rest) + 1) // 2
        parts = [[f] for f in clashing] + [part for part in ([rest] if clashing else [rest[:half], rest[half:]]) if part]
        return {name: found for part in parts for name, found in tidy(part, ours, build).items()}
    named = {Path(place).resolve() for place, _ in places}
    return {f: said if not named or named & set(with_headers(Path(f), build)) else "" for f in files}


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
    CLEAN.mkdir(parents=True, exist_ok=True)
    marks = {name: CLEAN / fingerprint(entry, build) for name, entry in ours.items()}
    waiting = [name for name in sorted(ours) if not marks[name].exists()]
    print(f"clang-tidy: {len(ours)} files, {len(ours) - len(waiting)} known to be clean", file=sys.stderr)

    dirty, shown, started = [], set(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        running = [pool.submit(tidy, files, ours, build) for files in batches(waiting, ours)]
        for future in concurrent.futures.as_completed(running):
            results = future.result()
            for name, found in results.items():
                if not found:
                    marks[name].write_text(name + "\n")
                    continue
                dirty.append(name)
                if found not in shown:
                    print(found)
                    shown.add(found)
            print(f"{len(results)} files, {sum(map(bool, results.values()))} not clean "
                  f"({time.monotonic() - started:.0f} s)", file=sys.stderr)
    if dirty:
        names = ", ".join(str(Path(name).relative_to(ROOT)) for name in sorted(dirty))
        sys.exit(f"clang-tidy: {len(dirty)} of {len(ours)} files are not clean, or a header below them: {names}")


if __name__ == "__main__":
    main()
