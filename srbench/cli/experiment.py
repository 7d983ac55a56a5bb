"""``srbench experiment``: small studies that show why something is so."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.progress import Bar, Progress, progress
from srbench.cli.shell import MOST_THREADS, err, handled, out, split
from srbench.errors import SrbenchError, UnknownNameError
from srbench.files import writing_into

if TYPE_CHECKING:
    from srbench.experiments.corners.study import Study
    from srbench.experiments.corners.summary import Spread, Summary

OPTIONS = {  # of each experiment, beside --out and --threads
    "corners": ("--steps", "--seed", "--seeds"),
    "burst": ("--data", "--images", "--degradation", "--seed"),
    "cascade": ("--data",),
}
STEPS = 300
OTHER = "choose another --out"
COLUMNS = {  # numbers of a summary: heading, format
    "clean": ("clean", ".1%"),
    "top_left": ("top left", ".1%"),
    "both": ("both corners", ".1%"),
    "ghost": ("ghost", ".3f"),
    "distance": ("distance", ".3f"),
    "mse": ("MSE", ".4f"),
    "bits": ("bits an image", ".2f"),
}


@handled
def command(
    name: Annotated[str, typer.Argument(help="Which experiment: corners, burst or cascade.")],
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the picture and the numbers.", show_default="the experiment's name"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="corners: training steps; the GAN and the VAE take twice as many.", show_default=str(STEPS)),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="corners, burst: seed of all that is drawn at random.", show_default="0")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="corners: repeat with so many seeds, from --seed on: means, and least to greatest.",
            show_default="1",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="burst: a dataset's name or folder; cascade: one or several.", show_default="sample"),
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="burst: so many images of the dataset.", show_default="3")
    ] = None,
    degradation: Annotated[
        str | None,
        typer.Option(
            help="burst: what every frame goes through once it is moved, as a chain.", show_default="down > noise:2"
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="Processor threads.")] = 1,
) -> None:
    """Run a small experiment that shows why something is so (docs/experiments.md).

    corners: one input, two equally right answers. Trains five networks on it, in a few minutes a seed on a processor,
    measures them, and writes corners.png (of the first seed) and corners.json.

    burst: when more frames help, and when they hurt. PSNR of the methods of several frames against the number of frames
    and against the error of the shifts that they are told, in a minute or two; burst.png and burst.json. Run again, it
    goes on where it was stopped.

    cascade: networks one after another, against one network of as many multiply-adds. Measures weights that ship, in
    a few minutes on sample; cascade.png, cascade.json and a results folder, from which it goes on.

    Examples:

      srbench experiment corners

      srbench experiment corners --seeds 3

      srbench experiment corners --out results/corners --seed 1 --steps 1000

      srbench experiment burst

      srbench experiment burst --data set5 --degradation "down:nearest:first"

      srbench experiment cascade

      srbench experiment cascade --data set5,set14
    """
    if name not in OPTIONS:
        raise UnknownNameError("experiment", name, tuple(OPTIONS))
    given = {
        "--steps": steps,
        "--seed": seed,
        "--seeds": seeds,
        "--data": data,
        "--images": images,
        "--degradation": degradation,
    }
    for option, value in given.items():
        if value is not None and option not in OPTIONS[name]:
            raise SrbenchError(f"the experiment '{name}' has no {option}", "leave it out")
    seed = 0 if seed is None else seed
    folder = Path(name) if folder is None else folder
    _check_folder(folder)
    import torch

    from srbench.randomness import checked_seed

    torch.set_num_threads(threads)
    if name == "burst":
        from srbench.cli.burst import run
        from srbench.experiments.burst.study import Settings

        usual = Settings()
        own = replace(
            usual,
            data=data or usual.data,
            images=images or usual.images,
            chain=degradation or usual.chain,
            seed=checked_seed(seed),
        )
        run(folder, own, OTHER)
    elif name == "cascade":
        from srbench.cli import cascade

        cascade.run(folder, () if data is None else split([data]), threads, OTHER)
    else:
        _corners(folder, STEPS if steps is None else steps, seed, 1 if seeds is None else seeds)


def _corners(folder: Path, steps: int, seed: int, seeds: int) -> None:
    from srbench.experiments.corners import study, task
    from srbench.experiments.corners.picture import write_picture
    from srbench.experiments.corners.record import write_record
    from srbench.randomness import checked_seed

    digits = task.load_digits()
    all_seeds = range(checked_seed(seed), checked_seed(seed + seeds - 1) + 1)
    with progress(err(), transient=False) as shown:
        studies = [study.run(digits, steps, one, _Networks(shown, one if seeds > 1 else None)) for one in all_seeds]
    picture, record = folder / "corners.png", folder / "corners.json"
    with writing_into(folder, OTHER):
        write_picture(picture, studies[0], digits.held_out)
        write_record(record, studies)
    _print(studies)
    for path in (picture, record):
        out().print(str(path), markup=False, soft_wrap=True)


def _check_folder(folder: Path) -> None:
    """Before minutes of training, not after."""
    with writing_into(folder, OTHER):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only")


def _print(studies: list[Study]) -> None:
    from rich.table import Table

    from srbench.experiments.corners.summary import summarise

    console, study = out(), studies[0]
    inputs = len(next(iter(study.outputs.values())))
    seeds = f"seed {study.seed}" if len(studies) == 1 else f"seeds {study.seed} to {studies[-1].seed}"
    title = f"corners: {inputs} held-out digits, {study.steps} training steps, {seeds}"
    table = Table(title=title, title_justify="left", show_lines=len(studies) > 1)
    table.add_column("network")
    for column in COLUMNS.values():
        table.add_column(column[0], justify="right")
    for network in summarise(studies):
        table.add_row(network.title, *_cells(network))
    console.print(table)
    best = study.best
    if len(studies) > 1:
        console.print("mean over the seeds, below it the least and the greatest", markup=False, soft_wrap=True)
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


def _cells(network: Summary) -> list[str]:
    """Each number; below it the least and the greatest over the seeds, where they are not the same in print."""
    cells = [_cell(network.numbers[name], form) for name, (_, form) in COLUMNS.items()]
    return [*cells[:-1], f"at most {cells[-1]}" if network.bound else cells[-1]]


def _cell(spread: Spread, form: str) -> str:
    if spread.mean is None:
        return ""
    mean, low, high = (f"{value:{form}}" for value in (spread.mean, spread.low, spread.high))
    return mean if low == high else f"{mean}\n{low} to {high}"


class _Networks:
    """Shows the training of each network; with the seed, unless that is None."""

    def __init__(self, progress: Progress, seed: int | None = None) -> None:
        self._progress = progress
        self._seed = "" if seed is None else f", seed {seed}"
        self._bar: Bar | None = None

    def begin(self, title: str, steps: int) -> None:
        self._bar = self._progress.bar(f"{title}{self._seed}", steps, unit="steps", line=_line)

    def step(self, step: int, loss: float) -> None:
        if self._bar is not None:
            self._bar.update(step, facts=lambda: f"loss {loss:.3f}", at_once=step == self._bar.total)


def _line(bar: Bar) -> str:
    return f"{bar.title}: step {bar.done}/{bar.total}, {bar.facts}"
