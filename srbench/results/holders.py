"""Who writes a run: the process, as far as another one can tell whether it is still there."""

from __future__ import annotations

import os
import platform
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

BEAT_EVERY = 30.0  # seconds between two signs of life of a run
LEASE = 300.0  # seconds after the last sign of life of a run from which on it is taken for ended
ENDED_EARLY = "ended early"  # what a run is whose process is gone though it was not finished


@dataclass(frozen=True)
class Holder:
    """The process of a run. ``host`` and ``process`` together name one of all that ever were; ``beat`` is the time of
    its last sign of life, in seconds since 1970."""

    host: str
    process: str
    beat: float

    @property
    def is_gone(self) -> bool:
        """Whether it does not run any more: it is looked for on this machine; elsewhere, and where it is there but does
        nothing, the last sign of life decides."""
        if time.time() - self.beat > LEASE:
            return True
        boot, namespace, process = self.process.split(" ")
        if self.host != platform.node():
            return False
        if boot != _boot():  # the machine was started anew
            return True
        if namespace != _namespace():
            return False
        mine = process.startswith(f"{os.getpid()}:")
        return self.process not in _of_this_process if mine else not _runs(process)

    def end(self) -> None:
        """Say that what it writes is over, though this process is still there."""
        _of_this_process.discard(self.process)


_of_this_process: set[str] = set()  # that are not over


def this_process() -> Holder:
    """A holder in this process, alive now."""
    process = f"{_boot()} {_namespace()} {os.getpid()}:{_start(os.getpid())}:{secrets.token_hex(4)}"
    _of_this_process.add(process)
    return Holder(platform.node(), process, time.time())


def _runs(process: str) -> bool:
    number, start, _ = process.split(":")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return _start(int(number)) == start


def _start(number: int) -> str:
    """When a process was started, so that a number that is used again is not taken for it; empty where the system does
    not say, or if it is a zombie."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
