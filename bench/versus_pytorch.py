#!/usr/bin/env python3
"""Times figment and PyTorch in turn on the same steps, and writes the table of docs/performance.md.

    bench/versus_pytorch.py --figment build/release/figment --python /usr/bin/python3

Ours and theirs run A B A B, each time in a process of its own, with the same threads. PyTorch's threads wait passively,
which is their best on a machine whose BLAS has threads of its own. The ratio is of the medians over the runs; its range
is that of the ratios of neighbouring runs. Nothing else should run meanwhile.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- written by bench/versus_pytorch.py: begin -->", "<!-- end -->"


class Case:
    def __init__(self, name, title, script, recipe, data=None, reference=(), steps=30, loader=False, settings=()):
        self.name, self.title, self.script, self.recipe = name, title, script, recipe
        self.data, self.reference, self.steps, self.loader = data, list(reference), steps, loader
        self.settings = list(settings)  # of ours

    def in_bfloat16(self, theirs=True):
        """The same with products in bfloat16, on both sides or on ours alone."""
        title = f"{self.title}, in bfloat16" + ("" if theirs else " (PyTorch in float32: its GroupNorm refuses)")
        reference = [*self.reference, "--bfloat16"] if theirs else self.reference
        return Case(f"{self.name}-bfloat16", title, self.script, self.recipe, self.data, reference, self.steps,
                    self.loader, ["train.precision=bfloat16"])  # fmt: skip


CASES = [
    Case("vae", "VAE 784-400-20, batch 128", "vae.py", "vae.toml", steps=200),
    Case("vae-loader", "the same against a DataLoader, threads as they come", "vae.py", "vae.toml", steps=100, loader=True),
    Case("autoencoder", "deep autoencoder 784-1000-500-250-30, batch 256", "autoencoder.py", "autoencoder.toml", steps=60),
    Case("dcgan", "DCGAN 32x32, 64 maps, batch 128, D and G", "dcgan.py", "dcgan.toml", steps=8),
    Case("unet", "DDPM U-Net 32x32, base 32, batch 64", "unet.py", "unet.toml", steps=6),
    Case("realnvp-2", "RealNVP of 2 numbers, 8 couplings of 128-128, batch 256", "realnvp.py", "realnvp-2.toml", 2, ["--dim", "2"], 100),
    Case("realnvp-64", "RealNVP of 64 numbers, 8 couplings of 256-256, batch 256", "realnvp.py", "realnvp-64.toml", 64, ["--dim", "64"], 40),
    Case("lstm", "LSTM autoencoder, 128 units, 140 time steps, batch 64", "lstm.py", "lstm.toml", 140, (), 20),
]
CASES += [case.in_bfloat16(theirs=case.name != "unet") for case in CASES if case.name in ("vae", "autoencoder", "dcgan", "unet")]


def noise_table(path, columns, rows=2000):
    draw = random.Random(1)
    with open(path, "w") as file:
        for _ in range(rows):
            file.write(",".join(f"{draw.gauss(0, 1):.6f}" for _ in range(columns)) + "\n")


def last_json(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout[done.stdout.index("{") :])


def ours(asked, case, folder):
    command = [asked.figment, "bench", HERE / "recipes" / case.recipe, *case.settings, "-n", str(case.steps), "--threads", str(asked.threads), "--json", "--quiet"]
    if case.data:
        path = folder / f"noise-{case.data}.csv"
        if not path.exists():
            noise_table(path, case.data)
        command += ["--data", path]
    out = last_json([str(word) for word in command], dict(os.environ))
    stage = out["stages"][0]
    return {
        "seconds": stage["step_seconds"]["median"],
        "operations": stage["operations"],
        "share_of_peak": stage.get("share_of_peak"),
        "phases": stage["phase_seconds"],
        "batch": out["batch_size"],
        "memory": out["peak_memory_bytes"],
        "first_step": out["seconds_to_first_step"],
    }


def theirs(asked, case, threads):
    environment = dict(os.environ)
    command = [asked.python, str(HERE / "pytorch" / case.script), "--steps", str(case.steps), *case.reference]
    if case.loader:
        command.append("--loader")
    else:
        environment["OMP_WAIT_POLICY"] = "passive"
        command += ["--threads", str(threads)]
    out = last_json(command, environment)
    return {
        "seconds": out["median"],
        "memory": out["peak_memory_bytes"],
        "first_step": out["seconds_to_first_step"],
        "threads": out["threads"],
        "torch": out["torch"],
    }


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def measure(asked, case, folder):
    """One case: which of PyTorch's thread counts is its best, then ours and theirs in turn."""
    best = asked.threads
    if not case.loader:
        counts = sorted({1, asked.threads})
        best = min(counts, key=lambda count: theirs(asked, case, count)["seconds"])
    a, b = [], []
    for _ in range(asked.runs):
        a.append(ours(asked, case, folder))
        b.append(theirs(asked, case, best))
    pairs = [y["seconds"] / x["seconds"] for x, y in zip(a, b)]
    result = {
        "title": case.title,
        "figment_seconds": median(a, "seconds"),
        "pytorch_seconds": median(b, "seconds"),
        "ratio": median(b, "seconds") / median(a, "seconds"),
        "ratio_range": [min(pairs), max(pairs)],
        "pytorch_threads": b[0]["threads"],
        "operations": a[0]["operations"],
        "share_of_peak": median(a, "share_of_peak"),
        "examples_per_second": a[0]["batch"] / median(a, "seconds"),
        "figment_memory": median(a, "memory"),
        "pytorch_memory": median(b, "memory"),
        "figment_first_step": median(a, "first_step"),
        "pytorch_first_step": median(b, "first_step"),
        "phases": a[0]["phases"],
        "runs": {"figment": [run["seconds"] for run in a], "pytorch": [run["seconds"] for run in b]},
    }
    print(f"{case.name}: {result['ratio']:.2f} ({min(pairs):.2f}-{max(pairs):.2f})", file=sys.stderr, flush=True)
    return result


