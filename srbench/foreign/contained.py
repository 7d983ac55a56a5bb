"""Calls of code that is not srbench's own: whatever a method, a metric or a degradation raises is an error of that
part, and never the end of the program.

Such code may call ``sys.exit(0)``, raise ``KeyboardInterrupt``, ``GeneratorExit`` or ``BrokenPipeError``, all of which
mean something else to those who called srbench, or an exception that cannot even be shown.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import traceback
from types import FrameType, TracebackType
from typing import Any

from srbench.errors import MethodError, SrbenchError
from srbench.foreign import strays

_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class PluginError(MethodError):
    """What foreign code raised, in words; the exception itself is the ``__cause__``."""


class contained:  # noqa: N801  # reads as contextlib's own
    """A context in which foreign code is called.

    Errors of srbench go through as they are. Anything else is raised again as :class:`PluginError`. A signal that the
    user or the system sends (Ctrl-C) still does what it did before, whatever the foreign code makes of it. What it
    prints goes to standard error, and the current folder is the same afterwards.

    Args:
        subject: what is called, for the message, such as 'prepare() of edsr'; empty where those who catch the error
            say so.

    Raises:
        PluginError: the code raised something that is no SrbenchError, or one that cannot be shown.
        KeyboardInterrupt: a real one.
    """

    def __init__(self, subject: str = "") -> None:
        self._subject = subject
        self._interrupt: BaseException | None = None
        self._before: dict[int, Any] = {}  # what each signal did
        self._printing = strays.to_stderr()
        self._folder = ""

    def __enter__(self) -> None:
        self._folder = _current_folder()
        self._printing.__enter__()
        # Only the main thread is interrupted by signals; in any other an interrupt is the foreign code's own.
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _STOPPING:
            before = signal.getsignal(number)
            if before is not None:  # else only C code can set it again
                self._before[number] = before
                if callable(before):
                    signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        try:
            self._before[number](number, frame)
        except BaseException as error:
            self._interrupt = error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._printing.__exit__(None, None, None)
        if self._folder and _current_folder() != self._folder:
            with contextlib.suppress(OSError):  # it was removed
                os.chdir(self._folder)
        for number, before in self._before.items():
            if signal.getsignal(number) is not before:
                signal.signal(number, before)
        if self._interrupt is not None:
            if error is not self._interrupt:
                raise self._interrupt
        elif error is not None and not (isinstance(error, SrbenchError) and _can_be_shown(error)):
            text = told(error)
            raise PluginError(f"{self._subject}: {text}" if self._subject else text) from error


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # a path object for every cell would cost more than the look
    except OSError:  # it was removed
        return ""


def told(error: BaseException) -> str:
    """An exception as one line, 'ValueError: no such luck'; that of a :class:`PluginError` is what was raised. Of one
    that cannot be shown it is its type alone."""
    if isinstance(error, PluginError):
        return str(error)
    name = type(error).__name__
    try:
        text = _clean(" ".join(str(error).split()))
    except BaseException:
        text = "(its text cannot be shown)"
    return f"{name}: {text}" if text else name


def traceback_of(error: BaseException) -> str:
    """The traceback of an exception, from a :class:`PluginError` that of what was raised."""
    shown = error.__cause__ if isinstance(error, PluginError) and error.__cause__ is not None else error
    try:
        return _clean("".join(traceback.format_exception(shown)))
    except BaseException:  # an exception may refuse to tell anything of itself
        return "".join(traceback.format_tb(shown.__traceback__)) + told(shown)


def _can_be_shown(error: BaseException) -> bool:
    try:
        return isinstance(str(error), str)
    except BaseException:
        return False


def _clean(text: str) -> str:
    """Without halves of characters, which no file and no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
