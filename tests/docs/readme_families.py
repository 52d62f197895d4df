#!/usr/bin/env python3
"""The README's table of families is what the program prints: readme_families.py PROGRAM README

    readme_families.py --self-test     a missing marker and another table are noticed
"""
import subprocess
import sys
from pathlib import Path

BEGIN, END = "<!-- families -->\n", "<!-- /families -->\n"


def table_in(text):
    """What stands between the markers, or None when they are not there once each, in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        return None
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


def problem(readme, printed):
    """Why the README is not in order, or None."""
    table = table_in(readme)
    if table is None:
        return f"expected the markers {BEGIN.strip()} and {END.strip()} once each, on lines of their own"
    if not printed.startswith("| family |"):
        return f"expected a table from the program, got:\n{printed}"
    if table.strip() != printed.strip():
        return f"expected between the markers what 'figment list --markdown' prints:\n{printed}\ngot:\n{table}"
    return None


def self_test():
    printed = "| family | it |\n|---|---|\n| `vae` | samples |\n"
    assert problem(f"# x\n{BEGIN}{printed}{END}", printed) is None
    assert "markers" in problem(f"# x\n{printed}", printed)
    assert "markers" in problem(f"{END}{printed}{BEGIN}", printed)
    assert "between" in problem(f"{BEGIN}{printed.replace('vae', 'gan')}{END}", printed)
    assert "from the program" in problem(f"{BEGIN}{END}", "")
    print("self-test: four faulty READMEs noticed, a good one passed")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    program, readme = sys.argv[1:]
    printed = subprocess.run([program, "list", "--markdown"], check=True, capture_output=True, text=True).stdout
    wrong = problem(Path(readme).read_text(encoding="utf-8"), printed)
    if wrong:
        sys.exit(f"{readme}: {wrong}")
    print("the README's table of families is the program's")


if __name__ == "__main__":
    main()
