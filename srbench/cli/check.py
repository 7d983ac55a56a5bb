"""``srbench check``: do the results hold the thresholds?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import handled, out, shown
from srbench.errors import GateError, UnknownNameError
from srbench.files import write_text, writing
from srbench.wording import counted

if TYPE_CHECKING:
    from srbench.gate import Verdict

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
    if (thresholds is None) == (write_baseline is None):
        raise GateError("nothing to do" if thresholds is None else "two things to do", _ONE_OF)
    if format not in ("text", "github"):
        raise UnknownNameError("format", format, ("text", "github"))
    margins, image_margins = _margins(margin or [], "--margin"), _margins(image_margin or [], "--image-margin")
    limit = _pixels(pixels)
    if thresholds is not None and (margins or image_margins or limit is not None):
        raise GateError("--margin, --image-margin and --pixels belong to --write-baseline", "write them into the file")

    from srbench import gate  # late: a wrong command line is told at once
    from srbench.cli.installed import Installed
    from srbench.results.reader import Reader

    if thresholds is None:
        assert write_baseline is not None
        recording = gate.Recording(margins, image_margins, limit)
        with Reader(results, fallback=Installed()) as reader:
            count = gate.write(gate.collect(reader), write_baseline, recording)
        out().print(f"wrote {counted(count, 'threshold')} to {write_baseline}", markup=False, soft_wrap=True)
        return
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


def _pixels(text: str | None) -> str | int | None:
    if text is None or text == "identical":
        return text
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 255):
        raise GateError(f"--pixels {text} means nothing", "give identical, or a number from 1 to 255")
    return int(text)


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
                write_text(path, text)


def _print(verdicts: Sequence[Verdict]) -> None:
    from rich.table import Table

    from srbench.gate import formats

    console = out()
    bad = [verdict for verdict in verdicts if not verdict.holds]
    if not bad:
        console.print("the threshold holds" if len(verdicts) == 1 else f"all {len(verdicts)} thresholds hold")
        return
    table = Table(title=formats.tally(verdicts), title_justify="left")
    for title in ("threshold", "measured", "limit", "why", "short by", "line"):
        table.add_column(title, justify="right" if title in ("measured", "short by", "line") else "left")
    for verdict in bad:
        by = "" if verdict.short != verdict.short else f"{verdict.short:.4f}"
        why = verdict.reason if verdict.outcome == "fail" else f"inconclusive: {verdict.reason}"
        cells = (str(verdict), formats.value(verdict), verdict.limit, why, by, str(verdict.threshold.line or ""))
        table.add_row(*map(shown, cells))
    console.print(table)
