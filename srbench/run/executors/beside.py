"""In a dask worker: hand messages to a process beside it, which computes.

A method that crashes, hangs or holds Python's lock for minutes costs that process, and never the dask worker, which
goes on telling its scheduler that it is there. Little is imported here: torch is the other process's.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from srbench.foreign.trial import ending

_STARTED = 300.0  # seconds that a process may take to import what it needs


@dataclass(frozen=True)
class Died:
    """The process's end; ``again``: whether what it was at is to be tried once more."""

    message: str
    again: bool = True


STRANGER: Literal["stranger"] = "stranger"  # this worker does not know the run that it is asked for


class Beside:
    """A process that computes for one run, started anew where it has died."""

    def __init__(self, folder: str | None = None) -> None:
        self._scratch = tempfile.mkdtemp(prefix="srbench-", dir=folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._hello: tuple[str, bytes] | None = None
        self._told = False  # the process knows it
        self._lock = threading.Lock()  # a worker of several threads computes on one

    def ask(self, kind: str, body: bytes, timeout: float | None) -> bytes | Died:
        """Its answer to a message; ``timeout`` are the seconds that it may compute."""
        with self._lock:
            try:
                if self._process is None or self._process.poll() is not None:
                    self._start()
                    self._told = False
                if kind == "group" and not self._told and self._hello is not None:
                    self._exchange(*self._hello, None)  # what is wrong with it is said again of the group
                if kind == "hello":
                    self._hello = kind, body
                self._told |= kind != "blob"
                return self._exchange(kind, body, timeout)
            except (EOFError, OSError):
                return Died(f"the process died: {self._end()}")

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        command = [sys.executable, "-m", "srbench.run.executors.remote", str(theirs.fileno()), self._scratch]
        # A dask worker is a daemon, which multiprocessing lets have no processes.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()
        self._pipe = ours
        if not ours.poll(_STARTED):
            raise EOFError
        ours.recv_bytes()  # it is there

    def _exchange(self, kind: str, body: bytes, timeout: float | None) -> bytes | Died:
        self._pipe.send_bytes(kind.encode())
        self._pipe.send_bytes(body)
        if kind == "group":
            self._pipe.recv_bytes()  # all is loaded, and it begins
            if timeout is not None and not self._pipe.poll(timeout):
                self._end()
                return Died(f"took longer than {timeout:g} s", again=False)
        return self._pipe.recv_bytes()

    def _end(self) -> str:
        """How it ended, or is ended now."""
        if self._process is None:
            return "it was not there"
        self._pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._process.kill()
        code, self._process = self._process.wait(), None
        return ending(code)

    def dismiss(self) -> None:
        """End it, whatever it is at, and remove what it wrote."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)


_beside: dict[str, Beside] = {}  # by run
_dismissed: deque[str] = deque(maxlen=1000)
_table = threading.Lock()


def ask(run: str, kind: str, body: bytes, timeout: float | None) -> bytes | Died | Literal["stranger"]:
    """What the process for ``run`` answers. A task of dask.

    Raises:
        OSError: it cannot be started.
    """
    with _table:
        if run in _dismissed or (run not in _beside and kind == "group"):
            return STRANGER
        if run not in _beside:
            _beside[run] = Beside(_folder())
        found = _beside[run]
    return found.ask(kind, body, timeout)


def dismiss(run: str) -> None:
    """End the process for ``run``."""
    with _table:
        _dismissed.append(run)
        found = _beside.pop(run, None)
    if found is not None:
        found.dismiss()


def _folder() -> str | None:
    """The dask worker's own folder, which is removed with it."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:
        return None


def dask_setup(worker: object) -> None:
    """In a worker that the run itself has started on its machine: Ctrl-C is for the run, which ends it in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