def wall(command, environment):
    start = time.perf_counter()
    subprocess.run([str(word) for word in command], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def sampling(asked, folder):
    """DDIM in 50 steps, 64 images: whole processes, start included."""
    run = folder / "unet"
    subprocess.run(
        [asked.figment, "train", str(HERE / "recipes" / "unet.toml"), "train.steps=1", "train.picture_every=0", "data.size=200",
         "model.sampler.kind=ddim", "model.sampler.steps=50", "--threads", str(asked.threads), "--out", str(run), "--quiet"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    passive = dict(os.environ, OMP_WAIT_POLICY="passive")
    a, b = [], []
    for _ in range(asked.runs):
        a.append(wall([asked.figment, "sample", run, "-n", 64, "--threads", asked.threads, "--out", folder / "s.npy"], dict(os.environ)))
        b.append(wall([asked.python, HERE / "pytorch" / "ddim.py", "--threads", asked.threads], passive))
    ratio = statistics.median(b) / statistics.median(a)
    print(f"ddim: {ratio:.2f}", file=sys.stderr, flush=True)
    pairs = [y / x for x, y in zip(a, b)]
    return {"title": "64 images by DDIM in 50 steps, the whole process", "figment_seconds": statistics.median(a),
            "pytorch_seconds": statistics.median(b), "ratio": ratio, "ratio_range": [min(pairs), max(pairs)]}  # fmt: skip


def cpuinfo():
    """The first processor of /proc/cpuinfo, field by field."""
    fields = {}
    for line in open("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields


def cpu_name():
    """With family and model, since a virtual machine may call several generations by one name."""
    fields = cpuinfo()
    if "model name" not in fields:
        return platform.machine()
    return f"{fields['model name']} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"


def multiplies_bfloat16():
    flags = cpuinfo().get("flags", "").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def time_text(seconds):
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(document):
    machine = document["machine"]
    lines = [
        f"{machine['cpu']}, {machine['threads']} threads, LibTorch {machine['libtorch']} in both ({machine['torch']} in Python), "
        f"{document['runs']} runs each in turn, {document['date']}. `figment --help` takes {time_text(document['help_seconds'])}; "
        f"a product of two 1024 x 1024 matrices reaches {machine['product_rate'] / 1e9:.0f} GFLOP/s.",
        "",
        "| a step of | figment | PyTorch | ratio (range) | share of peak | examples/s | memory, MiB | to the first step, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in document["cases"].values():
        low, high = result["ratio_range"]
        row = [result["title"], time_text(result["figment_seconds"]), time_text(result["pytorch_seconds"]),
               f"**{result['ratio']:.2f}** ({low:.2f}-{high:.2f})"]  # fmt: skip
        if "operations" in result:
            row += [f"{100 * result['share_of_peak']:.0f} %", f"{result['examples_per_second']:,.0f}",
                    f"{result['figment_memory'] / 2**20:.0f} / {result['pytorch_memory'] / 2**20:.0f}",
                    f"{result['figment_first_step']:.2f} / {result['pytorch_first_step']:.2f}"]  # fmt: skip
        else:
            row += ["", "", "", ""]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def page_of(results):
    """The newest table of each machine, the newest first."""
    newest = {}
    for path in sorted(results.glob("*.json")):
        document = json.loads(path.read_text())
        newest[document["machine"]["cpu"]] = document
    documents = sorted(newest.values(), key=lambda document: document["date"], reverse=True)
    return "\n\n".join([BEGIN, *(table(document) for document in documents), END])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figment", required=True)
    parser.add_argument("--python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", nargs="*", help="names of cases")
    parser.add_argument("--no-page", action="store_true", help="leave docs/performance.md as it is")
    asked = parser.parse_args()
    names = [case.name for case in CASES] + ["ddim"]
    for name in asked.only or []:
        if name not in names:
            sys.exit(f"expected cases among {', '.join(names)}, got '{name}'")
    doctor = last_json([asked.figment, "doctor", "--json"], dict(os.environ))
    document = {
        "date": datetime.date.today().isoformat(),
        "runs": asked.runs,
        "machine": {"cpu": cpu_name(), "cores": os.cpu_count(), "threads": asked.threads, "system": platform.platform(),
                    "figment": doctor["figment"], "libtorch": doctor["libtorch"],
                    "product_rate": doctor["matrix_product_gflops"] * 1e9,
                    "torch": last_json([asked.python, "-c", 'import json, torch; print(json.dumps({"v": torch.__version__}))'], dict(os.environ))["v"]},
        "help_seconds": statistics.median(wall([asked.figment, "--help"], dict(os.environ)) for _ in range(20)),
        "cases": {},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for case in CASES:
            if not asked.only and case.name.endswith("-bfloat16") and not multiplies_bfloat16():
                print(f"{case.name}: left out, this processor has no instructions for it", file=sys.stderr)
            elif not asked.only or case.name in asked.only:
                document["cases"][case.name] = measure(asked, case, folder)
        if not asked.only or "ddim" in asked.only:
            document["cases"]["ddim"] = sampling(asked, folder)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    name = f"{document['date']}-{''.join(c if c.isalnum() else '-' for c in document['machine']['cpu']).strip('-')}.json"
    if not asked.only:
        (results / name).write_text(json.dumps(document, indent=1) + "\n")
    if not asked.only and not asked.no_page:
        page = PAGE.read_text()
        begin, end = page.index(BEGIN), page.index(END) + len(END)
        PAGE.write_text(page[:begin] + page_of(results) + page[end:])
    print(table(document))


if __name__ == "__main__":
    main()
