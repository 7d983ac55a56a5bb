"""Cascades as text, ``espcn@2 > espcn@2``: methods one after another, each with its scale behind an ``@``.

The name of a cascade is this text with one blank on each side of every ``>``. What runs it is
:mod:`srbench.method.cascade`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from pathlib import Path

from srbench.errors import MethodError, SrbenchError
from srbench.scale import LARGEST, Scale

MARK, AT = ">", "@"
_FORM = 'give METHOD@SCALE > METHOD@SCALE in quotes, such as "espcn@2 > espcn@2"'
_ALONE = re.compile(r"(?P<method>.*[^@\s])\s*@\s*[0-9.]+(/[0-9]+)?")
_SCALE = re.compile(r"[-+]?[0-9][0-9./]*")  # behind the @ of nets/x@2x.pth stands none
_SHOWN = 80  # characters of a spec in messages


@dataclass(frozen=True)
class Part:
    """A part of a cascade: a method, as any command line names it, and the scale at which it works."""

    method: str
    scale: int

    def __str__(self) -> str:
        return f"{self.method}{AT}{self.scale}"


def written(parts: Sequence[Part]) -> str:
    """
    >>> written(split("espcn@2>fsrcnn @ 02"))
    'espcn@2 > fsrcnn@2'
    """
    return f" {MARK} ".join(map(str, parts))


def is_cascade(spec: str) -> bool:
    """Whether ``spec`` is one by its form; a file may be called so."""
    return MARK in spec and not Path(os.path.expanduser(spec)).is_file()  # noqa: PTH111


def split(spec: str) -> tuple[Part, ...]:
    """The parts of a cascade.

    >>> split("espcn@2 > nets/x2.pth#ema@2 > vdsr@1")[1:]
    (Part(method='nets/x2.pth#ema', scale=2), Part(method='vdsr', scale=1))

    Raises:
        MethodError: a part is empty, lacks its scale or has one that is no whole number; all together enlarge by more
            than :data:`srbench.scale.LARGEST`.
    """
    parts = tuple(_part(text.strip(), spec) for text in spec.split(MARK))
    if (whole := total(parts)) > LARGEST:
        raise MethodError(f"'{_short(spec)}' enlarges by {whole}, and the largest scale is {LARGEST}", _FORM)
    return parts


def methods_in(spec: str) -> tuple[str, ...]:
    """The methods of a cascade, or ``spec`` itself, which is a single one; raises as :func:`split`."""
    return tuple(part.method for part in split(spec)) if is_cascade(spec) else (spec,)


def changed(spec: str, change: Callable[[str], str]) -> str:
    """``spec`` with each method of the cascade, or the single one that it names, replaced; raises as :func:`split`."""
    if not is_cascade(spec):
        return change(spec)
    return written([Part(change(part.method), part.scale) for part in split(spec)])


def total(parts: Sequence[Part]) -> int:
    """The scale of the whole."""
    return reduce(mul, (part.scale for part in parts), 1)


def require_not_alone(text: str) -> None:
    """Raise MethodError where ``text``, which no method is called, is one part of a cascade: an unquoted ``>`` sends
    the rest to a shell."""
    found = _ALONE.fullmatch(text)
    if found is not None:
        raise MethodError(
            f"'{_short(text)}' is one part of a cascade, and stands alone",
            f"name the method, {found['method']}, or {_FORM.removeprefix('give ')}: without quotes a shell takes the "
            "> for a file to write to",
        )


def _part(text: str, spec: str) -> Part:
    shown = _short(spec)
    if not text:
        raise MethodError(f"a part of the cascade '{shown}' is empty", _FORM)
    if text[0] in "\"'" or text[-1] in "\"'":
        raise MethodError(f"a part of the cascade '{shown}' has quotes of its own", f"{_FORM}, around all of it")
    method, at, behind = (piece.strip() for piece in text.rpartition(AT))
    if at and not method:
        raise MethodError(f"a part of the cascade '{shown}', '{text}', names no method", _FORM)
    if not _SCALE.fullmatch(behind) or not at:
        raise MethodError(f"a part of the cascade '{shown}', '{_short(text)}', does not say its scale", _FORM)
    if method == "all":
        raise MethodError(f"'all' in the cascade '{shown}' is no single method", _FORM)
    try:
        return Part(os.path.expanduser(method), Scale.parse(behind).whole())  # noqa: PTH111
    except SrbenchError as error:
        raise MethodError(
            f"a part of the cascade '{shown}', '{_short(text)}': {error.message}",
            "give whole numbers from 1 on: the image between two parts has whole pixels",
        ) from error


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
