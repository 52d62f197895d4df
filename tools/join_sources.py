#!/usr/bin/env python3
"""Joins sources into one, so that a compiler instantiates LibTorch's templates once for all of them.

    join_sources.py OUTPUT SOURCE...     writes OUTPUT, unless it is that already
    join_sources.py --self-test

GCC instantiates at the end of every source what the precompiled header left pending, which takes longer than most
of our sources themselves. What two sources call alike in unnamed namespaces is renamed while each is read: by a
macro, after its #include lines, so that nothing but the source's own text is touched. Errors name the source and its
line as before.
"""
import os
import re
import sys

# What is defined at the left margin: a suite of tests, a type, a function or a variable.
TYPE = re.compile(r"(?:class|struct|enum class|enum|using) (\w+)(?= [={:]|$)")
DEFINED = (re.compile(r"TEST\w*\((\w+)"), TYPE, re.compile(r"(?!namespace|using|template|.*\boperator\b)[A-Za-z][^(={;]*?(\w+)\s*[(={\[;]"))
CONSTANT = re.compile(r"\b(k[A-Z]\w*)\s*[={]")
OPENING, CLOSING = "namespace {", "}  // namespace"
TEST = re.compile(r"(TEST|TEST_F|TEST_P|TYPED_TEST|INSTANTIATE_\w+)\(")


def names_in(lines, patterns=DEFINED):
    """What these lines define at the left margin of a namespace: {name: the line}."""
    found = {}
    for line in lines:
        match = next((m for m in (pattern.match(line) for pattern in patterns) if m), None)
        if match and not line[: match.start(1)].endswith("::"):  # not a member
            found[match.group(1)] = line
        if line.startswith("constexpr ") and patterns is DEFINED:
            found.update(dict.fromkeys(CONSTANT.findall(line), line))
    return found


def names_of_headers(root):
    """What headers define: a source of its own may use such a name again, where it includes no such header."""
    found = {}
    for folder, _, files in os.walk(os.path.join(root, "src")):
        for name in files:
            if name.endswith(".h"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found.update(names_in(file.read().split("\n")))
    return found


def unnamed(lines):
    """Numbers of the lines within unnamed namespaces."""
    inside, found = False, []
    for number, line in enumerate(lines):
        if line == OPENING:
            inside = True
        elif line == CLOSING:
            inside = False
        elif inside:
            found.append(number)
    return found


def is_test(lines):
    return any(TEST.match(line) for line in lines)


def named_apart(path, lines, name):
    """A test source, all of which is in one unnamed namespace: that gets a name."""
    first = [i for i, line in enumerate(lines) if line == OPENING]
    last = [i for i, line in enumerate(lines) if line == CLOSING]
    tests = [i for i, line in enumerate(lines) if TEST.match(line)]
    if len(first) != 1 or len(last) != 1 or any(not first[0] < i < last[0] for i in tests):
        sys.exit(f"{path}: expected one '{OPENING}' and one '{CLOSING}', each alone on its line, around all tests")
    out = list(lines)
    out[first[0]] = f"namespace {name} {{"
    return "\n".join(out) + "\n"


def is_member(name, text):
    return re.search(rf"(?:\.|->|::)\s*{name}\b", text) is not None


def renamed(path, lines, clashing, stem, place):
    """The lines with macros, after the last #include, that give `clashing` names of this source alone."""
    if not clashing:
        return "\n".join(lines) + "\n"
    text = "\n".join(lines)
    for name in sorted(clashing):
        if is_member(name, text):
            sys.exit(f"{path}: its '{name}' in an unnamed namespace is also another source's, and a member's name; "
                     "give it a name of its own, so that the two can be compiled together")
    last = max((i for i, line in enumerate(lines) if line.startswith("#include")), default=-1)
    defines = [f"#define {name} {name}_of_{stem}" for name in sorted(clashing)]
    undefines = [f"#undef {name}" for name in sorted(clashing)]
    return "\n".join([*lines[: last + 1], *defines, f'#line {last + 2} "{place}"', *lines[last + 1:], *undefines]) + "\n"


def joined(sources, root):
    texts = {}
    for source in sources:
        with open(source, encoding="utf-8") as file:
            texts[source] = file.read().split("\n")
    headers = names_of_headers(root)
    parts = []
    for number, source in enumerate(sources):
        lines = texts[source]
        place = os.path.relpath(source, root)  # no absolute path: other clones then find it in the compiler cache
        if lines.count(OPENING) != lines.count(CLOSING):
            sys.exit(f"{source}: expected each '{OPENING}' to be closed by '{CLOSING}', alone on its line")
        stem = re.sub(r"\W", "_", os.path.splitext(os.path.basename(source))[0]) + f"_{number}"
        if is_test(lines):
            # Of the whole path: two tests of one program may be called alike, and must not be taken for one.
            body = named_apart(source, lines, re.sub(r"\W", "_", os.path.splitext(place)[0]))
        else:
            own = names_in([lines[i] for i in unnamed(lines)])
            others = [names_in(texts[other]) for other in sources if other != source]
            # Of two aliases for one type there may be two.
            clashing = {name for name, line in own.items() for other in others
                        if name in other and not (line.startswith("using ") and line == other[name])}
            text = "\n".join(lines)
            clashing.update(name for name in own if name in headers and not is_member(name, text))
            body = renamed(source, lines, clashing, stem, place)
        parts.append(f'#line 1 "{place}"\n{body}')
    return "".join(parts)


def self_test():
    lines = ['#include "a.h"', OPENING, "int twice(int x) { return x; }", "constexpr int kA = 1;", CLOSING, "int f() {"]
    assert names_in([lines[i] for i in unnamed(lines)]).keys() == {"twice", "kA"}
    found = names_in(["enum class Kind { kA };", "torch::Tensor made(const T& t) {", "void A::b() {", "namespace x {"])
    assert found.keys() == {"Kind", "made"}, found
    assert not names_in(["bool operator==(const A& a, const A& b) {", "template <class T>", "using testing::slurp;"])
    assert names_in(["constexpr int kA = 1, kB = 2;"]).keys() == {"kA", "kB"}
    out = renamed("a.cc", lines, {"twice"}, "a", "src/a.cc").split("\n")
    assert out[:3] == ['#include "a.h"', "#define twice twice_of_a", '#line 2 "src/a.cc"'] and out[-2] == "#undef twice", out
    test = ['#include "a.h"', OPENING, "TEST(A, B) {}", CLOSING]
    assert named_apart("a_test.cc", test, "a_1").split("\n")[1] == "namespace a_1 {"
    for call in (lambda: renamed("a.cc", [*lines, "x.twice();"], {"twice"}, "a", "a"),
                 lambda: named_apart("a_test.cc", ["TEST(A, B) {}"], "a")):
        try:
            call()
        except SystemExit as error:
            assert "a" in str(error)
        else:
            raise AssertionError("expected to be refused")


def main(output, sources):
    root = os.path.commonpath([os.path.dirname(os.path.abspath(__file__)), *map(os.path.abspath, sources)])
    text = joined(sources, root)
    if os.path.exists(output):
        with open(output, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    elif len(sys.argv) < 3:
        sys.exit(__doc__)
    else:
        main(sys.argv[1], sys.argv[2:])
