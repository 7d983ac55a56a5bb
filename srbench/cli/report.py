"""``srbench report``: show what a results folder holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.names import protocol_names
from srbench.cli.shell import deliver, err, handled, parse_scales
from srbench.errors import SrbenchError

if TYPE_CHECKING:
    from srbench.results.choice import Choice
    from srbench.results.comparison import Comparison
    from srbench.results.literature import Entry
    from srbench.results.reader import Reader

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
    full_images: Annotated[
        bool, typer.Option("--full-images", help="Write whole images into a folder beside the page too (html).")
    ] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="What B changed against A: results folders, or numbers of runs in RESULTS."),
    ] = None,
    methods: Annotated[list[str] | None, typer.Option(help="Show these methods only.")] = None,
    datasets: Annotated[list[str] | None, typer.Option(help="Show these datasets only.")] = None,
    metrics: Annotated[list[str] | None, typer.Option(help="Show these metrics only.")] = None,
    scale: Annotated[str, typer.Option("--scale", help="Show these scales only, for example 2,4.")] = "",
    protocol: Annotated[
        list[str] | None, typer.Option(help="Show these protocols only: names, or files (.toml).")
    ] = None,
    degradation: Annotated[list[str] | None, typer.Option(help="Show these degradations only.")] = None,
    sort: Annotated[str, typer.Option(help="Order of the methods: value, year or name.")] = "",
    literature: Annotated[
        list[str] | None,
        typer.Option(help="Add what the literature reports of these methods, such as rcan,swinir; never ranked."),
    ] = None,
) -> None:
    """Show what a results folder holds: an HTML leaderboard, a table, CSV, JSON, or tables for papers.

    LaTeX written to a file has the papers that it cites beside it, as .bib.

    Examples:

      srbench report

      srbench report results --format table

      srbench report results --format latex --output table.tex

      srbench report results --format csv --per-image --output scores.csv

      srbench report --format latex --methods edsr,vdsr,mine --metrics psnr,ssim --sort year --output table.tex

      srbench report --format markdown --datasets set5,set14 --literature rcan,swinir

      srbench report --compare results-before results-after

      srbench report results --compare 1 2 --format table

      srbench report results --compare 1 2 --format markdown
    """
    if format not in FORMATS:
        raise SrbenchError(f"unknown format '{format}'", f"use one of {', '.join(FORMATS)}")
    if per_image and format not in ("csv", "json"):
        raise SrbenchError(f"--per-image does not go with {format}", "use --format csv or --format json")
    if open_ and format != "html":
        raise SrbenchError("--open shows the HTML page only", "leave out --format, or --open")
    if full_images and (format != "html" or compare):
        raise SrbenchError("--full-images goes with the HTML leaderboard only", "leave out the other option")
    if compare:
        if format == "latex":
            raise SrbenchError("latex does not go with --compare", "use html, table, markdown, csv or json")
        if per_image:
            raise SrbenchError("--per-image does not go with --compare", "leave out one of the two")
        if any((methods, datasets, metrics, scale, protocol, degradation, sort, literature)):
            raise SrbenchError("--compare compares all that two sides have in common", "leave out the other options")
        _compare(results, compare, format, output, open_)
        return
    if literature and per_image:
        raise SrbenchError("--literature does not go with --per-image", "papers print means: leave out one of the two")
    # Of matrices as small as those of means and tests, threads wait for each other longer than they compute.
    # numpy reads this when it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from srbench.results import literature as printed
    from srbench.results.choice import Choice

    choice = Choice(
        methods=methods or (),
        datasets=datasets or (),
        metrics=metrics or (),
        scales=parse_scales(scale) if scale else (),
        protocols=protocol_names(protocol or ()),
        degradations=degradation or (),
        sort=sort,
    )
    entries = printed.find(literature or ())
    if format == "table":
        if output is not None:
            raise SrbenchError("--output does not go with table", "use --format csv, or redirect the terminal")
        from srbench.cli.tables import print_means

        print_means(results, choice=choice, literature=entries)
        return

    from srbench.cli.installed import Installed
    from srbench.results.leaderboard import per_image as rows_of
    from srbench.results.reader import Reader

    with Reader(results, fallback=Installed()) as reader:
        if entries:
            from srbench.cli.tables import say_unreported

            say_unreported(entries, choice.of(rows_of(reader)))
        if format == "html":
            from srbench.report import html

            output = output or results / "report.html"
            beside = _beside(output) if full_images else None
            page = html.render(reader, full_images=beside, choice=choice, literature=entries)
            text = page.text
        elif format in ("markdown", "latex"):
            text = _for_papers(reader, format, choice, entries, output)
        else:
            from srbench.report import export

            write = export.to_csv if format == "csv" else export.to_json
            text = write(reader, by_image=per_image, choice=choice, literature=entries)
    deliver(text, output, open_)
    if format == "html":
        size = f"{len(text.encode()) / 1e6:.1f} MB"
        err().print(f"tables and plots {page.tables_and_plots:.1f} s, pictures {page.pictures:.1f} s, {size}")


def _for_papers(reader: Reader, format: str, choice: Choice, literature: Sequence[Entry], output: Path | None) -> str:
    """Markdown or LaTeX; beside a LaTeX file the entries of the papers that it cites."""
    from srbench.report.paper_markdown import to_markdown

    if format == "markdown":
        return to_markdown(reader, choice, literature)
    if output is not None and output.suffix == ".bib":
        raise SrbenchError(f"'{output}' is where the papers that the table cites go", "call the table .tex")
    from srbench.report.bib import to_bib
    from srbench.report.paper import methods_cited
    from srbench.report.paper_latex import to_latex

    text, papers = to_latex(reader, choice, literature), to_bib(reader.facts, methods_cited(reader, choice))
    if papers and output is None:
        err().print("note: --output FILE.tex writes the papers that it cites beside it, as FILE.bib", markup=False)
    elif papers and output is not None:
        deliver(papers, output.with_suffix(".bib"))
    return text


def _compare(results: Path, which: tuple[str, str], format: str, output: Path | None, open_: bool) -> None:
    from srbench.cli.installed import Installed
    from srbench.results import comparison

    sides = [comparison.load(results, name, Installed()) for name in which]
    found = comparison.compare(*sides)
    if format == "table":
        if output is not None:
            raise SrbenchError("--output does not go with table", "use --format csv, or redirect the terminal")
        from srbench.cli.versus import print_comparison

        print_comparison(found)
        return
    if format == "html":
        from srbench.report.html import render_comparison

        folder = results if which[1].isdigit() else Path(which[1])
        deliver(render_comparison(found, sides), output or folder / "comparison.html", open_)
        return
    deliver(_compared(found, format), output)


def _compared(found: Comparison, format: str) -> str:
    from srbench.report import changes
    from srbench.results import comparison

    if format == "markdown":
        return changes.to_markdown(found)
    return comparison.to_csv(found) if format == "csv" else comparison.to_json(found)


def _beside(output: Path) -> Path:
    """The folder of whole images that belongs to a page."""
    return output.with_name(f"{output.stem}_images")
