"""``srbench check``: do the results hold the thresholds?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import handled, out
from srbench.errors import GateError, UnknownNameError
from srbench.files import writing

if TYPE_CHECKING:
    from srbench.gate import Recording, Verdict

INCONCLUSIVE = 3


@handled
def command(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    thresholds: Annotated[Path | None, typer.Option(help="The thresholds file (docs/ci.md).")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write the results to this file as thresholds.")] = None,
    margin: Annotated[
        list[str] | None, typer.Option(help="Of a baseline: METRIC=VALUE, or a value for PSNR. Default: 0.02 dB.")
    ] = None,
    image_margin: Annotated[
        list[str] | None, typer.Option(help="Of a baseline: hold every image too, METRIC=VALUE.")
    ] = None,
    pixels: Annotated[
        str | None, typer.Option(help="Of a baseline: hold the SR pixels; 'identical', or the largest difference.")
    ] = None,
    allow_inconclusive: Annotated[
        bool, typer.Option("--allow-inconclusive", help="A timing that is too noisy is no failure.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Write Markdown for a job summary.")] = None,
    format: Annotated[str, typer.Option(help="text, or github for annotations.")] = "text",
) -> None:
    """Hold the stored results against thresholds, or write a baseline of them.

    Exit code 0 if all hold, 1 if some fall short, 2 if the file or the command line is wrong, 3 if none falls short
    but a timing is inconclusive. What is missing, NaN or over fewer images than planned falls short.

    Examples:

      srbench check --thresholds thresholds.toml

      srbench check results --write-baseline baseline.toml --margin 0.02 --pixels identical

      srbench check results --thresholds baseline.toml --junit gate.xml --summary gate.md --format github
    """
    from srbench import gate
    from srbench.cli.installed import Installed
    from srbench.results.reader import Reader

    if (thresholds is None) == (write_baseline is None):
        raise GateError("nothing to do" if thresholds is None else "two things to do", _ONE_OF)
    if format not in ("text", "github"):
        raise UnknownNameError("format", format, ("text", "github"))
    recording = _recording(margin or [], image_margin or [], pixels)
    if write_baseline is not None:
        with Reader(results, fallback=Installed()) as reader:
            count = gate.write(gate.collect(reader), write_baseline, recording)
        out().print(f"wrote {count} thresholds to {write_baseline}", markup=False, soft_wrap=True)
        return
    assert thresholds is not None
    if margin or image_margin or pixels is not None:
        raise GateError("--margin, --image-margin and --pixels belong to --write-baseline", "write them into the file")
    file = gate.read(thresholds)
    with Reader(results, fallback=Installed()) as reader:
        verdicts = gate.check(gate.collect(reader), file)
    _write_reports(verdicts, junit, summary, allow_inconclusive)
    if format == "github":
        from srbench.gate.formats import github

        typer.echo(github(verdicts, thresholds, allow_inconclusive=allow_inconclusive), nl=False)
    _print(verdicts)
    outcomes = {verdict.outcome for verdict in verdicts}
    if "fail" in outcomes:
        raise typer.Exit(1)
    if "inconclusive" in outcomes and not allow_inconclusive:
        raise typer.Exit(INCONCLUSIVE)


_ONE_OF = "give one of --thresholds and --write-baseline"


def _recording(margins: list[str], image_margins: list[str], pixels: str | None) -> Recording:
    from srbench.gate import Recording

    limit: str | int | None = pixels
    if pixels is not None and pixels != "identical":
        if not (pixels.isascii() and pixels.isdigit() and 1 <= int(pixels) <= 255):
            raise GateError(f"--pixels {pixels} means nothing", "give identical, or a number from 1 to 255")
        limit = int(pixels)
    return Recording(_margins(margins, "--margin"), _margins(image_margins, "--image-margin"), limit)


def _margins(texts: list[str], option: str) -> dict[str, float]:
    margins = {}
    for text in (part for value in texts for part in value.split(",")):
        metric, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise GateError(f"{option} {text} is no margin", f"for example {option} psnr=0.02")
        margins[metric.strip() or "psnr"] = value
    return margins


def _write_reports(verdicts: Sequence[Verdict], junit: Path | None, summary: Path | None, allowed: bool) -> None:
    from srbench.gate import formats

    for path, text in (
        (junit, formats.junit(verdicts, allow_inconclusive=allowed)),
        (summary, formats.markdown(verdicts)),
    ):
        if path is not None:
            with writing(path, "choose another place", GateError):
                path.write_text(text, encoding="utf-8")


def _print(verdicts: Sequence[Verdict]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from srbench.gate import formats

    console = out()
    bad = [verdict for verdict in verdicts if not verdict.holds]
    if not bad:
        console.print(f"all {len(verdicts)} thresholds hold")
        return
    table = Table(title=formats.tally(verdicts), title_justify="left")
    for title in ("threshold", "measured", "limit", "why", "short by", "line"):
        table.add_column(title, justify="right" if title in ("measured", "short by", "line") else "left")
    for verdict in bad:
        by = "" if verdict.short != verdict.short else f"{verdict.short:.4f}"
        why = verdict.reason if verdict.outcome == "fail" else f"inconclusive: {verdict.reason}"
        cells = (str(verdict), formats.value(verdict), verdict.limit, why, by, str(verdict.threshold.line or ""))
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
