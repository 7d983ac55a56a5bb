"""Everything that can go wrong for a user, in one family.

    SrbenchError
    +-- UnknownNameError     a method, dataset, metric or protocol of that name does not exist
    +-- DatasetError         a dataset or one of its images is not usable
    |   +-- DatasetMissingError  it is known, but not on this machine
    |   +-- ImageError       a file cannot be decoded, or its pixels cannot be used
    +-- MethodError          a plugin cannot be imported or does not keep the contract
    |   +-- NotSupportedError    the method does not do this (scale, size); recorded, not a failure
    |   +-- OutputError      an output of the wrong size or type
    |       +-- NotFiniteError   an output with NaN or infinite pixels
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
import errno
import re
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


_LONGEST_NAME = 100  # characters that are shown of a name


class UnknownNameError(SrbenchError):
    """A name that nothing carries; the nearest known names are the hint.

    ``gateways``: names that prefixes open, such as 'vif', with how they are written, 'pyiqa:vif' and 'piq:vif'. A name
    without a prefix that is one of them is meant so, and nothing else is suggested.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], gateways: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        name, known = str(name)[:_LONGEST_NAME], sorted(known)
        prefix, _, bare = name.lower().rpartition(":") if gateways else ("", "", name.lower())
        written = {own: [own] for own in known}
        for own, ways in (gateways or {}).items():
            if prefix:  # first those behind the prefix that was given
                behind = sorted(ways, key=lambda way: not way.startswith(f"{prefix}:"))
                written[own] = [*behind, *written.get(own, ())][:1]
            else:
                written.setdefault(own, list(ways))
        meant = [bare] if bare in written else difflib.get_close_matches(bare, sorted(written), n=3, cutoff=0.5)
        near = [way for own in meant for way in written[own]]
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


class NotFiniteError(OutputError):
    """A method returned ``nan`` values that are NaN and ``infinite`` ones that are infinite."""

    def __init__(self, method: str, nan: int, infinite: int) -> None:
        super().__init__(
            f"{method} returned {nan + infinite} NaN or infinite values", "look for a division or an overflow"
        )
        self.nan, self.infinite = nan, infinite


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


INTACT = "replace the file by an intact copy"

# What to do where the system refuses a file; all else that can go wrong with one is damage.
_BY_NUMBER = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: a file stands where it names a folder",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "get the right to it (ls -l shows who has it), or use another place",
    errno.EPERM: "get the right to it (ls -l shows who has it), or use another place",
    errno.EROFS: "it can only be read: use another place",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ENOSPC: "make room, or use another place",
    errno.EDQUOT: "make room, or use another place",
    errno.ELOOP: "the link leads back to itself: name the file",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENOMEM: "it needs more memory than there is",
    errno.EBADF: "the stream is closed",
}
_BY_NAME = {  # of exceptions, also of libraries that are not imported here
    "MemoryError": "it needs more memory than there is: use a smaller file",
    "RecursionError": "it is nested too deeply: simplify it",
    "UnicodeDecodeError": "save it as UTF-8",
    "UnicodeEncodeError": "use names that are UTF-8",
    "DecompressionBombError": "it has more pixels than are decoded: cut it into parts",
    "ModuleNotFoundError": "install what is missing",
}


_ALLOCATION = re.compile(r"DefaultCPUAllocator|(can't|not|cannot) .*memory|out of memory", re.IGNORECASE)


def hint_for(error: BaseException, otherwise: str = INTACT) -> str:
    """What to do about a file that cannot be used.

    Args:
        error: what reading or writing it raised.
        otherwise: the hint where neither the system nor the machine is at fault, but the file's content.
    """
    by_name = (_BY_NAME.get(cls.__name__) for cls in type(error).__mro__)
    if found := next(filter(None, by_name), None):
        return found
    # Decoders raise OSErrors of their own, without a number, for damaged files.
    return _BY_NUMBER.get(getattr(error, "errno", None) or 0, otherwise)


def reason_of(error: BaseException) -> str:
    """Why it was raised, on one line; never empty."""
    try:
        text = getattr(error, "strerror", None) or str(error)
    except Exception:  # of a plugin's own class
        text = ""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def refused_by_the_system(error: BaseException) -> SrbenchError | None:
    """What the machine, and not srbench, is the cause of, as one line: a file that may not be read or written, no
    space, no memory, a name that is no text. None for any other exception."""
    if isinstance(error, OSError) and error.errno is not None:
        names = " and ".join(f"'{name}'" for name in (error.filename, error.filename2) if name is not None)
        return SrbenchError(f"cannot use {names or 'a file'} ({reason_of(error)})", hint_for(error, "check the path"))
    if isinstance(error, UnicodeEncodeError):
        return SrbenchError(f"{error.object[:200]!a} cannot be written as {error.encoding}", hint_for(error))
    if isinstance(error, UnicodeDecodeError):
        return SrbenchError(f"a file is not {error.encoding} (byte {error.start})", hint_for(error))
    # torch has no class for a processor's memory that is used up.
    if isinstance(error, MemoryError) or (type(error) is RuntimeError and _ALLOCATION.search(str(error))):
        return SrbenchError("out of memory", "use smaller images, or --tile")
    if isinstance(error, RecursionError):
        return SrbenchError("an input is nested too deeply", hint_for(error))
    return None
