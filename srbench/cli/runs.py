"""``srbench runs``: what a results folder was filled by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import err, handled, out, shown
from srbench.wording import counted

if TYPE_CHECKING:
    from srbench.results.inventory import Held


@handled
def command(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
) -> None:
    """List the runs of a results folder: number, date, command, state, and what each holds.

    A run is finished, interrupted, running, or ended early: then its process is gone.

    Examples:

      srbench runs

      srbench runs results-of-a-colleague
    """
    from rich.table import Table

    from srbench.results.inventory import inventory
    from srbench.results.reader import Reader

    with Reader(results) as reader:
        held = inventory(reader)
    if not held:
        err().print("no runs", style="yellow")
        return
    table = Table()
    table.add_column("run", justify="right")
    for title in ("date", "state", "holds", "command"):
        table.add_column(title, overflow="fold")
    for one in held:
        date = one.run.started[:16].replace("T", " ")
        command = str(one.run.manifest.get("command", ""))
        table.add_row(str(one.run.id), *map(shown, (date, one.run.status, _holds(one), command)))
    out().print(table)


def _holds(held: Held) -> str:
    parts = []
    if held.cells:
        scales = ", ".join(f"x{scale}" for scale in held.scales)
        few = len(held.methods) <= 3
        methods = ", ".join(held.methods) if few else counted(len(held.methods), "method")
        count = counted(held.cells, "cell")
        count = count if held.done == held.cells else f"{held.done} of {count}"
        parts.append(f"{count}: {methods} on {', '.join(held.datasets)} {scales}")
    if held.timings:
        parts.append(counted(held.timings, "timing"))
    return "; ".join(parts) or "nothing"
