"""What srbench wants from a machine with a GPU and no network, in one command: CUDA tests, timings, trainings.

At home (in srbench's environment; the folder travels with the checkout, and is at most 64 MiB):

    python docs/scripts/on_a_gpu.py prepare --data T91 --data BSDS400

On the machine (it needs torch, numpy, scipy, pandas, Pillow, scikit-image, safetensors, typer, rich, pytest):

    python docs/scripts/on_a_gpu.py run --minutes 9.5 --out RESULTS

A machine that is lent again for a short while: copy the weights that came back to methods/weights or build/gpu/weights,
from which trainings of the same name start, and take --minutes 4 --parts train.

What comes back, at most 8 files of at most 16 MB: report.json (how each part and each training ended), tests.log,
timings.log, timings.csv, timings.json (every call), and a tar of each group of trainings: weights, cards, learning
curves, logs, and checkpoints where they fit. The list of trainings is docs/scripts/gpu/priority.py.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parents[1]
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

from gpu import output, wheels  # noqa: E402
from gpu.priority import GROUPS, choose  # noqa: E402

PARTS = ("tests", "timings", "train")
TESTS, TIMINGS = 0.1, 0.2  # of all the time: 60 and 120 seconds of ten minutes; trainings have the rest
PACKING = 12.0  # seconds at the end
GRACE = 3.0  # seconds between asking a part to end and killing it


def main() -> None:
    options = arguments()
    if options.command == "prepare":
        from gpu import prepare

        prepare.main(options)
        return
    choose(options.only, options.dry_run)  # a name that is not in the list is an error at once
    report = Run(options).all()
    sys.exit(0 if all(part["status"] == "ok" for part in report["parts"].values()) else 1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser(
        "prepare",
        help="make the folder that travels",
        description="Download the wheels that such a machine lacks and pack training images (at most 28 MB) and the "
        "weights of a content loss. Images are not changed: RGB images that are not JPEG are stored as lossless WebP. "
        "Of those that do not fit some are left out, never one that validates, so that validation PSNR compares with "
        "that of trainings on all images.",
    )
    prepare.add_argument("--data", type=Path, action="append", required=True, help="folder of images; repeat it")
    prepare.add_argument("--python", default="3.12", help="version of Python on the machine")
    run = commands.add_parser("run", help="run on the machine")
    run.add_argument("--minutes", type=float, required=True, help="for everything together")
    run.add_argument("--out", type=Path, default=os.environ.get("OUT"), help="folder for what comes back; default $OUT")
    run.add_argument("--device", help="default: cuda, or cpu with --dry-run")
    run.add_argument("--parts", default=",".join(PARTS), help="some of tests,timings,train")
    run.add_argument("--only", default="", help="trainings by name, separated by commas")
    run.add_argument("--slots", type=int, help="trainings side by side; default: processors less four")
    run.add_argument("--dry-run", action="store_true", help="everything at tiny sizes on a processor, in a minute")
    for command in (prepare, run):
        command.add_argument("--carried", type=Path, default=ROOT / "build" / "gpu", help="the folder that travels")
    options = parser.parse_args()
    if options.command == "run":
        if options.out is None:
            parser.error("give --out or set OUT")
        if unknown := set(options.parts.split(",")) - set(PARTS):
            parser.error(f"no part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
        options.out = Path(options.out)
        if options.out.exists() and any(options.out.iterdir()):
            parser.error(f"'{options.out}' is not empty")
        options.device = options.device or ("cpu" if options.dry_run else "cuda")
        options.slots = options.slots or max(1, (os.cpu_count() or 1) - 4)
    return options


class Run:
    """The parts, each a process with a log; whatever one of them does, the others go on and all is handed back."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.out = options, options.out
        self.start = time.time()
        self.end = self.start + 60 * options.minutes - PACKING
        self.work: Path = options.carried / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.out.mkdir(parents=True, exist_ok=True)
        self.parts: dict[str, dict[str, Any]] = {}
        site = options.carried / "site"
        carried = os.pathsep.join(filter(None, (str(options.carried / "weights"), os.environ.get("SRBENCH_WEIGHTS"))))
        path = os.pathsep.join(map(str, (SCRIPTS, ROOT, site)))
        self.env = os.environ | {"PYTHONPATH": path, "SRBENCH_WEIGHTS": carried, "PYTHONUNBUFFERED": "1"}
        self.env["SRBENCH_CACHE"] = str(self.work / "cache")
        if options.dry_run:
            self.env["OMP_NUM_THREADS"] = "1"  # tiny tensors: threads cost more than they bring

    def all(self) -> dict[str, Any]:
        """Run the parts that were asked for and return the report, which is written too."""
        wanted = self.options.parts.split(",")
        seconds = 60 * self.options.minutes
        self.guard("wheels", self.install)
        trainings = self.guard("train", self.trainings) if "train" in wanted else None
        if "tests" in wanted:
            self.guard("tests", lambda: self.part("tests", self.tests(), TESTS * seconds))
        if "timings" in wanted:
            self.guard("timings", lambda: self.part("timings", self.timings(), TIMINGS * seconds))
        if trainings is not None:
            (self.work / "go").touch()
            self.guard("train", lambda: self.wait("train", trainings, self.end))
        return self.hand_back()

    def guard(self, name: str, step: Any) -> Any:
        """Call ``step``; an exception is the end of the part ``name`` alone."""
        try:
            return step()
        except Exception as error:
            self.parts[name] = {"status": "failed", "summary": f"{type(error).__name__}: {error}"}
            return None

    def install(self) -> None:
        """Install the carried wheels of what is not there, into a folder of its own."""
        missing = wheels.missing(self.options.carried / "wheels")
        if missing:
            target = ["--target", str(self.options.carried / "site"), "--upgrade"]
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", *target]
            self.part("wheels", [*command, *map(str, missing)], 60)

    def tests(self) -> list[str]:
        """The files with CUDA tests alone are collected: the others may need what is not there."""
        files = [str(p) for p in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.cuda" in p.read_text("utf-8")]
        # Another version of torch may warn where the one of the tests does not.
        return [sys.executable, "-m", "pytest", "-m", "cuda", "-v", "-p", "no:cacheprovider", "-W", "default", *files]

    def timings(self) -> list[str]:
        dry = self.options.dry_run
        size, calls, seconds = (("4", "4"), 1, 0.0) if dry else (("320", "180"), 100, 0.7)
        until = time.time() + TIMINGS * 60 * self.options.minutes - GRACE
        command = [sys.executable, "-m", "gpu.timings", "--device", self.options.device, "--size", *size]
        command += ["--calls", str(calls), "--seconds", str(seconds)]
        return [*command, "--until", str(until), "--out", str(self.out)]

    def trainings(self) -> subprocess.Popen[bytes]:
        """Start what trains; it reads images until the file ``go`` is there."""
        options = self.options
        command = [sys.executable, "-m", "gpu.trainings", "--device", options.device, "--work", str(self.work)]
        command += ["--archive", str(options.carried / "images.tar"), "--go", str(self.work / "go")]
        command += ["--end", str(self.end), "--slots", str(options.slots), "--only", options.only]
        return self.launch("train", command + (["--dry-run"] if options.dry_run else []))

    def part(self, name: str, command: list[str], seconds: float) -> None:
        """Run a part to its end, for at most ``seconds``, and no longer than there is time."""
        self.wait(name, self.launch(name, command), min(time.time() + seconds, self.end))

    def launch(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        print(f"{name}: started at {time.time() - self.start:.0f} s", flush=True)
        with (self.work / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def wait(self, name: str, process: subprocess.Popen[bytes], until: float) -> None:
        """Wait for a part, kill it with all its processes when its time is up, and note how it ended."""
        try:
            process.wait(max(0.0, until - time.time()))
            status = "ok" if process.returncode == 0 else f"failed ({process.returncode})"
        except subprocess.TimeoutExpired:
            status = "out of time"
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        finally:
            _signal(process, signal.SIGKILL)  # also what it left behind
            with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may hold it
                process.wait(GRACE)
        ended = round(time.time() - self.start, 1)
        summary = output.last_line(self.work / f"{name}.log")
        self.parts[name] = {"status": status, "ended_at_seconds": ended, "summary": summary}
        print(f"{name}: {status} at {ended:.0f} s: {summary}", flush=True)

    def hand_back(self) -> dict[str, Any]:
        """Logs, one tar for each group of trainings, and the report; what is too large is left out and named."""
        left_out: list[str] = []
        for name in ("tests", "timings"):
            log = self.work / f"{name}.log"
            if log.is_file():
                (self.out / log.name).write_bytes(output.tail(log, output.LOG))
        trainings = self.guard("pack", self.statuses) or {}
        for group in GROUPS:
            names = [t.name for t in choose("", False) if t.group == group and t.name in trainings]
            if names:
                folders, target = [self.work / name for name in names], self.out / f"{group}.tar"
                left_out += self.guard("pack", lambda f=folders, t=target: output.bundle(t, f)) or []
        report = {
            "seconds": round(time.time() - self.start, 1),
            "options": {key: str(value) for key, value in vars(self.options).items()},
            "python": platform.python_version(),
            "parts": self.parts,
            "train_log": output.tail(self.work / "train.log", 4000).decode(errors="replace").splitlines()
            if (self.work / "train.log").is_file()
            else [],
            "trainings": trainings,
            "left_out": left_out,
        }
        report["too_large"] = output.hold_limits(self.out, keep="report.json")
        (self.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return report

    def statuses(self) -> dict[str, Any]:
        """How each training ended, the last line of its log, and its validation PSNR."""
        path = self.work / "trainings.json"
        found = json.loads(path.read_text()) if path.is_file() else {}
        result = {}
        for name, status in found.items():
            cards = [json.loads(w.with_suffix(".json").read_text()) for w in output.exported(self.work / name)]
            psnr = cards[0]["validation_psnr"] if cards else None
            summary = output.last_line(self.work / name / "train.log")
            result[name] = {"status": status, "validation_psnr": psnr, "summary": summary}
        return result


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    main()
