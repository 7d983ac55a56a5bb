"""``srbench drop``: take something out of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import err, handled, out
from srbench.errors import UnknownNameError


@handled
def command(
    kind: Annotated[str, typer.Argument(help="run, plan, method, dataset or metric.")],
    name: Annotated[str, typer.Argument(help="A run's number, or a name as tables show it.")],
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a run, a method, a dataset or a metric out of a results folder, with its SR images.

    A plan is what a run planned and nobody computed: of a run that was killed it goes with 'drop plan', and what the
    run computed stays. What goes is said first; nothing of it comes back.

    Examples:

      srbench drop plan 3

      srbench drop method my-method results

      srbench drop run 2 results --yes
    """
    from srbench.results.dropping import KINDS
    from srbench.results.reader import Reader
    from srbench.results.store import Store

    own = next((known for known in KINDS if known == kind), None)
    if own is None:
        raise UnknownNameError("kind", kind, KINDS)
    with Reader(results) as reader:
        reader.require_no_run()
    with Store(results) as store:
        for line in store.drop(own, name, look=True).lines():
            out().print(line, markup=False, soft_wrap=True)
        if not yes and not typer.confirm("Remove this for good?", err=True):
            err().print("nothing was removed")
            raise typer.Exit(1)
        store.drop(own, name)
    err().print(f"removed {kind} {name} from {results}", markup=False)
