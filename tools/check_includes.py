#!/usr/bin/env python3
"""Checks what a compiler does not: who may include whom, and a few rules of the tree (docs/adr/0002).

    tools/check_includes.py [ROOT]      prints every breach as file:line: sentence; exit 1 if there is one
    tools/check_includes.py --self-test plants a tree of breaches and sees that each is found
"""
import re
import sys
import tempfile
from pathlib import Path

# layer: the layers whose headers it may include. models/NAME may also include its own folder, and no other.
# A test beside the code may also include core/, the helpers of tests/ and model/families.h; one of a family also
# eval/, to hold it against a baseline. figment.h, for programs of others, may include all.
ARROWS = {
    "core": {"core"},
    "kernels": {"kernels"},
    "data": {"core", "kernels", "data"},
    "nn": {"core", "kernels", "nn"},
    "model": {"core", "kernels", "data", "nn", "model"},
    "models": {"core", "kernels", "data", "nn", "model"},
    "train": {"core", "data", "nn", "model", "train"},
    "report": {"core", "data", "model", "train", "report"},
    "eval": {"core", "kernels", "data", "nn", "model", "train", "report", "eval"},
    "apply": {"core", "kernels", "data", "nn", "model", "train", "report", "eval", "apply"},
}
UMBRELLA = Path("src/figment/figment.h")
MAX_LINES = 500
ONE_HOME = {"toml++": re.compile(r"toml\+\+/|toml\.hpp"), "CLI11": re.compile(r"CLI/")}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# One place differentiates and steps: model/optimizer.*. Tests may ask autograd for a reference.
STEPS = re.compile(r"(\.|->)backward\(|torch::optim\b|autograd::backward\b")

# A type at the left margin of a header. Two families with one name would be one type to the linker.
TYPE = re.compile(r"(?:enum class|enum|struct|class) (\w+)(?!\w|\s*;)")


def check_arrow(path, quote, target):
    """Why `path` (relative to the root) may not include `target`, or None."""
    if path.parts[0] == "apps":
        return None
    is_test = path.name.endswith("_test.cc")
    if quote == '"' and not is_test and not target.startswith("figment/"):
        return f'includes "{target}"; write the whole path from src/, "figment/..."'
    if not target.startswith("figment/") or path == UMBRELLA:
        return None
    layer, wanted = path.parts[2], target.split("/")[1]
    if layer not in ARROWS:
        return f"is in no known layer; expected one of {', '.join(ARROWS)}"
    sees_families = layer == "apply" or path.as_posix() == "src/figment/model/family.cc"
    if target == "figment/model/families.h" and not is_test and not sees_families:
        return "includes model/families.h, which only apply/, apps/ and tests may see"
    own = f"figment/models/{path.parts[3]}/" if layer == "models" else None
    seen_by_tests = {"core", "eval"} if layer == "models" else {"core"}
    if wanted in ARROWS[layer] or (is_test and wanted in seen_by_tests) or (own and target.startswith(own)):
        return None
    if layer == wanted == "models":
        return f"includes {target}, of another family; what two families share belongs to nn/ or model/"
    return f"includes {target}, but {layer}/ may include only {', '.join(sorted(ARROWS[layer]))}"


def check(root):
    problems, homes, types = [], {name: [] for name in ONE_HOME}, {}
    tops = [root / top for top in ("src", "apps", "tests", "bench")]
    files = [f for top in tops for f in sorted(top.rglob("*")) if f.suffix in (".h", ".cc")]
    for file in files:
        path = file.relative_to(root)
        lines = file.read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_LINES:
            problems.append(f"{path}:{len(lines)}: has {len(lines)} lines, {MAX_LINES} are the most")
        if path.parts[0] not in ("src", "apps"):
            continue
        may_step = path.name.endswith("_test.cc") or (
            path.parts[:3] == ("src", "figment", "model") and path.stem == "optimizer")
        for number, line in enumerate(lines, 1):
            code = line.split("//")[0] if '"' not in line else line
            if STEPS.search(code) and not may_step:
                problems.append(f"{path}:{number}: steps by hand; only model/optimizer.* may differentiate "
                                "and step (use Optimizer::minimize)")
            type_here = TYPE.match(line) if path.parts[2] == "models" and path.suffix == ".h" else None
            if type_here:
                first = types.setdefault(type_here.group(1), path)
                if first != path:
                    problems.append(f"{path}:{number}: declares {type_here.group(1)}, as {first} does; a name "
                                    "in figment::models belongs to one family")
            found = INCLUDE.match(line)
            if not found:
                continue
            why = check_arrow(path, *found.groups())
            if why:
                problems.append(f"{path}:{number}: {why}")
            for name, pattern in ONE_HOME.items():
                if pattern.match(found.group(2)):
                    homes[name].append((path, number))
    for name, places in homes.items():
        for path, number in places:
            if path.suffix == ".h":
                problems.append(f"{path}:{number}: includes {name} in a header; it belongs to one .cc")
            elif len(places) > 1:
                problems.append(f"{path}:{number}: includes {name}, as {len(places) - 1} other file(s) do; "
                                "it belongs to one .cc")
    return len(files), problems


