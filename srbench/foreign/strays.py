"""What foreign code prints, kept out of standard output: that belongs to tables and data, which programs read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_inside = threading.local()
_lock = threading.Lock()
_entered = 0  # of all threads


class _ByThread:
    """Standard output, which is standard error to the threads that are inside of :func:`to_stderr`; these cannot close
    it."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def __getattr__(self, name: str) -> Any:
        if not getattr(_inside, "depth", 0):
            return getattr(self._stdout, name)
        return _nothing if name in ("close", "detach") else getattr(sys.stderr, name)


def _nothing() -> None:
    pass


@contextmanager
def to_stderr() -> Iterator[None]:
    """What this thread prints inside goes to standard error; other threads are not touched."""
    global _entered
    with _lock:
        if not isinstance(sys.stdout, _ByThread):
            sys.stdout = _ByThread(sys.stdout)
        _entered += 1
    _inside.depth = getattr(_inside, "depth", 0) + 1
    try:
        yield
    finally:
        _inside.depth -= 1
        _reopen_stderr()
        with _lock:
            _entered -= 1
            if not _entered and isinstance(sys.stdout, _ByThread):
                sys.stdout = sys.stdout._stdout


def _reopen_stderr() -> None:
    """Foreign code may close it, and what srbench has to say would be lost; Python leaves its descriptor open."""
    if sys.stderr is not None and sys.stderr.closed:
        with suppress(OSError):
            sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
