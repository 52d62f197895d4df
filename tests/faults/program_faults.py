#!/usr/bin/python3
"""The program under what machines do to it: kill -9, signals, damage, full and read-only disks.

    program_faults.py path/to/figment [unittest arguments]

Every broken training, once resumed, must end with the bytes of the one nothing happened to.
FAULT_SEED repeats a series of kills; it is printed.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

FIGMENT = None  # set in main
SEED = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))
TIMEOUT_S = 120  # of one command
EPOCHS = 20
STEPS = EPOCHS * 9  # 270 examples in batches of 32
RECIPE = ["train", "vae", "data.size=300", "data.image_size=12", f"train.epochs={EPOCHS}",
          "train.batch_size=32", "train.log_every=2", "model.coder.hidden=[64]", "--threads", "2"]


def figment(*arguments):
    """A finished command: returncode, stdout, stderr."""
    return subprocess.run([FIGMENT, *map(str, arguments)], capture_output=True, text=True,
                          timeout=TIMEOUT_S)


def start(*arguments):
    return subprocess.Popen([FIGMENT, *map(str, arguments)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def metrics(run):
    """The lines of metrics.jsonl but for the clock; the last may be half written."""
    path = run / "metrics.jsonl"
    text = path.read_text() if path.exists() else ""
    lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def status(run):
    return json.loads((run / "run.json").read_text())


def last(run):
    """The folder of the checkpoint that `last` points to."""
    return run / "checkpoints" / (run / "checkpoints" / "last").read_text().strip()


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def comes_true(process, condition):
    """Waits until the condition holds; false if the process ends before."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            return condition()
        time.sleep(0.005)
    return True


def wait_for(process, condition):
    if not comes_true(process, condition):
        raise AssertionError(f"the training ended too early, with {process.returncode}")


def flip_bit(path, offset):
    data = bytearray(path.read_bytes())
    data[offset % len(data)] ^= 1
    path.write_bytes(data)


