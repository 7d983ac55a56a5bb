"""How counts, durations and names from outside stand in a line of text."""

from __future__ import annotations

import math


def counted(n: int, noun: str, plural: str = "") -> str:
    """'1 image', '2 images'; ``plural`` where an s does not make it.

    >>> counted(1, "image"), counted(0, "image"), counted(2, "box", "boxes")
    ('1 image', '0 images', '2 boxes')
    """
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def printable(text: str) -> str:
    """``text`` with everything that is no visible character escaped as in Python: line ends, escape sequences of
    terminals, marks that turn the direction of writing, bytes of a file name that are no UTF-8.

    >>> print(printable("a b\\n\\x1b[31m"))
    a b\\n\\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def significant(value: float, digits: int = 3) -> str:
    """``value`` with so many significant digits as ``:g`` gives them, but never with an exponent: whole numbers keep
    all their digits.

    >>> [significant(x) for x in (4063.2, 0.5, 31.44, 0.000123)]
    ['4063', '0.5', '31.4', '0.000123']
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
