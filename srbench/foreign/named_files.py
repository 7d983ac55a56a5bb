"""The files that foreign code says it reads, such as a method's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from srbench.foreign.contained import contained


def named_files(ask: Callable[[], Iterable[Any]], subject: str) -> list[Path]:
    """The paths that ``ask`` returns.

    Args:
        subject: what is asked, for the message, such as 'weight_files() of edsr'.

    Raises:
        PluginError: it raises, or returns something else than paths.
    """
    with contained(subject):
        return [Path(path) for path in ask()]
