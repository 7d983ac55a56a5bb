"""How a run is stopped: by Ctrl-C, and in commands by what the system sends (SIGTERM, SIGHUP) too."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SENT = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):  # named as what Ctrl-C raises
    """As Ctrl-C; ``number`` is the signal that was sent."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Stop:
    """Whether the run is to stop, whether at once, and which signal said so."""

    pressed = False
    at_once = False  # it was said twice
    number: int = signal.SIGINT


@contextmanager
def sent_signals_interrupt() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP are as Ctrl-C: they raise :class:`Terminated`, where they would end the process
    without a word otherwise. Nothing is changed where they are ignored or handled, and outside of the main thread."""
    numbers = []
    if threading.current_thread() is threading.main_thread():
        numbers = [number for number in _SENT if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Make Ctrl-C set a flag, so that it never hits in the middle of storing a result; a second one raises. The first
    does at the end, if nothing else was raised. So do the signals of :func:`sent_signals_interrupt`.

    Only where they would raise KeyboardInterrupt otherwise: not where they are ignored, not outside of the main thread.
    """
    stop = Stop()
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *_SENT)}
        handlers = {
            n: handler for n, handler in handlers.items() if handler in (signal.default_int_handler, _terminate)
        }

    def press(number: int, frame: FrameType | None) -> None:
        if stop.pressed:
            stop.at_once = True
            raise _interrupt(number)
        stop.pressed, stop.number = True, number

    for number in handlers:
        signal.signal(number, press)
    try:
        yield stop
    except KeyboardInterrupt:
        if not stop.pressed:
            raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if stop.pressed:
        raise _interrupt(stop.number)


def _interrupt(number: int) -> KeyboardInterrupt:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
