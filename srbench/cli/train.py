"""``srbench train``: train a method's network by its recipe."""

from __future__ import annotations

import math
import os
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli import names
from srbench.cli.progress import SECONDS, Bar, Progress, progress
from srbench.cli.shell import INTERRUPTED, MOST_THREADS, err, handled, out
from srbench.errors import TrainingError
from srbench.scale import ScaleSet
from srbench.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

    from srbench.training.session import Job
    from srbench.training.trainer import Draw, Outcome, Trainer

PLAIN_EVERY = 30.0  # seconds between lines where there is no terminal


@handled
def command(
    method: Annotated[str, typer.Argument(help="A method that has a recipe, or a plugin's file.")],
    data: Annotated[list[Path], typer.Option("--data", help="Folder of training images; may be repeated.")],
    scale: Annotated[str, typer.Option("--scale", help="Scales, for example 2,3,4.")] = "4",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    max_minutes: Annotated[
        float | None,
        typer.Option(
            help="Train for so many minutes (each training). Alone: as many steps as fit. With --resume or "
            "--set steps=N: a piece of a longer training."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew over a training in the same folder.")] = False,
    init: Annotated[Path | None, typer.Option(help="Start from these weights instead of random ones.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Another of the method's recipes, by name.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="Change the recipe: key=value.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for weights, log and checkpoint.")] = None,
    threads: Annotated[int | None, typer.Option(max=MOST_THREADS, help="Processor threads.")] = None,
) -> None:
    """Train a method's network by the recipe in its file.

    Examples:

      srbench train srcnn --data T91 --data BSDS400

      srbench train fsrcnn --data T91 --max-minutes 10

      srbench train vdsr --data BSDS400 --max-minutes 100 --resume

      srbench train fsrcnn --data T91 --init methods/weights/fsrcnn_x4.safetensors --set learning_rate=0.0005

      srbench train srgan --data DIV2K --init methods/weights/srresnet_x4.safetensors --recipe vgg54
    """
    scales = ScaleSet.parse(scale).whole()
    names.require_device(device)
    names.require_methods([method])

    import torch

    from srbench.method import plugins
    from srbench.training.parts import PartRecipe
    from srbench.training.recipe import FitRecipe, parse_changes
    from srbench.training.session import plan

    if resume and init is not None:
        raise TrainingError("--resume and --init exclude each other", "a checkpoint already holds the weights")
    if resume and force:
        raise TrainingError("--resume and --force exclude each other", "--force begins anew, --resume goes on")
    if max_minutes is not None and not (math.isfinite(max_minutes) and max_minutes >= 0):
        raise TrainingError(f"--max-minutes is a number of minutes, not {max_minutes}", "for example --max-minutes 10")
    if threads is not None:
        torch.set_num_threads(threads)
    console = err()
    notes = Progress(console)
    own = parse_changes(changes or [])
    plugin = plugins.find(method)[0]
    jobs = plan(plugins.instantiate(plugin), data, scales, device, own, output, recipe)
    again = _command(method, data, scale, device, max_minutes, recipe, changes or [], output, threads)
    if not force:
        for job in jobs:
            job.require_unused(again, resume=resume)
    fit = max_minutes is not None and not resume and "steps" not in own
    for job in jobs:
        began = time.monotonic()
        if isinstance(job.recipe, FitRecipe):
            if resume or init is not None or max_minutes is not None:
                raise TrainingError(
                    f"{method} is fitted at once, not in steps", "leave out --resume, --init and --max-minutes"
                )
            _done(console, job.fit(notes))
            _how_to_run(console, job, method)
            continue
        if isinstance(job.recipe, PartRecipe) and init is None and not (resume and job.checkpoint.is_file()):
            kept = ", ".join(job.recipe.frozen)
            raise TrainingError(f"this recipe keeps {kept} as it is, which would be random", "give weights with --init")
        trainer = job.trainer(notes, max_minutes if fit else None)
        if resume and job.checkpoint.is_file():
            trainer.resume()
        elif resume:
            notes.note(f"no checkpoint in '{job.folder}' yet: the training begins")
        if init is not None:
            trainer.init(init)
        elif job.method.starts_from and trainer.step == 0:
            notes.note(
                f"{method} is meant to start from the weights of {job.method.starts_from} (--init FILE), not at random"
            )
        if force:
            job.checkpoint.unlink(missing_ok=True)  # nobody shall go on from it when this training dies young
        left = None if max_minutes is None else max_minutes - (time.monotonic() - began) / 60
        _run(console, trainer, job, left, again)
        _how_to_run(console, job, method)


def _command(
    method: str,
    data: list[Path],
    scale: str,
    device: str,
    max_minutes: float | None,
    recipe: str | None,
    changes: list[str],
    output: Path | None,
    threads: int | None,
) -> str:
    """The command line that goes on with a training, for a shell."""
    words = ["srbench", "train", method, "--scale", scale]
    words += [word for folder in data for word in ("--data", str(folder))]
    words += [word for change in changes for word in ("--set", change)]
    given = {"--recipe": recipe, "--output": output, "--max-minutes": max_minutes, "--threads": threads}
    if device != "auto":
        given["--device"] = device
    for option, value in given.items():
        if value is not None:
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, "--resume"])


def _how_to_run(console: Console, job: Job, method: str) -> None:
    """Say how the weights of a training are run: the last line."""
    places = os.pathsep.join([str(job.folder.resolve()), *filter(None, [os.environ.get("SRBENCH_WEIGHTS")])])
    words = ["srbench", "run", "--methods", method, "--scales", ",".join(map(str, job.scales)), "--datasets", "sample"]
    console.print(f"run it with:\n  SRBENCH_WEIGHTS={shlex.quote(places)} {shlex.join(words)}", markup=False)


def _run(console: Console, trainer: Trainer, job: Job, minutes: float | None, again: str) -> None:
    """Train, and say how it ended; exits if it was interrupted."""
    scales = ", ".join(f"x{s}" for s in trainer.scales)
    recipe, images = trainer.recipe, counted(sum(trainer.patches.images.values()), "image")
    whole = getattr(job.recipe, "steps", recipe.steps)
    fitted = f" (what fits into the time; the recipe has {whole})" if trainer.fitted else ""
    console.print(
        f"{trainer.method.card.title} {scales}: steps {trainer.step} to {recipe.steps}{fitted}, {images}, "
        f"{trainer.device}, {trainer.precision.name}, files in {trainer.folder}",
        markup=False,
    )
    with progress(console, PLAIN_EVERY) as shown, _interruptible(trainer) as interrupted:
        outcome = trainer.run(_Steps(shown, trainer, minutes), minutes, _curve(shown))
    if outcome.finished:
        _done(console, outcome)
        return
    if outcome.weights is not None:
        out().print(f"{outcome.weights}", markup=False, soft_wrap=True)
        console.print(f"weights so far: {counted(outcome.step, 'step')}, validation {outcome.psnr:.3f} dB")
    reason = "interrupted" if interrupted() else "time is up"
    console.print(f"{reason} at step {outcome.step} of {recipe.steps}; go on with:\n  {again}", markup=False)
    if interrupted():
        raise typer.Exit(INTERRUPTED)


def _curve(notes: Progress) -> Draw | None:
    """What draws the learning curve; None without matplotlib, which training does without."""
    try:
        from srbench.report.html.plots import learning_curve
    except ImportError as error:
        notes.note(f"no curve.svg without matplotlib ({error}); log.csv holds the learning curve")
        return None
    return learning_curve


def _done(console: Console, outcome: Outcome) -> None:
    out().print(f"{outcome.weights}", markup=False, soft_wrap=True)
    console.print(f"done: {counted(outcome.step, 'step')}, {outcome.seconds:.0f} s, validation {outcome.psnr:.3f} dB")


@contextmanager
def _interruptible(trainer: Trainer) -> Iterator[Any]:
    """Ctrl-C ends the training after the step in work; a second Ctrl-C at once."""

    def handler(*_: Any) -> None:
        if trainer.stop:
            raise KeyboardInterrupt
        trainer.stop = True

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: trainer.stop
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class _Steps:
    """Shows the steps of a training, or the time where that is what ends."""

    def __init__(self, progress: Progress, trainer: Trainer, minutes: float | None) -> None:
        self._progress, self._trainer = progress, trainer
        self._start = time.monotonic()
        self._timed = minutes is not None
        if minutes is not None:
            self._bar = progress.bar("training", max(1, round(60 * minutes)), 0, SECONDS, self._line)
        else:
            self._bar = progress.bar("training", trainer.recipe.steps, trainer.step, "steps", self._line)
        self._seconds_left = math.inf

    def note(self, text: str) -> None:
        self._progress.note(text)

    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None:
        self._seconds_left = seconds_left
        done = round(time.monotonic() - self._start) if self._timed else step
        self._bar.update(done, facts=lambda: self._facts(step, loss, psnr))

    def _facts(self, step: int, loss: float, psnr: float) -> str:
        facts = [f"step {step}/{self._trainer.recipe.steps}", f"loss {loss:.6f}"]
        if self._trainer.adversary is not None:
            facts.append(f"discriminator right {self._trainer.adversary.accuracy():.0%}")
        if not math.isnan(psnr):
            facts.append(f"validation {psnr:.3f} dB")
        return "  ".join(facts)

    def _line(self, bar: Bar) -> str:
        minutes, seconds = divmod(round(self._seconds_left), 60)
        return f"{bar.facts}  {minutes}:{seconds:02d} left"
