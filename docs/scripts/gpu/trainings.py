"""Trainings side by side: all read their images at once; so many as there are slots use the device at a time."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpu.images import unpack
from gpu.output import exported
from gpu.priority import Training, choose

EXPORT, KILL = 40.0, 15.0  # seconds before the end at which steps stop, and at which what still runs is killed
SHORTEST = 60.0  # seconds for which it is worth while to start a training
DRY = ("steps=4", "batch=2", "patch=48", "rescale=[1.0]")


@dataclass
class Job:
    """One training's process: waiting for its turn, training, rescuing its checkpoint, or at its end."""

    training: Training
    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    status: str = "waiting"

    @property
    def active(self) -> bool:
        return self.status in ("training", "rescue")

    def launch(self, *more: str) -> None:
        with (self.folder / "train.log").open("ab") as log:
            self.process = subprocess.Popen([*self.command, *more], stdout=log, stderr=subprocess.STDOUT)

    def begin(self, until: float) -> None:
        """Let the process go on to its steps, until the time ``until``."""
        part = self.folder / ".go"
        part.write_text(str(until))
        part.replace(self.folder / "go")
        self.status = "training"

    def look(self) -> None:
        """Note how the process ended, if it did; one that left a checkpoint and no weights gets a second process."""
        code = self.process.poll() if self.process else None
        if code is None:
            return
        if code == 0:
            self.status = "ok" if self.status == "training" else "rescued"
        elif self.status == "training" and (self.folder / "checkpoint.pt").is_file() and not exported(self.folder):
            self.status = "rescue"
            self.launch("--rescue")
        else:
            self.status = f"failed ({code})"

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.status = "killed" if self.active else "no time left"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True)
    parser.add_argument("--archive", type=Path, required=True, help="of training images")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--go", type=Path, required=True, help="a file: once it is there the device may be used")
    parser.add_argument("--end", type=float, required=True, help="in seconds since the epoch")
    parser.add_argument("--slots", type=int, required=True, help="trainings that use the device at a time")
    parser.add_argument("--only", default="")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = choose(options.only, options.dry_run)
    unpack(options.archive, options.work / "images")
    jobs = list(prepared(chosen, options))
    try:
        for job in jobs:
            job.launch()
        while not options.go.is_file() and time.time() < options.end - KILL:
            time.sleep(0.2)
        schedule(jobs, options)
    finally:
        for job in jobs:
            job.kill()
        note(jobs, options.work)
    sys.exit(0 if all(job.status in ("ok", "no time left") for job in jobs) else 1)


def prepared(chosen: list[Training], options: argparse.Namespace) -> Iterator[Job]:
    """A job with its folder for each training."""
    for training in chosen:
        folder = options.work / training.name
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "gpu.worker", training.name, "--device", options.device]
        command += ["--images", str(options.work / "images"), "--folder", str(folder), "--end", str(options.end)]
        command += ["--warm", "1" if options.dry_run else "15"]
        command += [part for change in (DRY if options.dry_run else ()) for part in ("--set", change)]
        yield Job(training, folder, command)


def schedule(jobs: list[Job], options: argparse.Namespace) -> None:
    """Give the slots to the trainings in their order, until all have ended or time is up."""
    begin, last = time.time(), options.end - EXPORT
    while time.time() < options.end - KILL:
        for job in jobs:
            if job.status == "waiting" or job.active:
                job.look()
        free = options.slots - sum(job.active for job in jobs)
        queue = [job for job in jobs if job.status == "waiting"]
        for job in queue[: max(0, free)]:
            if last - time.time() >= SHORTEST:
                share = job.training.share if len(queue) > free else 1.0  # a short one makes room only for another
                job.begin(min(last, time.time() + share * (last - begin)))
        note(jobs, options.work)
        waiting = any(job.status == "waiting" for job in jobs) and last - time.time() >= SHORTEST
        if not waiting and not any(job.active for job in jobs):
            return
        time.sleep(0.5)


def note(jobs: list[Job], work: Path) -> None:
    """How the trainings stand, for the report, also if this process is killed."""
    part = work / f".trainings.{os.getpid()}"
    part.write_text(json.dumps({job.training.name: job.status for job in jobs}))
    part.replace(work / "trainings.json")


if __name__ == "__main__":
    main()
