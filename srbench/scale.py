"""Scales: how many times larger the SR image is than the LR image, exactly."""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from srbench.errors import SrbenchError

_SHOWN = 40  # characters of what is no scale
_LONGEST = 20  # characters of what may be one
_WRITTEN = re.compile(r"[0-9]+(\.[0-9]+|/[0-9]+)?")
LARGEST = 256
"""No network magnifies more; an image would have 65,536 times its pixels."""
FINEST = 1000
"""Largest denominator: such fractions are told apart as floating-point numbers, as which scales are stored."""
_HINT = "give numbers of at least 1, for example 4, 2.5 or 10/3"


@dataclass(frozen=True, order=True)
class Scale:
    """A scale as an exact fraction, of at least 1.

    >>> str(Scale.parse("4")), str(Scale.parse("2.5")), str(Scale.parse("10/3"))
    ('x4', 'x2.5', 'x10/3')
    """

    value: Fraction

    @classmethod
    def parse(cls, text: str) -> Scale:
        """'4', '2.5' or '10/3'; raises SrbenchError, also below 1, above :data:`LARGEST` and where the denominator is
        larger than :data:`FINEST`."""
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        try:
            value = Fraction(text) if len(text) <= _LONGEST and _WRITTEN.fullmatch(text) else Fraction(0)
        except ZeroDivisionError:
            value = Fraction(0)
        if len(text) > _LONGEST and text.isascii() and text.strip("0").isdigit():
            value = Fraction(LARGEST + 1)
        if value <= 0:
            raise SrbenchError(f"'{shown}' is not a scale", _HINT)
        if value < 1:
            raise SrbenchError(
                f"'{shown}' is a scale below 1, at which SR images would be smaller than LR images", _HINT
            )
        if value > LARGEST:
            raise SrbenchError(f"'{shown}' is more than the largest scale, {LARGEST}", _HINT)
        if value.denominator > FINEST:
            raise SrbenchError(f"'{shown}' is a fraction with a denominator of more than {FINEST:,}", _HINT)
        return cls(value)

    def whole(self) -> int:
        """The scale as a whole number; raises SrbenchError if it is none."""
        if self.value.denominator != 1:
            raise SrbenchError(f"{self} is no whole number", "give whole numbers, for example 2,3,4")
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


def number(scale: float) -> float:
    """A scale as code and files have it: an int where it is whole."""
    return int(scale) if scale == int(scale) else float(scale)


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


def enlarged_size(size: Sequence[int], scale: float) -> tuple[int, int]:
    """(height, width) of the SR image of an LR image of that ``size``."""
    height, width = size
    return enlarged(height, scale), enlarged(width, scale)


def reduced(length: int, scale: float) -> int:
    """Pixels along a side of the LR image of an HR image that has ``length``, cut as :class:`srbench.protocol.Protocol`
    has it: at whole scales those that fit, at others the nearest whole number."""
    ratio = exact(scale)
    return length // ratio.numerator if ratio.denominator == 1 else round(length / ratio)


def stages(scale: int) -> tuple[int, ...]:
    """The factors by which networks of sub-pixel convolutions enlarge one after the other: 2 for every doubling, or 3.

    >>> stages(3), stages(8), stages(1)
    ((3,), (2, 2, 2), ())

    Raises:
        ValueError: ``scale`` is neither 3 nor a power of two.
    """
    if scale == 3:
        return (3,)
    if scale < 1 or scale.bit_count() != 1:
        raise ValueError(f"a scale of {scale} is neither 3 nor a power of two")
    return (2,) * (scale.bit_length() - 1)


def checked(scale: object) -> float:
    """A scale that was given as a number, as :attr:`Scale.number` has it; raises SrbenchError unless it is one from 1
    to :data:`LARGEST`, with a denominator of at most :data:`FINEST`."""
    try:
        value = 0.0 if isinstance(scale, bool) or not isinstance(scale, numbers.Real) else float(scale)
    except OverflowError:
        value = 0.0
    if not 1 <= value <= LARGEST or float(exact(value)) != value:
        raise SrbenchError(
            f"{str(scale)[:_SHOWN]!r} is not a scale",
            f"give a number from 1 to {LARGEST}, with a denominator of at most {FINEST:,}",
        )
    return number(value)


@dataclass(frozen=True)
class ScaleRange:
    """Every scale from ``low`` to ``high``, for cards of methods that are not bound to whole numbers.

    >>> 2.5 in ScaleRange(1, 4), 4.5 in ScaleRange(1, 4), str(ScaleRange(1, 4)), str(ScaleRange())
    (True, False, 'x1 to x4', 'every scale of at least x1')
    """

    low: float = 1
    high: float = LARGEST

    def __contains__(self, scale: float) -> bool:
        return self.low <= scale <= self.high

    def __str__(self) -> str:
        return f"x{self.low} to x{self.high}" if self.high < LARGEST else f"every scale of at least x{self.low}"


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
    def of(cls, scales: Iterable[float]) -> ScaleSet:
        """Of numbers, as :attr:`Scale.number` has them."""
        return cls(tuple(Scale(exact(scale)) for scale in scales))

    @property
    def numbers(self) -> tuple[float, ...]:
        """As code and files have them (:attr:`Scale.number`)."""
        return tuple(scale.number for scale in self.scales)

    def whole(self) -> tuple[int, ...]:
        """As whole numbers; raises SrbenchError if one is none."""
        return tuple(scale.whole() for scale in self.scales)

    def __iter__(self) -> Iterator[Scale]:
        return iter(self.scales)

    def __str__(self) -> str:
        return ", ".join(map(str, self.scales))
