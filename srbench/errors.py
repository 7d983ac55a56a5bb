"""Everything that can go wrong for a user, in one family.

    SrbenchError
    +-- UnknownNameError     a method, dataset, metric or protocol of that name does not exist
    +-- DatasetError         a dataset or one of its images is not usable
    |   +-- DatasetMissingError  it is known, but not on this machine
    |   +-- ImageError       a file cannot be decoded, or its pixels cannot be used
    +-- MethodError          a plugin cannot be imported or does not keep the contract
    |   +-- NotSupportedError    the method does not do this (scale, size); recorded, not a failure
    |   +-- OutputError      an output of the wrong size or with NaN or infinite pixels
    +-- WeightsError         a weight file is missing, unsafe or does not fit
    +-- UnavailableError     a metric lacks a package or weights on this machine
    +-- FetchError           a download failed, or brought something else than was expected
    +-- StoreError           a results folder cannot be read or written
    +-- GateError            a thresholds file is wrong
    +-- TrainingError        a training cannot start, or cannot go on

Each carries a message that names the thing and a hint; the command line prints the two and exits
with ``exit_code`` (2: the command line or a file is wrong).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence


class SrbenchError(Exception):
    """Base class. ``str(error)`` is one line: what is wrong, then the hint."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        return " ".join(text.split())  # a plugin's own error may have many lines


class UnknownNameError(SrbenchError):
    """A name that nothing carries; the nearest known names are the hint.

    ``gateways``: names that a prefix opens, such as 'dists', with how they are written, 'pyiqa:dists'.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], gateways: Mapping[str, str] | None = None) -> None:
        known = sorted(known)
        written = dict(gateways or {}) | {own: own for own in known}
        bare = name.lower().rpartition(":")[2] if gateways else name.lower()
        near = [written[own] for own in difflib.get_close_matches(bare, sorted(written), n=3, cutoff=0.5)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
        super().__init__(f"unknown {kind} '{name}'", hint)


class DatasetError(SrbenchError):
    """A dataset or one of its images is not usable."""


class DatasetMissingError(DatasetError):
    """The dataset is known, but its images are not on this machine."""


class ImageError(DatasetError):
    """A file cannot be decoded as an 8-bit image, or its pixels cannot be used."""


class MethodError(SrbenchError):
    """A plugin cannot be imported or does not keep the contract of :class:`srbench.method.base.Method`."""


class NotSupportedError(MethodError):
    """The method does not do what was asked (a scale, a size). Recorded as such; not a failure."""


class OutputError(MethodError):
    """A method returned an image of the wrong size, type or with NaN or infinite pixels."""


class WeightsError(MethodError):
    """A weight file is missing, would run code, or does not fit the network."""


class UnavailableError(SrbenchError):
    """A metric cannot be computed on this machine: a package or its weights are not here."""

    exit_code = 1


class FetchError(SrbenchError):
    """A download failed, or brought something else than was expected."""


class StoreError(SrbenchError):
    """A results folder cannot be read or written."""


class GateError(SrbenchError):
    """A thresholds file is wrong."""


class TrainingError(SrbenchError):
    """A training cannot start (recipe, data, checkpoint), or cannot go on (NaN, no space left)."""


class SrbenchWarning(UserWarning):
    """Something was decided for the user and should be known (alpha dropped, an image left out)."""


def first_few(names: Sequence[str], most: int = 3) -> str:
    """``names`` for a message: the first ones with commas, and '...' if there are more."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
