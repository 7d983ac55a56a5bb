"""``srbench compare``: two methods against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import deliver, handled, parse_scales, split
from srbench.errors import SrbenchError
from srbench.files import safe_name

if TYPE_CHECKING:
    from srbench.results.head_to_head import HeadToHead

FORMATS = ("table", "markdown", "html", "json")


@handled
def command(
    a: Annotated[str, typer.Argument(help="A method, as tables show it.")],
    b: Annotated[str, typer.Argument(help="The method it is set against.")],
    results: Annotated[Path, typer.Option(help="The results folder.")] = Path("results"),
    with_: Annotated[
        Path | None, typer.Option("--with", help="The results folder of the second method, if it is another.")
    ] = None,
    metrics: Annotated[list[str] | None, typer.Option(help="Only these metrics: psnr,ssim.")] = None,
    datasets: Annotated[list[str] | None, typer.Option(help="Only these datasets: set5,set14.")] = None,
    scale: Annotated[str, typer.Option(help="Only these scales: 4, or 2,3,4.")] = "",
    format: Annotated[str, typer.Option(help="table, markdown, html or json.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(help="File to write. Default: RESULTS/A_against_B.html for html, else the terminal."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Set two methods against each other, image by image: is the first better, by how much, and is it certain?

    By every metric that both have, on each dataset and on all of them together: the difference with its interval and
    p-value, images won and lost, and what differs between the two (weights, code, versions, device). What one of the
    two lacks is left out, and said. It is no gate: the exit code is 0 whoever wins (srbench check judges).

    Examples:

      srbench compare mine edsr

      srbench compare mine edsr --metrics psnr,lpips --scale 4

      srbench compare edsr edsr --results results-before --with results-after

      srbench compare mine edsr --format markdown --output comparison.md

      srbench compare mine edsr --format html --open
    """
    if format not in FORMATS:
        raise SrbenchError(f"unknown format '{format}'", f"use one of {', '.join(FORMATS)}")
    if format == "table" and output is not None:
        raise SrbenchError("--output does not go with table", "use --format markdown, or redirect the terminal")
    if open_ and format != "html":
        raise SrbenchError("--open shows the HTML page only", "use --format html, or leave out --open")

    from srbench.cli.installed import Installed
    from srbench.results import contestant, head_to_head

    only = head_to_head.Only(split(metrics or ()), split(datasets or ()), parse_scales(scale) if scale else ())
    sides = contestant.load(results, a, Installed()), contestant.load(with_ or results, b, Installed())
    found = head_to_head.compare(*sides, only)
    if format == "table":
        from srbench.cli.versus import print_versus

        print_versus(found)
        return
    if format == "html":
        output = output or results / f"{safe_name(a)}_against_{safe_name(b)}.html"
    deliver(_text(found, format), output, open_)


def _text(found: HeadToHead, format: str) -> str:
    if format == "html":
        from srbench.report.versus_page import render

        return render(found)
    from srbench.report import versus

    return versus.to_markdown(found) if format == "markdown" else versus.to_json(found)
