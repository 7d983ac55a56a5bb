"""Exceptions that nobody can catch, such as those of a plugin's ``__del__``: a line, where Python shows a traceback."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from srbench.foreign.contained import told

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def in_a_line() -> None:
    """From now on, to the very end of the process, each is one line on standard error. A hook that another program has
    set stays."""
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _tell


def _tell(unraised: UnraisableHookArgs) -> None:
    with suppress(Exception):  # standard error is closed, or the object refuses to tell its name
        where = getattr(unraised.object, "__qualname__", "")
        error = unraised.exc_type.__name__ if unraised.exc_value is None else told(unraised.exc_value)
        sys.stderr.write(f"note: {where or 'a plugin'} raised {error}, which is ignored\n")
