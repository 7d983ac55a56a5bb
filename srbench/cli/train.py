"""``srbench train``: train a method's network by its recipe."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli.progress import Bar, Progress, progress
from srbench.cli.shell import INTERRUPTED, err, handled, out, parse_scales
from srbench.errors import TrainingError

if TYPE_CHECKING:
    from rich.console import Console

    from srbench.training.trainer import Draw, Outcome, Trainer

PLAIN_EVERY = 30.0  # seconds between lines where there is no terminal


@handled
def command(
    method: Annotated[str, typer.Argument(help="A method that has a recipe, or a plugin's file.")],
    data: Annotated[list[Path], typer.Option("--data", help="Folder of training images; may be repeated.")],
    scale: Annotated[str, typer.Option("--scale", help="Scales, for example 2,3,4.")] = "4",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    max_minutes: Annotated[float | None, typer.Option(help="Stop cleanly after so many minutes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    init: Annotated[Path | None, typer.Option(help="Start from these weights instead of random ones.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Another of the method's recipes, by name.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="Change the recipe: key=value.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for weights, log and checkpoint.")] = None,
    threads: Annotated[int | None, typer.Option(help="Processor threads.")] = None,
) -> None:
    """Train a method's network by the recipe in its file.

    Examples:

      srbench train srcnn --data T91 --data BSDS400

      srbench train vdsr --data BSDS400 --max-minutes 30 --resume

      srbench train fsrcnn --data T91 --init methods/weights/fsrcnn_x4.safetensors --set learning_rate=0.0005

      srbench train srgan --data DIV2K --init methods/weights/srresnet_x4.safetensors --recipe vgg54
    """
    import torch

    from srbench.method import plugins
    from srbench.training.recipe import FitRecipe, parse_changes
    from srbench.training.session import plan

    if resume and init is not None:
        raise TrainingError("--resume and --init exclude each other", "a checkpoint already holds the weights")
    if threads is not None:
        torch.set_num_threads(threads)
    console = err()
    plugin = plugins.find(method)[0]
    jobs = plan(
        plugins.instantiate(plugin), data, parse_scales(scale), device, parse_changes(changes or []), output, recipe
    )
    for job in jobs:
        if isinstance(job.recipe, FitRecipe):
            if resume or init is not None:
                raise TrainingError(f"{method} is fitted at once, not in steps", "leave out --resume and --init")
            _done(console, job.fit(Progress(console)))
            continue
        trainer = job.trainer(Progress(console))
        if resume:
            trainer.resume()
        elif init is not None:
            trainer.init(init)
        elif job.method.starts_from:
            Progress(console).note(
                f"{method} is meant to start from the weights of {job.method.starts_from} (--init FILE), not at random"
            )
        again = f"srbench train {method} --scale {scale} " + " ".join(f"--data {folder}" for folder in data)
        again += f" --recipe {recipe}" if recipe is not None else ""
        again += "".join(f" --set {change}" for change in changes or []) + " --resume"
        _run(console, trainer, max_minutes, again)


def _run(console: Console, trainer: Trainer, max_minutes: float | None, again: str) -> None:
    scales = ", ".join(f"x{s}" for s in trainer.scales)
    recipe, count = trainer.recipe, sum(trainer.patches.images.values())
    console.print(
        f"{trainer.method.card.title} {scales}: steps {trainer.step} to {recipe.steps}, {count} images, "
        f"{trainer.device}, {trainer.precision.name}, files in {trainer.folder}",
        markup=False,
    )
    with progress(console, PLAIN_EVERY) as shown, _interruptible(trainer) as interrupted:
        outcome = trainer.run(_Steps(shown, trainer), max_minutes, _curve(shown))
    if outcome.finished:
        _done(console, outcome)
        return
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
    console.print(f"done: {outcome.step} steps, {outcome.seconds:.0f} s, validation {outcome.psnr:.3f} dB")


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
    """Shows the steps of a training."""

    def __init__(self, progress: Progress, trainer: Trainer) -> None:
        self._progress, self._trainer = progress, trainer
        self._bar = progress.bar("training", trainer.recipe.steps, trainer.step, "steps", _line)

    def note(self, text: str) -> None:
        self._progress.note(text)

    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None:
        self._bar.update(step, facts=lambda: self._facts(loss, psnr))

    def _facts(self, loss: float, psnr: float) -> str:
        facts = [f"loss {loss:.6f}"]
        if self._trainer.adversary is not None:
            facts.append(f"discriminator right {self._trainer.adversary.accuracy():.0%}")
        if not math.isnan(psnr):
            facts.append(f"validation {psnr:.3f} dB")
        return "  ".join(facts)


def _line(bar: Bar) -> str:
    minutes, seconds = divmod(round(bar.seconds_left), 60)
    return f"step {bar.done}/{bar.total}  {bar.facts}  {minutes}:{seconds:02d} left"
