"""``srbench reproduce``: published values, measured again."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.shell import err, handled, out, parse_scales, split
from srbench.errors import SrbenchError
from srbench.wording import counted

if TYPE_CHECKING:
    from srbench.reproduce import Value


@handled
def command(
    methods: Annotated[
        list[str] | None, typer.Argument(help="zoo:NAME (srbench list zoo), or a method with published values.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All checkpoints of the zoo that are on this machine.")] = False,
    datasets: Annotated[list[str] | None, typer.Option(help="Only values on these. Default: all.")] = None,
    scales: Annotated[str, typer.Option(help="Only values at these: 2,3,4. Default: all.")] = "",
    explain: Annotated[bool, typer.Option(help="Look for the setting that gives a value that differs.")] = True,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="Workers; 0: one for each processor.")] = 0,
    out_folder: Annotated[Path, typer.Option("--out", help="The results folder; what it has is not computed.")] = Path(
        "results"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array, one object a value.")] = False,
) -> None:
    """Measure again what is published of a checkpoint, value by value.

    Each value is reproduced (within 0.005 dB, or 0.0005 of SSIM), explained (another evaluation setting gives it, see
    srbench explain), or differs. Exit code 1 if one differs or could not be measured, else 0.

    Examples:

      srbench reproduce zoo:bsrn-x4

      srbench reproduce zoo:vdsr-authors --datasets set5 --json

      srbench reproduce --all --datasets set5
    """
    specs = split(methods or ())
    if every == bool(specs):
        raise SrbenchError("what is to be reproduced?", "give methods, or --all for all of the zoo that is here")
    names.require_device(device)
    names.require_methods(specs)
    wanted_sets = split(datasets or ())
    names.require_datasets(wanted_sets)
    wanted_scales = parse_scales(scales) if scales else ()

    from srbench import zoo
    from srbench.cli.progress import CellProgress, progress
    from srbench.reproduce import Wanted, here, reproduce, summary
    from srbench.run.stopping import sent_signals_interrupt

    if every and not (specs := tuple(here())):
        raise SrbenchError("no checkpoint of the zoo is on this machine", "srbench list zoo, srbench fetch zoo:NAME")
    if every:
        left = len(zoo.checkpoints()) - len(specs)
        err().print(f"note: {counted(left, 'checkpoint')} of the zoo not tried: no file or network here, or no value")
    values: list[Value] = []
    with sent_signals_interrupt(), progress(err()) as shown:
        for spec in specs:
            values += reproduce(
                spec,
                out_folder,
                wanted=Wanted(wanted_sets, wanted_scales),
                device=device,
                threads=threads,
                explained=explain,
                observer=CellProgress(shown),
                command=shlex.join(["srbench", *sys.argv[1:]]),
            )
    if as_json:
        typer.echo(json.dumps([{**asdict(value), "difference": value.difference} for value in values], indent=2))
    else:
        _print(values)
    err().print(f"{counted(len(values), 'published value')}: {summary(values)}", markup=False)
    if not all(value.good for value in values):
        raise typer.Exit(1)


def _print(values: list[Value]) -> None:
    from srbench.cli.widths import Column, fit, show

    console = out()
    columns = [
        Column("method", [value.method for value in values]),
        Column("dataset", [f"{value.dataset} x{value.scale}" for value in values]),
        Column("metric", [value.metric.upper() for value in values]),
        Column("published", [f"{value.published:.{value.decimals}f}" for value in values], number=True),
        Column("measured", [_measured(value) for value in values], number=True),
        Column("verdict", [value.verdict for value in values]),
        Column("protocol", [value.protocol for value in values], 2),
        Column("why", [value.explanation for value in values], sentences=True),
        Column("source", [value.source for value in values], 1, sentences=True),
    ]
    show(console, fit(columns, console.width))


def _measured(value: Value) -> str:
    return "-" if value.measured is None else f"{value.measured:.{3 if value.metric == 'psnr' else 4}f}"
