"""``srbench new-method``: begin a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import handled, out
from srbench.errors import SrbenchError


@handled
def command(
    name: Annotated[str, typer.Argument(help="What the method is to be called, such as my-method.")],
) -> None:
    """Write a working plugin and its test into the current folder.

    Examples:

      srbench new-method my-method

      srbench run --methods bicubic,./my_method.py --datasets sample
    """
    from srbench.method import plugins, scaffold

    if name in {plugin.name for plugin in plugins.discover()}:
        raise SrbenchError(f"there is a method '{name}' already", "choose another name")
    plugin, test = scaffold.write(name, Path())
    console = out()
    console.print(f"wrote {plugin} and {test}; try them:", markup=False, soft_wrap=True)
    console.print(f"  srbench run --methods bicubic,./{plugin} --datasets sample", markup=False, soft_wrap=True)
    console.print(f"  pytest {test}", markup=False, soft_wrap=True)
