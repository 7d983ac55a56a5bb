"""``srbench report``: show what a results folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import err, handled
from srbench.errors import SrbenchError

FORMATS = ("html", "table", "csv", "json", "markdown", "latex")


@handled
def command(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    format: Annotated[str, typer.Option(help="html, table, csv, json, markdown or latex.")] = "html",
    per_image: Annotated[
        bool, typer.Option("--per-image", help="One row per image instead of means (csv, json).")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write. Default: RESULTS/report.html for html, else the terminal."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Show what a results folder holds: an HTML leaderboard, a table, CSV, JSON, or tables for papers.

    Examples:

      srbench report

      srbench report results --format table

      srbench report results --format latex --output table.tex

      srbench report results --format csv --per-image --output scores.csv
    """
    if format not in FORMATS:
        raise SrbenchError(f"unknown format '{format}'", f"use one of {', '.join(FORMATS)}")
    if per_image and format not in ("csv", "json"):
        raise SrbenchError(f"--per-image does not go with {format}", "use --format csv or --format json")
    if open_ and format != "html":
        raise SrbenchError("--open shows the HTML page only", "leave out --format, or --open")
    if format == "table":
        if output is not None:
            raise SrbenchError("--output does not go with table", "use --format csv, or redirect the terminal")
        from srbench.cli.tables import print_means

        print_means(results)
        return

    from srbench import export, paper, report
    from srbench.store import Store

    with Store(results) as store:
        if format == "html":
            text = report.render(store)
            output = output or results / "report.html"
        elif format in ("markdown", "latex"):
            text = (paper.to_markdown if format == "markdown" else paper.to_latex)(store)
        else:
            text = (export.to_csv if format == "csv" else export.to_json)(store, by_image=per_image)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SrbenchError(f"cannot write '{output}' ({error.strerror})", "choose another --output") from error
    err().print(f"wrote {output}", markup=False)
    if open_:
        typer.launch(output.resolve().as_uri())
