"""Scales: how many times larger the SR image is than the LR image, exactly."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from srbench.errors import SrbenchError

_SHOWN = 40  # characters of what is no scale
_WRITTEN = re.compile(r"[0-9]+(\.[0-9]+|/[0-9]+)?")
LARGEST = 256
"""No network magnifies more; an image would have 65,536 times its pixels."""
FINEST = 1000
"""Largest denominator: such fractions are told apart as floating-point numbers, as which scales are stored."""
_HINT = "give whole numbers, for example --scales 2,3,4"


@dataclass(frozen=True, order=True)
class Scale:
    """A scale as an exact fraction, above 0.

    >>> str(Scale.parse("4")), str(Scale.parse("2.5")), str(Scale.parse("10/3"))
    ('x4', 'x2.5', 'x10/3')
    """

    value: Fraction

    @classmethod
    def parse(cls, text: str) -> Scale:
        """'4', '2.5' or '10/3'; raises SrbenchError, also above :data:`LARGEST`."""
        try:
            value = Fraction(text) if _WRITTEN.fullmatch(text) else Fraction(0)
        except (ZeroDivisionError, ValueError):  # ValueError: more digits than Python converts
            value = Fraction(0)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        if value <= 0:
            raise SrbenchError(f"'{shown}' is not a scale", _HINT)
        if value > LARGEST:
            raise SrbenchError(f"'{shown}' is more than the largest scale, {LARGEST}", _HINT)
        return cls(value)

    def whole(self) -> int:
        """The scale as a whole number; raises SrbenchError if it is none."""
        if self.value.denominator != 1:
            raise SrbenchError(f"{self} is no whole number, and other scales cannot be evaluated", _HINT)
        return self.value.numerator

    @property
    def number(self) -> float:
        """As code and files have it: an int where it is whole, else a float, from which :func:`exact` gives the
        fraction back."""
        return self.value.numerator if self.value.denominator == 1 else float(self.value)

    def __str__(self) -> str:
        rest = self.value.denominator
        for factor in (2, 5):
            while rest % factor == 0:
                rest //= factor
        exact = Decimal(self.value.numerator) / Decimal(self.value.denominator) if rest == 1 else self.value
        return f"x{exact}"


def exact(scale: float) -> Fraction:
    """The scale that a number stands for (:attr:`Scale.number`).

    >>> exact(2.5), exact(10 / 3)
    (Fraction(5, 2), Fraction(10, 3))
    """
    return Fraction(scale).limit_denominator(FINEST)


def enlarged(length: int, scale: float) -> int:
    """Pixels along a side of the SR image of an LR image that has ``length``: the nearest whole number, of two the even
    one."""
    return round(length * exact(scale))


def checked(scale: object) -> int:
    """A scale that was given as a number; raises SrbenchError unless it is whole, from 1 to :data:`LARGEST`."""
    try:
        whole = 0 if isinstance(scale, bool) else operator.index(scale)  # type: ignore[arg-type]
    except TypeError:
        whole = 0
    if not 1 <= whole <= LARGEST:
        raise SrbenchError(f"{str(scale)[:_SHOWN]!r} is not a scale", f"give a whole number from 1 to {LARGEST}")
    return whole


@dataclass(frozen=True)
class ScaleSet:
    """Scales in the order in which they were given, without doubles."""

    scales: tuple[Scale, ...]

    @classmethod
    def parse(cls, text: str) -> ScaleSet:
        """Scales separated by commas; raises SrbenchError, also if there is none."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise SrbenchError("no scale given", _HINT)
        return cls(tuple(dict.fromkeys(map(Scale.parse, parts))))

    @classmethod
    def of(cls, scales: Iterable[int]) -> ScaleSet:
        return cls(tuple(Scale(Fraction(scale)) for scale in scales))

    def whole(self) -> tuple[int, ...]:
        """As whole numbers; raises SrbenchError if one is none."""
        return tuple(scale.whole() for scale in self.scales)

    def __iter__(self) -> Iterator[Scale]:
        return iter(self.scales)

    def __str__(self) -> str:
        return ", ".join(map(str, self.scales))
