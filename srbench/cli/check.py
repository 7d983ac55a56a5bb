"""``srbench check``: do the results hold the thresholds?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import handled, out


@handled
def command(
    thresholds: Annotated[Path, typer.Option(help="The thresholds file (docs/ci.md).")],
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
) -> None:
    """Hold the stored means against thresholds.

    Exit code 0 if all hold, 1 if some fall short, 2 if the file or the command line is wrong. A mean that is
    missing, NaN or over fewer images than planned falls short.

    Examples:

      srbench check --thresholds thresholds.toml

      srbench check results --thresholds ci/quality.toml
    """
    from rich.markup import escape
    from rich.table import Table

    from srbench import gate
    from srbench.leaderboard import means, per_image
    from srbench.store import Store

    wanted = gate.read(thresholds)
    with Store(results) as store:
        verdicts = gate.check(means(per_image(store)), wanted)
    short = [verdict for verdict in verdicts if not verdict.holds]
    console = out()
    if short:
        table = Table(title=f"{len(short)} of {len(verdicts)} thresholds do not hold", title_justify="left")
        for title in ("threshold", "measured", "why", "short by"):
            table.add_column(title, justify="right" if title in ("measured", "short by") else "left")
        for verdict in short:
            measured = "-" if verdict.measured != verdict.measured else f"{verdict.measured:.4f}"
            by = "" if verdict.short != verdict.short else f"{verdict.short:.4f}"
            table.add_row(escape(str(verdict.threshold)), measured, verdict.reason, by)
        console.print(table)
        raise typer.Exit(1)
    console.print(f"all {len(verdicts)} thresholds hold")
