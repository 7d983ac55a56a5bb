"""``srbench experiment burst``: measures what is not known yet, prints both curves, draws them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.cli.progress import Bar, Progress, progress
from srbench.cli.shell import err, out
from srbench.files import writing_into

if TYPE_CHECKING:
    from rich.table import Table

    from srbench.experiments.burst.study import Measured, Point, Settings


def run(folder: Path, settings: Settings, hint: str) -> None:
    """Write ``burst.png`` and ``burst.json`` into ``folder``, which is there.

    Points that ``burst.json`` holds of the same study are not measured again.
    """
    from srbench.experiments.burst import study
    from srbench.experiments.burst.picture import write_picture
    from srbench.experiments.burst.record import known, write_record

    chosen = study.chosen()
    methods = {name: method for name, (method, _) in chosen.items()}
    identities = {name: identity for name, (_, identity) in chosen.items()}
    titles = {name: method.card.title for name, method in methods.items()}
    picture, record = folder / "burst.png", folder / "burst.json"
    wanted = study.points(settings, methods)
    there = known(record, settings, identities)
    measured = {point: there[point] for point in wanted if point in there}
    with progress(err(), transient=False) as shown:
        bar = _bar(shown, len(wanted), len(measured))

        def on_point(point: Point, psnr: float) -> None:
            measured[point] = psnr
            with writing_into(folder, hint):
                write_record(record, settings, identities, measured)  # what is measured outlives a kill
            facts = f"{point.method}, {psnr:.2f} dB"
            bar.update(len(measured), facts=lambda: facts, at_once=len(measured) == len(wanted))

        study.measure(settings, methods, [point for point in wanted if point not in measured], on_point)
    with writing_into(folder, hint):
        write_record(record, settings, identities, measured)
        write_picture(picture, settings, titles, measured)
    _print(settings, titles, measured)
    for path in (picture, record):
        out().print(str(path), markup=False, soft_wrap=True)


def _bar(shown: Progress, total: int, done: int) -> Bar:
    return shown.bar(
        "points", total, done, unit="points", line=lambda bar: f"points: {bar.done}/{bar.total}, {bar.facts}"
    )


def _print(settings: Settings, titles: Mapping[str, str], measured: Measured) -> None:
    from srbench.experiments.burst.study import ALONE, SCALE, Point

    console = out()
    frames = {
        name: {float(count): measured.get(Point(name, count, 0.0)) for count in settings.frames}
        for name in titles
        if name != ALONE
    }
    errors = {
        name: {error: measured.get(Point(name, settings.at, error)) for error in settings.errors} for name in frames
    }
    about = (
        f"PSNR in dB, burst > {settings.chain}, x{SCALE}, "
        f"the middle {settings.side}x{settings.side} of {settings.images} images"
    )
    console.print(_table(f"{about} of {settings.data}: by frames, shifts known", frames, titles))
    console.print(_table(f"by error of the shifts in LR pixels, {settings.at} frames", errors, titles))
    alone = measured[Point(ALONE, 1, 0.0)]
    console.print(f"{ALONE} of the target frame alone: {alone:.2f} dB", markup=False, soft_wrap=True)


def _table(title: str, curves: Mapping[str, Mapping[float, float | None]], titles: Mapping[str, str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for at in next(iter(curves.values())):
        table.add_column(f"{at:g}", justify="right")
    for name, curve in curves.items():
        if any(psnr is not None for psnr in curve.values()):
            table.add_row(titles[name], *("" if psnr is None else f"{psnr:.2f}" for psnr in curve.values()))
    return table