class Mount:
    """A tmpfs of a few MiB: really full, really read-only, also for root."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest(f"needs the right to mount a tmpfs: {done.stderr.strip()}")

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="figment-faults-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.shared = pathlib.Path(cls.temporary.name)
        cls.unbroken = cls.shared / "unbroken"
        done = figment(*RECIPE, "--out", cls.unbroken)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        # One that was asked to stop after its third validation at the earliest.
        cls.stopped = cls.shared / "stopped"
        process = start(*RECIPE, "--out", cls.stopped)
        wait_for(process, lambda: cls.validations(cls.stopped) >= 3)
        process.send_signal(signal.SIGINT)
        cls.stopped_code = process.wait(TIMEOUT_S)

    @staticmethod
    def validations(run):
        return sum("validation/loss" in line for line in metrics(run))

    def setUp(self):
        self.folder = self.shared / self.id().split(".")[-1]
        self.folder.mkdir()

    def copy(self, run):
        return pathlib.Path(shutil.copytree(run, self.folder / "run"))

    def expect(self, code, done, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def expect_as_unbroken(self, run):
        self.assertEqual(last(run).name, f"step_{STEPS:08d}")
        expected, found = contents(last(self.unbroken)), contents(last(run))
        self.assertEqual(expected.keys(), found.keys())
        for name, data in expected.items():
            self.assertTrue(data == found[name], f"{run}: {name} differs from the unbroken run's")
        self.assertEqual(metrics(run), metrics(self.unbroken))
        self.assertEqual(status(run)["status"], "finished")
        self.assertEqual([p.name for p in run.rglob(".tmp-*")], [])

    def test_unbroken_run_is_complete(self):
        logged = [line["step"] for line in metrics(self.unbroken) if "train/loss" in line]
        self.assertEqual(logged, list(range(2, STEPS + 1, 2)))
        self.assertEqual(self.validations(self.unbroken), EPOCHS)

    def test_kill_at_any_moment(self):
        chance = random.Random(SEED)
        run, training = self.folder / "run", 0
        for _ in range(6):
            process = start(*RECIPE, "--resume", "--out", run)
            # Half of them while it starts, half soon after it has written something more.
            if chance.random() < 0.5:
                time.sleep(chance.uniform(0.1, 1))
            else:
                have = len(metrics(run))
                comes_true(process, lambda: len(metrics(run)) != have)
                time.sleep(chance.uniform(0, 0.15))
            process.kill()
            if process.wait(TIMEOUT_S) == -signal.SIGKILL:
                training += len(metrics(run)) > 0
        done = figment(*RECIPE, "--resume", "--out", run)
        self.assertEqual(done.returncode, 0, f"FAULT_SEED={SEED}: {done.stderr}")
        self.expect_as_unbroken(run)
        self.assertGreater(training, 0, f"FAULT_SEED={SEED}: never killed while it trained")

    def test_interrupt_saves_and_resumes(self):
        self.assertEqual(self.stopped_code, 130)
        run = self.copy(self.stopped)
        self.assertEqual(status(run)["status"], "interrupted")
        self.assertEqual(last(run).name, f"step_{status(run)['step']:08d}")
        for folder in (run, run / "checkpoints", next((run / "samples").glob("step_*"))):
            (folder / ".tmp-1-1").write_text("what a killed process had begun to write")
        self.expect(0, figment("resume", run))
        self.expect_as_unbroken(run)

    def test_terminate_saves_and_resumes(self):
        run = self.folder / "run"
        process = start(*RECIPE, "--out", run)
        wait_for(process, lambda: len(metrics(run)) >= 1)
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT_S), 143)
        self.assertEqual(last(run).name, f"step_{status(run)['step']:08d}")
        self.expect(0, figment("resume", run))
        self.expect_as_unbroken(run)

    def test_flipped_bit_is_told_and_passed_over(self):
        run = self.copy(self.unbroken)
        flip_bit(last(run) / "model.safetensors", 5000)
        for verb in (["sample", run, "--out", self.folder / "a.png"],
                     ["eval", run, "-n", "10"]):
            self.expect(4, figment(*verb, "--checkpoint", "last"), "model.safetensors", "damaged")
        self.assertFalse((self.folder / "a.png").exists())
        self.expect(0, figment("resume", run), "model.safetensors", "damaged")
        self.expect_as_unbroken(run)

    def test_truncation_is_told_and_passed_over(self):
        run = self.copy(self.stopped)
        damaged = last(run) / "optimizer.all.safetensors"
        os.truncate(damaged, damaged.stat().st_size - 7)
        self.expect(0, figment("resume", run), "optimizer.all.safetensors", "bytes, found")
        self.expect_as_unbroken(run)

    def test_all_damaged_starts_over(self):
        run = self.copy(self.unbroken)
        for step in (run / "checkpoints").glob("step_*"):
            flip_bit(step / "state.json", 100)
        self.expect(0, figment("resume", run), "damaged", "starting from the beginning")
        self.expect_as_unbroken(run)

    def test_second_run_in_a_folder_is_refused(self):
        run = self.folder / "run"
        process = start(*RECIPE, "train.epochs=2000", "--out", run)
        try:
            wait_for(process, lambda: len(metrics(run)) >= 1)
            self.expect(6, figment("resume", run), str(process.pid))
            self.expect(6, figment(*RECIPE, "--out", run), str(process.pid))
            self.assertIsNone(process.poll(), "the first run must not notice")
        finally:
            process.kill()
            process.wait(TIMEOUT_S)

    def test_full_disk_leaves_the_last_checkpoint_whole(self):
        with Mount(self.folder / "disk", "900k") as disk:
            run = disk.folder / "run"
            self.expect(74, figment(*RECIPE, "--out", run), "No space left on device")
            self.expect(0, figment("sample", run, "--checkpoint", "last", "-n", "4", "--out",
                                   self.folder / "a.npy"))
            disk.remount("size=64m")
            self.expect(0, figment("resume", run))
            self.expect_as_unbroken(run)

    def test_read_only_disk(self):
        with Mount(self.folder / "disk", "64m") as disk:
            run = disk.folder / "run"
            shutil.copytree(self.stopped, run)
            disk.remount("ro")
            self.expect(74, figment("resume", run), "Read-only file system")
            self.expect(74, figment(*RECIPE, "--out", disk.folder / "new"), "Read-only file system")
            self.expect(0, figment("sample", run, "-n", "4", "--out", self.folder / "a.npy"))

    def test_divergence_keeps_the_last_checkpoint(self):
        run = self.copy(self.stopped)
        before, name = contents(last(run)), last(run).name
        config = run / "config.toml"
        text, count = re.subn(r"learning_rate = \S+", "learning_rate = 1e30", config.read_text())
        self.assertEqual(count, 1)
        config.write_text(text)
        step = int(name.split("_")[1])
        self.expect(5, figment("resume", run), f"holds the state of step {step}")
        self.assertEqual(status(run)["status"], "diverged")
        self.assertEqual((last(run).name, contents(last(run))), (name, before))
        self.expect(0, figment("sample", run, "--checkpoint", "last", "-n", "4", "--out",
                               self.folder / "a.npy"))

    def test_divergence_before_any_checkpoint(self):
        run = self.folder / "run"
        self.expect(5, figment(*RECIPE, "model.optimizer.learning_rate=1e30", "--out", run),
                    "no checkpoint was saved yet")
        self.assertEqual(status(run)["status"], "diverged")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: program_faults.py path/to/figment [unittest arguments]")
    FIGMENT = os.path.abspath(sys.argv.pop(1))
    print(f"FAULT_SEED={SEED}", file=sys.stderr)
    unittest.main(verbosity=2)
