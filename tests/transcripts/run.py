#!/usr/bin/python3
"""Replays command-line sessions and compares what they print.

A session is a text file that reads like a terminal:

    # A comment.
    $ figment train missing.toml
    figment: [missing.toml] expected a recipe file (TOML), got nothing there
    [exit 2]

After each command follows what it prints, stdout and stderr as they come, and its exit status where
that is not 0. "..." stands for anything within a line; a line of only "..." for any lines. A
command may be any line of bash; all of a session run in one empty temporary folder.

    run.py --figment build/release/figment FILE...           replays and compares
    run.py --figment build/release/figment --record FILE...  prints the session as it is now, with
                                                             what varies between machines as "..."
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TIMEOUT_S = 240  # of one command


class Command:
    def __init__(self, line, number):
        self.line, self.number, self.comments, self.expected = line, number, [], []


def read_session(path):
    """The commands of a file, each with the comments before it and the lines expected after it."""
    commands, comments = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            comments.append(line)
        elif line.startswith("$ "):
            commands.append(Command(line[2:], number))
            commands[-1].comments, comments = comments, []
        elif commands and not comments:
            commands[-1].expected.append(line)
        elif line:
            sys.exit(f"{path}:{number}: expected a comment or '$ command' before '{line}'")
    if not commands:
        sys.exit(f"{path}: expected at least one '$ command'")
    for command in commands:
        while command.expected and not command.expected[-1]:
            command.expected.pop()
    return commands


def pattern_of(lines):
    """Expected lines as a regular expression over the whole output."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(text) for text in line.split("...")) + r"\n")
    return re.compile("".join(parts) + r"\Z")


def environment(figment, folder):
    env = {name: value for name, value in os.environ.items() if not name.startswith("FIGMENT_")}
    env["PATH"] = f"{figment.parent}:/usr/bin:/bin"
    env["FIGMENT_DATA"] = str(folder / "no_data")  # what the machine holds must not matter
    env["TERM"], env["LC_ALL"] = "dumb", "C.UTF-8"
    return env


def run(command, folder, env):
    """All that it prints but empty lines at the end, then "[exit N]" where N is not 0."""
    done = subprocess.run(["/bin/bash", "-c", command], cwd=folder, env=env, timeout=TIMEOUT_S,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "replace")
    if text and not text.endswith("\n"):
        text += "(no newline at the end)\n"
    text = text.rstrip("\n") + "\n" if text.strip("\n") else ""
    return text + (f"[exit {done.returncode}]\n" if done.returncode != 0 else "")


def generalised(text):
    """What a machine prints, without what differs on the next."""
    text = re.sub(r"-?\d+\.\d+(e[-+]\d+)?|\b-?nan\b", "...", text)
    return re.sub(r"\d+ examples/s", "... examples/s", text)


def replay(path, figment, record):
    failed = 0
    with tempfile.TemporaryDirectory(prefix="figment-transcript-") as name:
        folder = pathlib.Path(name)
        env = environment(figment, folder)
        for command in read_session(path):
            start = time.monotonic()
            got = run(command.line, folder, env)
            if record:
                if command.comments:
                    print("\n" + "\n".join(command.comments))
                print(f"$ {command.line}")
                print(generalised(got), end="")
            elif not pattern_of(command.expected).match(got):
                failed += 1
                print(f"{path}:{command.number}: $ {command.line}\n--- expected")
                print("".join(line + "\n" for line in command.expected) + "--- got\n" + got)
            if os.environ.get("TRANSCRIPT_TIMES"):
                print(f"{time.monotonic() - start:6.2f} s  {command.line}", file=sys.stderr)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figment", required=True, type=pathlib.Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("sessions", nargs="+", type=pathlib.Path, metavar="FILE")
    given = parser.parse_args()
    figment = given.figment.resolve()
    if not os.access(figment, os.X_OK):
        sys.exit(f"{figment}: expected the program figment; build it first")
    failed = sum(replay(path, figment, given.record) for path in given.sessions)
    if failed:
        sys.exit(f"{failed} command{'s' if failed != 1 else ''} printed something else")


if __name__ == "__main__":
    main()
