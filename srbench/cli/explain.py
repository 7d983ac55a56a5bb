"""``srbench explain``: which protocol gives that number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.shell import OneScale, State, err, handled, out
from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.foreign.contained import PluginError, contained

if TYPE_CHECKING:
    import torch

    from srbench.explain import Row
    from srbench.method.base import Method


@handled
def command(
    method: Annotated[str, typer.Argument(help="A method's name, a plugin file or a checkpoint, also as NAME=FILE.")],
    expect: Annotated[str, typer.Option(help="The number to find, with the decimals it was printed in.")],
    dataset: Annotated[str, typer.Option(help="A dataset's name or a folder of images.")] = "set5",
    scale: OneScale = 4,
    metric: Annotated[str, typer.Option(help="psnr or ssim. Default: ssim for numbers up to 1, else psnr.")] = "",
    results: Annotated[Path | None, typer.Option(help="A results folder: its kept images are scored.")] = None,
    state: State = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 12,
) -> None:
    """Find the evaluation settings under which a method has a given PSNR or SSIM.

    The method's outputs are scored under all settings in which papers and tools differ: colour space, border,
    rounding, how LR images are made, grey images, SSIM variants.

    Examples:

      srbench explain bicubic --dataset set5 --scale 4 --expect 28.42

      srbench explain ./4x_model.pth --expect 0.9012

      srbench explain srcnn --expect 30.48 --results results
    """
    value, decimals = _number(expect)
    metric = metric or ("ssim" if value <= 1 else "psnr")
    if metric not in ("psnr", "ssim"):
        raise UnknownNameError("metric", metric, ["psnr", "ssim"])

    if results is None:
        names.require_methods([method])
    names.require_device(device)
    names.require_datasets([dataset])

    from srbench import randomness
    from srbench.explain import explain
    from srbench.machine import resolve_device
    from srbench.method.plugins import in_state
    from srbench.run.executors.local import single_threaded
    from srbench.run.loaded import yours

    place = resolve_device(device)
    (method,) = in_state([method], state)
    try:
        with randomness.kept(place), single_threaded():  # as a run does
            randomness.seed(0, place)
            loaded = _prepared(method, scale, place, required=results is None)
            name = method if loaded is None else loaded.card.name
            for line in [] if loaded is None else yours([loaded]):
                err().print(f"note: {line}", markup=False)
            found = explain(loaded, name, dataset, scale, value, decimals, metric=metric, results=results)
    except PluginError as error:
        raise MethodError(f"method '{method}' fails: {error}", "see it whole with --debug") from error
    _print(found[:rows], f"{name} on {dataset} x{scale}: {metric} {expect}", decimals, metric)
    _print_best(found[0], expect, value, decimals)


def _number(text: str) -> tuple[float, int]:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SrbenchError(f"'{text}' is not a number", "give it as printed, for example --expect 28.42")
    return value, len(text.partition(".")[2].rstrip()) if "e" not in text.lower() else 2


def _prepared(name: str, scale: int, device: torch.device, *, required: bool) -> Method | None:
    """The method, ready for ``scale``; None if there is none of that name and it is not required.

    Images made elsewhere stand in a results folder under any name.
    """
    from srbench import api
    from srbench.method import plugins
    from srbench.method.base import MethodContext, prepare
    from srbench.method.variant import Variant

    try:
        if not required:  # the results' images of a name are those of the method of that name
            plugins.require_own_name(name)
        method = Variant().apply(api.load(name))
        with contained():
            method.require_scale(scale)
        prepare(method, scale, MethodContext(device))
    except UnknownNameError:
        if required:
            raise
        err().print(f"note: no method '{name}' here: only its kept images are scored", markup=False)
        return None
    return method


def _print_best(best: Row, expect: str, value: float, decimals: int) -> None:
    """Whether the nearest setting gives the number that was asked for."""
    if round(best.value, decimals) == value:
        what = best.name or f"{best.nearest}, but {' and '.join(best.departures)}"
        err().print(f"{expect} is {what}", markup=False)
    else:
        err().print(
            f"no setting gives {expect}; the nearest is {best.value:.{decimals}f} ({best.difference:+.{decimals}f}). "
            "Other weights, other images or self-ensemble may be the cause.",
            markup=False,
        )


def _print(found: list[Row], title: str, decimals: int, metric: str) -> None:
    from rich.table import Table

    from srbench.explain import SPACES

    table = Table(title=title, title_justify="left")
    kinds = ("SSIM",) if metric == "ssim" else ()
    grey = any(row.setting.grey for row in found)
    columns = ("value", "difference", "protocol", "LR images", "measured on", "shave", "rounded, clipped")
    for name in (*columns, *kinds, *(("grey images",) if grey else ())):
        table.add_column(name)
    for row in found:
        setting = row.setting
        table.add_row(
            f"{row.value:.{decimals + 1}f}",
            f"{row.difference:+.{decimals + 1}f}",
            row.name,
            setting.lr,
            SPACES[setting.space],
            str(setting.shave),
            "yes" if setting.rounded else "no",
            *((setting.ssim,) if kinds else ()),
            *((f"as {setting.grey}",) if grey else ()),
        )
    out().print(table)