GOOD = {
    "src/figment/core/config.cc": "#include <toml++/toml.h>\n",
    "src/figment/data/read.cc": '#include "figment/core/error.h"\n#include "figment/kernels/gather.h"\n',
    "src/figment/model/optimizer.cc": "loss.backward();  // the one place\n",
    "src/figment/models/vae/vae.cc": '#include "figment/models/vae/vae.h"\n#include "figment/nn/mlp.h"\n',
    "src/figment/nn/flow_test.cc": "y.sum().backward();\n",
    "src/figment/train/loop_test.cc": '#include "figment/model/families.h"\n',
    "src/figment/kernels/adam_test.cc": '#include "figment/core/text.h"\n#include "golden/golden.h"\n',
    "src/figment/models/vae/vae.h": "class Model;\nenum class Loss { kA };\n",
    "src/figment/models/aae/aae.h": "class Model;\n",
    "src/figment/models/vae/vae_test.cc": '#include "figment/eval/evaluate.h"\n',
    "src/figment/figment.h": '#include "figment/apply/use.h"\n#include "figment/core/error.h"\n',
    "src/figment/nn/words.cc": "// x.backward() is for the optimizer\n",
    "apps/cli/main.cc": '#include <CLI/CLI.hpp>\n#include "figment/model/families.h"\n#include "verbs.h"\n',
    "tests/fine_test.cc": "\n" * MAX_LINES,
}
BAD = {  # file: (text, line, a piece of the sentence)
    "src/figment/core/a.cc": ('\n#include "figment/data/dataset.h"\n', 2, "core/ may include only core"),
    "src/figment/kernels/b.h": ('#include "figment/core/error.h"\n', 1, "kernels/ may include only kernels"),
    "src/figment/train/c.cc": ('# include <figment/models/vae/vae.h>\n', 1, "train/ may include only"),
    "src/figment/apply/d.cc": ('#include "figment/models/vae/vae.h"\n', 1, "apply/ may include only"),
    "src/figment/models/gan/e.cc": ('#include "figment/models/vae/vae.h"\n', 1, "of another family"),
    "src/figment/eval/f.cc": ('#include "figment/model/families.h"\n', 1, "only apply/, apps/ and tests"),
    "src/figment/nn/g.cc": ('#include "../model/model.h"\n', 1, "write the whole path"),
    "src/figment/data/o_test.cc": ('#include "figment/train/loop.h"\n', 1, "data/ may include only"),
    "src/figment/models/vae/p.cc": ('#include "figment/eval/evaluate.h"\n', 1, "models/ may include only"),
    "src/figment/models/wae/q.h": ("enum class Loss { kA };\n", 1, "declares Loss, as src/figment/models/vae"),
    "src/figment/loose.h": ('#include "figment/core/error.h"\n', 1, "is in no known layer"),
    "src/figment/extra/h.cc": ('#include "figment/core/error.h"\n', 1, "is in no known layer"),
    "src/figment/models/vae/i.cc": ("  loss.backward();\n", 1, "steps by hand"),
    "apps/cli/j.cc": ("torch::optim::Adam adam;\n", 1, "steps by hand"),
    "src/figment/data/k.cc": ("#include <toml++/toml.h>\n", 1, "includes toml++, as 1 other"),
    "apps/cli/l.h": ("#include <CLI/App.hpp>\n", 1, "includes CLI11 in a header"),
    "tests/m_test.cc": ("\n" * (MAX_LINES + 1), MAX_LINES + 1, "has 501 lines"),
}


def self_test():
    def plant(root, tree):
        for name, text in tree.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant(root, GOOD)
        count, problems = check(root)
        assert count == len(GOOD) and not problems, problems
        plant(root, {name: bad[0] for name, bad in BAD.items()})
        _, problems = check(root)
        for name, (_, line, piece) in BAD.items():
            found = [p for p in problems if p.startswith(f"{name}:{line}: ")]
            assert len(found) == 1 and piece in found[0], f"{name}: expected '{piece}', got {found}"
        # Beyond the planted ones only the former sole homes of toml++ and CLI11 are named.
        assert len(problems) == len(BAD) + 2, problems
    print(f"self-test: {len(BAD)} planted breaches found, {len(GOOD)} good files passed")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    count, problems = check(root)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    if problems or count == 0:
        sys.exit(f"include check: {len(problems)} breach(es) in {count} files under {root}")
    print(f"include check: {count} files, every arrow is in the table")


if __name__ == "__main__":
    main()
