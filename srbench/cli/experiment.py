"""``srbench experiment``: small studies that show why something is so."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.progress import Bar, Progress, progress
from srbench.cli.shell import MOST_THREADS, err, handled, out
from srbench.errors import UnknownNameError
from srbench.files import writing_into

if TYPE_CHECKING:
    from srbench.experiments.corners.study import Study

NAMES = ("corners",)
OTHER = "choose another --out"


@handled
def command(
    name: Annotated[str, typer.Argument(help="Which experiment: corners.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the picture and the numbers.")] = Path("corners"),
    steps: Annotated[int, typer.Option(help="Training steps; the GAN takes thrice, the VAE twice as many.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of initial weights, batches and outputs.")] = 0,
    threads: Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="Processor threads.")] = 1,
) -> None:
    """Run a small experiment that shows why something is so (docs/experiments.md).

    corners: one input, two equally right answers. Trains five networks on it, in a few minutes on a processor, measures
    them, and writes corners.png and corners.json.

    Examples:

      srbench experiment corners

      srbench experiment corners --out results/corners --seed 1 --steps 1000
    """
    if name not in NAMES:
        raise UnknownNameError("experiment", name, NAMES)
    _check_folder(folder)
    import torch

    from srbench.experiments.corners import study, task
    from srbench.experiments.corners.picture import write_picture
    from srbench.experiments.corners.record import write_record
    from srbench.randomness import checked_seed

    torch.set_num_threads(threads)
    digits = task.load_digits()
    with progress(err(), transient=False) as shown:
        result = study.run(digits, steps, checked_seed(seed), _Networks(shown))
    picture, record = folder / "corners.png", folder / "corners.json"
    with writing_into(folder, OTHER):
        write_picture(picture, result, digits.held_out)
        write_record(record, result)
    _print(result)
    for path in (picture, record):
        out().print(str(path), markup=False, soft_wrap=True)


def _check_folder(folder: Path) -> None:
    """Before minutes of training, not after."""
    with writing_into(folder, OTHER):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only")


def _print(study: Study) -> None:
    from rich.table import Table

    console = out()
    inputs = len(next(iter(study.outputs.values())))
    title = f"corners: {inputs} held-out digits, {study.steps} training steps, seed {study.seed}"
    table = Table(title=title, title_justify="left")
    table.add_column("network")
    for column in ("clean", "top left", "both corners", "ghost", "distance", "MSE", "bits an image"):
        table.add_column(column, justify="right")
    for row in study.rows:
        bits = "" if row.bits is None else f"{'at most ' if row.bound else ''}{row.bits:.2f}"
        corner = "" if row.top_left is None else f"{row.top_left:.1%}"
        parts = (f"{row.clean:.1%}", corner, f"{row.both:.1%}", f"{row.ghost:.3f}", f"{row.distance:.3f}")
        table.add_row(row.title, *parts, f"{row.mse:.4f}", bits)
    console.print(table)
    best = study.best
    for line in (
        "clean: outputs that are one answer, whole and alone; top left: the clean ones' share in that corner; both "
        "corners: inputs that got both answers",
        "ghost: mass in the other corner; distance: to the nearer answer; both as parts of the digit's mass",
        f"by arithmetic, bits: at least {best['independent_bits']:.2f} for independent pixels, "
        f"{best['joint_bits']:.2f} for whole images",
        f"by arithmetic, MSE: {best['mean_mse']:.4f} for the mean of the answers, {best['guess_mse']:.4f} for one of "
        "them by a coin",
    ):
        console.print(line, markup=False, soft_wrap=True)


class _Networks:
    """Shows the training of each network."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar: Bar | None = None

    def begin(self, title: str, steps: int) -> None:
        self._bar = self._progress.bar(title, steps, unit="steps", line=_line)

    def step(self, step: int, loss: float) -> None:
        if self._bar is not None:
            self._bar.update(step, facts=lambda: f"loss {loss:.3f}", at_once=step == self._bar.total)


def _line(bar: Bar) -> str:
    return f"{bar.title}: step {bar.done}/{bar.total}, {bar.facts}"
