"""Records that users write in code (cards, metrics): every field is looked at once, and a wrong one is named."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from srbench.errors import SrbenchError
from srbench.foreign.bibtex import cite_key

_SHOWN = 60  # characters of a wrong value
_LONGEST = 200  # characters of a name


@dataclass(frozen=True)
class Rule:
    """What a field has to be: ``words`` continue '... is not'."""

    holds: Callable[[Any], bool]
    words: str


def require(record: object, what: str, rules: Mapping[str, Rule], error: type[SrbenchError]) -> None:
    """Hold the fields of ``record`` to ``rules``, by name.

    Args:
        what: names the record, for the message.

    Raises:
        error: a field is not what its rule says.
    """
    for name, rule in rules.items():
        value = getattr(record, name)
        if not rule.holds(value):
            raise error(f"{what}: {name} = {shown(value)} is not {rule.words}", "see docs/plugins.md")


def shown(value: object) -> str:
    """A value for a message, cut where it is long."""
    try:
        text = ascii(value)
    except Exception:  # of an object of the user's
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any(unicodedata.category(char) == "Cs" for char in value)


def _is_name(value: Any) -> bool:
    bad = ("Cc", "Cs", "Zl", "Zp")
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST
        and value == value.strip()
        and not any(unicodedata.category(char) in bad for char in value)
    )


def _is_number(value: Any) -> bool:
    # No call of isfinite, which raises where a whole number is larger than every float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


NAME = Rule(_is_name, f"a name of 1 to {_LONGEST} printable characters")
TEXT = Rule(_is_text, "text")
TRUTH = Rule(lambda value: isinstance(value, bool), "True or False")
NUMBER = Rule(_is_number, "a finite number")
CALL = Rule(callable, "a function")
BIBTEX = Rule(
    lambda value: _is_text(value) and (value == "" or cite_key(value) != ""),
    "a BibTeX entry with a key, such as '@article{me2026, title = {...}, year = 2026}'",
)


def whole(low: int, high: int) -> Rule:
    """A whole number from ``low`` to ``high``."""
    words = f"a whole number from {low} to {high}"
    return Rule(lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high, words)


def one_of(values: Collection[str]) -> Rule:
    """One of some texts, in every letter."""
    return Rule(lambda value: isinstance(value, str) and value in values, f"one of {', '.join(map(repr, values))}")


def several(rule: Rule, words: str) -> Rule:
    """A tuple whose items hold ``rule``."""
    return Rule(lambda value: isinstance(value, tuple) and all(map(rule.holds, value)), words)
