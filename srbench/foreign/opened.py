"""Which files foreign code reads while it is loaded: what it computes depends on them, though no import shows them.

Python tells of every file that is opened by it. Not counted are those of the system, of installed packages and of what
these do while they are imported, Python's sources (:mod:`srbench.sources` reads the imports), and files that the code
writes itself.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from srbench.foreign.loading import PREFIX

_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/System", "/Library")
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dylib")


@dataclass
class _Record:
    thread: int
    outermost: FrameType
    read: dict[str, None] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)


_records: list[_Record] = []  # those that are being kept
_hooked = False
_files: dict[str, set[Path]] = {}  # by module


def files_of(module: str) -> set[Path]:
    """What is known to be read by a module's things, to be added to; all modules of a plugin's file have one set."""
    return _files.setdefault(_plugin_of(module), set())


def forget(module: str) -> None:
    """The module is read anew."""
    _files.pop(_plugin_of(module), None)


def _plugin_of(module: str) -> str:
    return module.partition(".")[0] if module.startswith(PREFIX) else module


@contextmanager
def recorded(files: set[Path]) -> Iterator[None]:
    """Add to ``files`` what this thread reads inside; absolute paths of files that are still there at the end."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    record = _Record(threading.get_ident(), sys._getframe(2))  # that of the with statement
    _records.append(record)
    try:
        with _safetensors_told():
            yield
    finally:
        _records.remove(record)
        files |= {Path(name) for name in record.read if name not in record.written and _counts(name)}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _records:
        _note(*arguments[:3])


def _note(name: Any, mode: Any, flags: Any) -> None:
    if not isinstance(name, str | bytes | os.PathLike):  # a number: opened before
        return
    path = os.path.abspath(os.fsdecode(name))  # noqa: PTH100  # cheap, and follows no link
    writes = any(letter in (mode or "") for letter in "wax+") or bool(
        isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
    )
    for record in _records:
        if record.thread == threading.get_ident():
            if writes:
                record.written.add(path)
            elif not _while_imported(record.outermost):
                record.read[path] = None


def _while_imported(outermost: FrameType) -> bool:
    """Whether a module that is no plugin's own is being imported: that happens once in a process."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame is not outermost:
        if frame.f_code.co_name == "<module>" and not str(frame.f_globals.get("__name__", "")).startswith(PREFIX):
            return True
        frame = frame.f_back
    return False


def _counts(name: str) -> bool:
    path = Path(name)
    return (
        path.suffix not in _CODE
        and path.is_file()
        and not any(path.is_relative_to(folder) for folder in _not_its_own())
        and not any(path.resolve().is_relative_to(folder) for folder in _not_its_own())
    )


@cache
def _not_its_own() -> Sequence[Path]:
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parents[1])]
    return [*map(Path, _SYSTEM), *(Path(folder).resolve() for folder in folders)]


@contextmanager
def _safetensors_told() -> Iterator[None]:
    """Files that safetensors reads are opened by compiled code, which tells nobody."""
    module: Any = sys.modules.get("safetensors.torch")
    if module is None:
        yield
        return
    real = module.safe_open

    def told(filename: Any, *arguments: Any, **options: Any) -> Any:
        _note(filename, "r", 0)
        return real(filename, *arguments, **options)

    module.safe_open = told
    try:
        yield
    finally:
        module.safe_open = real
