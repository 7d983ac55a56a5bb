"""``srbench explain``: which evaluation settings give those numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.shell import OneScale, State, err, handled, out, parse_scale
from srbench.errors import MethodError, UnknownNameError
from srbench.foreign.contained import PluginError, contained

if TYPE_CHECKING:
    import torch

    from srbench.explain import Answer, Row, Target
    from srbench.method.base import Method


@handled
def command(
    method: Annotated[
        str, typer.Argument(help="A name, a plugin file or a checkpoint, also NAME=FILE, edsr=FILE, 'A@2 > B@2'.")
    ],
    expect: Annotated[
        list[str],
        typer.Option(
            help="The number to find, with the decimals it was printed in. Several that belong together: "
            "x2=37.53/.9587,set14:x2=33.03 (PSNR/SSIM)."
        ),
    ],
    dataset: Annotated[str, typer.Option(help="A dataset's name or a folder, where --expect names none.")] = "set5",
    scale: OneScale = "4",
    metric: Annotated[str, typer.Option(help="psnr or ssim. Default: ssim for numbers up to 1, else psnr.")] = "",
    protocol: Annotated[
        str,
        typer.Option(help="Protocols of your own (.toml) to look for too, by commas."),
    ] = "",
    results: Annotated[Path | None, typer.Option(help="A results folder: its kept images are scored.")] = None,
    state: State = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show; those that fit are all shown.")] = 12,
) -> None:
    """Find the evaluation settings under which a method has given PSNR or SSIM values.

    The method's outputs are scored under all settings in which papers and tools differ: colour space, border,
    rounding, how LR images are made, grey images, SSIM variants, and how the network is fed. One number is often hit by
    several settings; the values of a whole row of a table together say which it was.

    Examples:

      srbench explain bicubic --dataset set5 --scale 4 --expect 28.42

      srbench explain vdsr=./vdsr.pth --expect x2=37.65,x3=33.77,x4=31.45

      srbench explain ./4x_model.pth --expect set5=32.35/.8966,set14=28.73/.7847

      srbench explain srcnn --expect 30.48 --results results
    """
    from srbench.explain.targets import parse

    targets = parse(expect, dataset, parse_scale(scale), metric)
    if results is None:
        names.require_methods([method])
    names.require_device(device)
    names.require_datasets(dict.fromkeys(target.dataset for target in targets))
    from srbench import protocol as protocols

    own = protocols.several(protocol) if protocol else ()

    from srbench import randomness
    from srbench.explain import explain
    from srbench.machine import available_processors, resolve_device
    from srbench.method.plugins import in_state
    from srbench.run.executors.local import single_threaded
    from srbench.run.loaded import yours

    place = resolve_device(device)
    (method,) = in_state([method], state)
    scales = list(dict.fromkeys(target.scale for target in targets))
    try:
        with randomness.kept(place), single_threaded():  # as a run does
            randomness.seed(0, place)
            loaded = _prepared(method, scales, place, required=results is None)
            name = method if loaded is None else loaded.card.name
            for line in [] if loaded is None else yours([loaded]):
                err().print(f"note: {line}", markup=False)
            workers = available_processors() if place.type == "cpu" else 1
            answer = explain(loaded, name, targets, results=results, threads=workers, protocols=own)
    except PluginError as error:
        raise MethodError(f"method '{method}' fails: {error}", "see it whole with --debug") from error
    _print(answer, name, max(rows, len(answer.fitting)))
    for line in _verdict(answer):
        err().print(line, markup=False)


def _prepared(name: str, scales: Iterable[float], device: torch.device, *, required: bool) -> Method | None:
    """The method, ready for ``scales``; None if there is none of that name and it is not required.

    Images made elsewhere stand in a results folder under any name.
    """
    from srbench import api
    from srbench.method import plugins
    from srbench.method.base import MethodContext, prepare
    from srbench.method.frames import require_frames
    from srbench.method.variant import Variant

    try:
        if not required:  # the results' images of a name are those of the method of that name
            plugins.require_own_name(name)
        method = Variant().apply(api.load(name))
        context = MethodContext(device)
        with contained():
            require_frames(method.card, 1)  # what is looked for are settings on still images
            for scale in scales:
                method.require_scale(scale)
        for scale in scales:
            prepare(method, scale, context)
    except UnknownNameError:
        if required:
            raise
        err().print(f"note: no method '{name}' here: only its kept images are scored", markup=False)
        return None
    return method


def _verdict(answer: Answer) -> Iterable[str]:
    """Whether settings give the numbers that were asked for, and how sure that is."""
    targets, best, count, tried = answer.targets, answer.best, len(answer.fitting), len(answer.rows)
    several = "both" if len(targets) == 2 else f"all {len(targets)}"
    together = targets[0].text if len(targets) == 1 else f"{several} numbers together"
    if count:
        yield f"{together} is {best.in_words}" if len(targets) == 1 else f"{together}: {best.in_words}"
        if best.alike and not best.feeding:
            where = "at these scales" if len({target.scale for target in targets}) > 1 else "at this scale"
            yield f"{where} {' and '.join(best.alike)} decide{'' if best.alike[1:] else 's'} alike"
        others = f"{count - 1} other{'s' if count > 2 else ''} of the {tried} settings tried"
        if count > 1:
            yield f"{others} give{'' if count > 2 else 's'} {'it' if len(targets) == 1 else 'them'} too, listed above"
        else:
            yield f"none of the {tried - 1} other settings tried gives {'it' if len(targets) == 1 else 'them'}"
        if len(targets) == 1 and (count > 1 or not best.name):
            yield (
                "one number is often hit by chance: give those of other scales, datasets or metrics with it, "
                "--expect x2=...,x3=...,set14:x2=..."
            )
    else:
        nothing = "no setting gives" if len(targets) == 1 else "no one setting gives"
        yield f"{nothing} {together}; the nearest is {_near(answer)}"
        yield from _alone(answer)
        yield "Other weights, other images or self-ensemble may be the cause."
    if answer.feedings:
        yield f"no setting in use fits as the method is fed: {answer.feedings} other ways to feed it were tried too"


def _near(answer: Answer) -> str:
    """The nearest row in numbers, then in words where there are several targets."""
    best = answer.best
    values = [
        f"{value:.{target.decimals}f} ({value - target.value:+.{target.decimals}f})"
        for value, target in zip(best.values, answer.targets, strict=True)
    ]
    return f"{', '.join(values)}: {best.in_words}"


def _alone(answer: Answer) -> Iterable[str]:
    """How many settings fit each of several targets alone."""
    if len(answer.targets) > 1:
        labels = zip(_labels(answer.targets), answer.targets, strict=True)
        alone = [f"{label} {answer.alone(target)}" for label, target in labels]
        yield f"settings that give one of them alone: {', '.join(alone)}"


def _labels(targets: tuple[Target, ...]) -> list[str]:
    """What tells targets apart, each with its printed value: 'x2 37.65', 'set14 x2 SSIM .9124'."""
    several = [len({getattr(target, field) for target in targets}) > 1 for field in ("dataset", "scale", "metric")]
    return [
        " ".join(
            word
            for word, told in zip(
                (Path(t.dataset).name, f"x{t.scale}", t.metric.upper(), t.text), (*several, True), strict=True
            )
            if told
        )
        for t in targets
    ]


def _print(answer: Answer, name: str, rows: int) -> None:
    from rich.table import Table

    from srbench.explain.settings import SPACES

    targets, shown = answer.targets, answer.rows[:rows]
    one, first = len(targets) == 1, targets[0]
    places = dict.fromkeys(target.dataset for target in targets)
    scales = sorted({target.scale for target in targets})
    where = f"{', '.join(places)} {', '.join(f'x{scale}' for scale in scales)}"
    title = f"{name} on {where}" + (f": {first.metric} {first.text}" if one else "")
    table = Table(title=title, title_justify="left")
    grey, ssim, fed = (any(own(row) for row in shown) for own in (_grey, _ssim, lambda row: row.feeding))
    columns = {
        **({"value": None, "difference": None} if one else dict.fromkeys(_labels(targets))),
        **dict.fromkeys(("protocol", "LR images", "measured on", "shave", "rounded")),
        **({"SSIM": None} if ssim else {}),
        **({"grey images": None} if grey else {}),
        **({"sizes": None} if answer.best.setting.cut else {}),
        **({"fed": None} if fed else {}),
    }
    for column in columns:
        table.add_column(column)
    for row in shown:
        setting = row.setting
        table.add_row(
            *_values(row, targets),
            row.name,
            setting.lr,
            SPACES[setting.space],
            str(row.protocol.border(scales[0])) if len(scales) == 1 else setting.shave,
            "yes" if setting.rounded else "no",
            *((setting.ssim,) if ssim else ()),
            *((f"as {setting.grey}",) if grey else ()),
            *((setting.cut,) if setting.cut else ()),
            *((row.feeding.removeprefix("fed ") or "as it says",) if fed else ()),
        )
    out().print(table)


def _grey(row: Row) -> bool:
    return bool(row.setting.grey)


def _ssim(row: Row) -> bool:
    return bool(row.setting.ssim)


def _values(row: Row, targets: tuple[Target, ...]) -> list[str]:
    """Cells: value and difference of one target; of several one cell each."""
    cells = [
        (f"{value:.{target.decimals + 1}f}", f"{value - target.value:+.{target.decimals + 1}f}")
        for value, target in zip(row.values, targets, strict=True)
    ]
    return list(cells[0]) if len(cells) == 1 else [f"{value} ({difference})" for value, difference in cells]
