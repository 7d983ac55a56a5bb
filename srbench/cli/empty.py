"""Empty arguments are refused: nearly always a variable of the shell that is not set.

They are looked at as they were given. Once parsed, an empty path is the current folder, and an empty list the default.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from typer.core import TyperGroup

from srbench.errors import SrbenchError

_given: ContextVar[tuple[str, ...]] = ContextVar("given", default=())


class Commands(TyperGroup):
    """Keeps the arguments of the command line for :func:`refuse_empty`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _given.set(tuple(args))
        return super().parse_args(ctx, args)


def refuse_empty() -> None:
    """Raise SrbenchError if an argument of the command line, or the value of an option, is empty or nothing but
    commas."""
    given = _given.get()
    _given.set(())
    for before, argument in zip(("", *given), given, strict=False):
        option, equals, value = argument.partition("=")
        if not equals or not option.startswith("--"):
            option, value = before if before.startswith("-") else "", argument
        if not value.replace(",", " ").strip():
            where = f"the value of {option} is empty" if option else "an argument is empty"
            raise SrbenchError(where, "a variable of the shell that is not set? give a value, or leave it out")
