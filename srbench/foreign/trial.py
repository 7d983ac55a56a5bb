"""Calls of foreign code that are tried in a child process first: they may end the process that they are in."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from multiprocessing.connection import Connection

from srbench.foreign.contained import contained

_wanted: ContextVar[bool] = ContextVar("_wanted", default=False)


@contextmanager
def trials() -> Iterator[None]:
    """Inside, :func:`died_of` tries. Only for a process that may be forked."""
    before = _wanted.set(True)
    try:
        yield
    finally:
        _wanted.reset(before)


def died_of(call: Callable[[], object]) -> str:
    """How a forked child ended that made this call, such as 'the process died: signal 11 (SIGSEGV)'. Empty where the
    call came to an end, with an exception or without, and outside of :func:`trials`. What it prints is not shown."""
    if not _wanted.get():
        return ""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_call, args=(call, theirs), name="srbench")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads hold nothing that it uses
        child.start()
    theirs.close()
    try:
        ended = bool(ours.recv())
    except (EOFError, OSError):
        ended = False
    child.join()
    return "" if ended else f"the process died: {ending(child.exitcode)}"


def _call(call: Callable[[], object], end: Connection) -> None:
    _wanted.set(False)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)  # the threads that this process's had are not here, and would be waited for
    with suppress(Exception), contained():
        call()
    end.send(True)
    os._exit(0)  # whatever the plugin has left to be done at the end


def ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None or code >= 0:
        return f"exit code {code}"
    name = {number.value: number.name for number in signal.Signals}.get(-code, "")
    memory = ", as where memory runs out" if name == "SIGKILL" else ""
    return f"signal {-code} ({name}{memory})"
