"""The command line. One file per command; each parses, calls the library, prints, and is the only place that exits."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer

from srbench.cli import (
    check,
    compare,
    convert,
    degrade,
    drop,
    experiment,
    explain,
    fetch,
    list_,
    merge,
    new_method,
    report,
    reproduce,
    run,
    runs,
    score,
    time_,
    train,
    upscale,
    verify,
)
from srbench.cli.empty import Commands
from srbench.cli.shell import streams
from srbench.version import __version__

app = typer.Typer(
    name="srbench",
    cls=Commands,
    help="Benchmark and evaluate image super-resolution: numbers that agree with the literature.",
    epilog="Start with:  srbench run --methods all   and then   srbench report",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"srbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("run")(run.command)
app.command("report")(report.command)
app.command("compare")(compare.command)
app.command("check")(check.command)
app.command("merge")(merge.command)
app.command("runs")(runs.command)
app.command("drop")(drop.command)
app.command("score")(score.command)
app.command("upscale")(upscale.command)
app.command("degrade")(degrade.command)
app.command("fetch")(fetch.command)
app.command("convert")(convert.command)
app.command("verify")(verify.command)
app.command("train")(train.command)
app.command("explain")(explain.command)
app.command("reproduce")(reproduce.command)
app.command("experiment")(experiment.command)
app.command("time")(time_.command)
app.command("new-method")(new_method.command)
app.command("list")(list_.command)


def main() -> None:
    """Entry point of the ``srbench`` script."""
    try:
        with streams():
            app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):  # what cannot be written would make Python itself end with 120
            os._exit(code)
        # After a second Ctrl-C a thread may still compute: Python itself would wait for it.
        if any(thread.name.startswith("srbench") for thread in threading.enumerate()):
            os._exit(code)
        raise
