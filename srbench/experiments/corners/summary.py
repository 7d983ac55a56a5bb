"""Studies that differ in their seed alone, as one table: of each number the mean, the least and the greatest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srbench.experiments.corners.study import Row, Study

NUMBERS = ("clean", "top_left", "both", "ghost", "distance", "mse", "bits")
"""The fields of :class:`Row` that differ from seed to seed."""


@dataclass(frozen=True)
class Spread:
    """One number of one network over the seeds.

    Attributes:
        seeds: its value with each seed, in their order; None where there is none.
        mean: of those there are; None if there are none, and so ``low`` and ``high``, the least and the greatest.
    """

    seeds: tuple[float | None, ...]
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Summary:
    """One network over all seeds; ``numbers`` has a :class:`Spread` for each of :data:`NUMBERS`."""

    name: str
    title: str
    parameters: int
    bound: bool
    numbers: dict[str, Spread]


def summarise(studies: Sequence[Study]) -> tuple[Summary, ...]:
    """One entry a network, in the order of the studies' rows, which must be of the same networks."""
    return tuple(_summary(rows) for rows in zip(*(study.rows for study in studies), strict=True))


def spread(values: Sequence[float | None]) -> Spread:
    """Of one value a seed."""
    known = [value for value in values if value is not None]
    if not known:
        return Spread(tuple(values), None, None, None)
    return Spread(tuple(values), sum(known) / len(known), min(known), max(known))


def _summary(rows: Sequence[Row]) -> Summary:
    first = rows[0]
    numbers = {name: spread([getattr(row, name) for row in rows]) for name in NUMBERS}
    return Summary(first.name, first.title, first.parameters, first.bound, numbers)
