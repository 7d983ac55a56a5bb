"""What JSON can hold of numbers: it has no NaN and no infinity."""

from __future__ import annotations

import math
from typing import Any


def finite(content: Any) -> Any:
    """``content``, of dictionaries, lists, tuples, texts and numbers, with None for numbers that are not finite.

    >>> finite({"a": [1.5, math.nan], "b": (math.inf, "x")})
    {'a': [1.5, None], 'b': [None, 'x']}
    """
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return content if _finite_numbers(content) else [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _finite_numbers(content: list[Any] | tuple[Any, ...]) -> bool:
    """Whether these are numbers and finite, as far as one sum tells: nearly all lists are, and there are many."""
    try:
        return math.isfinite(sum(content))
    except (TypeError, OverflowError):
        return False
