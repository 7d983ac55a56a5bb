"""What JSON values have to be: shapes that find the first value of another kind, and say where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from srbench.foreign import fields
from srbench.foreign.fields import Rule

Shape = Callable[[Any], str]  # what is wrong with a value, such as '.scale is no whole number'; empty if nothing is


def plain(rule: Rule) -> Shape:
    """A value that holds ``rule``."""
    return lambda value: "" if rule.holds(value) else f" = {fields.shown(value)} is not {rule.words}"


def or_none(shape: Shape) -> Shape:
    return lambda value: "" if value is None else shape(value)


def each(shape: Shape) -> Shape:
    """A list of values of one shape."""

    def find(value: Any) -> str:
        if not isinstance(value, list):
            return f" = {fields.shown(value)} is not a list"
        return _first((f"[{number}]", shape(item)) for number, item in enumerate(value))

    return find


def pair(first: Shape, second: Shape) -> Shape:
    """A list of two values."""

    def find(value: Any) -> str:
        if not isinstance(value, list) or len(value) != 2:
            return f" = {fields.shown(value)} is not a list of two values"
        return _first((("[0]", first(value[0])), ("[1]", second(value[1]))))

    return find


def by_name(shape: Shape, name: Rule = fields.TEXT) -> Shape:
    """An object whose values have one shape, under names that hold a rule."""

    def find(value: Any) -> str:
        if not isinstance(value, dict):
            return f" = {fields.shown(value)} is not an object"
        if bad := [own for own in value if not name.holds(own)]:
            return f" has the name {fields.shown(bad[0])}, which is not {name.words}"
        return _first((f".{fields.shown(own)}", shape(item)) for own, item in value.items())

    return find


def record(needed: Mapping[str, Shape], others: Mapping[str, Shape] | None = None) -> Shape:
    """An object with fields of different shapes; of ``others`` some may be missing, as older srbenches did not write
    all of today's. Fields that are in neither are not looked at."""
    known = {**needed, **(others or {})}

    def find(value: Any) -> str:
        if not isinstance(value, dict):
            return f" = {fields.shown(value)} is not an object"
        if lacking := [name for name in needed if name not in value]:
            return f" has no '{lacking[0]}'"
        return _first((f".{name}", shape(value[name])) for name, shape in known.items() if name in value)

    return find


def _first(found: Any) -> str:
    return next((place + wrong for place, wrong in found if wrong), "")


TEXT = plain(fields.TEXT)
TRUTH = plain(fields.TRUTH)
NUMBER = plain(fields.NUMBER)
OBJECT = record({})


def whole(low: int, high: int = 2**63 - 1) -> Shape:
    """A whole number."""
    return plain(fields.whole(low, high))
