"""Scales: how many times larger the SR image is than the LR image, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from srbench.errors import SrbenchError

_WRITTEN = re.compile(r"[0-9]+(\.[0-9]+|/[0-9]+)?")
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
        """'4', '2.5' or '10/3'; raises SrbenchError."""
        try:
            value = Fraction(text) if _WRITTEN.fullmatch(text) else Fraction(0)
        except ZeroDivisionError:
            value = Fraction(0)
        if value <= 0:
            raise SrbenchError(f"'{text}' is not a scale", _HINT)
        return cls(value)

    def whole(self) -> int:
        """The scale as a whole number; raises SrbenchError if it is none."""
        if self.value.denominator != 1:
            raise SrbenchError(f"{self} is no whole number, and other scales cannot be evaluated", _HINT)
        return self.value.numerator

    def __str__(self) -> str:
        rest = self.value.denominator
        for factor in (2, 5):
            while rest % factor == 0:
                rest //= factor
        exact = Decimal(self.value.numerator) / Decimal(self.value.denominator) if rest == 1 else self.value
        return f"x{exact}"


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
