"""What readers and writers of a results folder share, without the tables' definitions: readers start in less time."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from srbench.errors import StoreError

FILE = "results.sqlite"
SCHEMA_VERSION = 3  # its history: srbench.results.schema
TABLES = ("meta", "runs", "cells", "plans", "outcomes", "scores")  # those that a folder of any age has
_DAMAGED = "restore it from a copy, or begin another folder with --out"
_HINTS = {  # by SQLite's primary result code
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: "free some space and run again: what was scored is kept",
    sqlite3.SQLITE_BUSY: "another process writes to it: try again when it is done",
    sqlite3.SQLITE_LOCKED: "another process writes to it: try again when it is done",
    sqlite3.SQLITE_READONLY: "check your rights to it, or choose another --out",
    sqlite3.SQLITE_CANTOPEN: "check your rights to it and to its folder",
    sqlite3.SQLITE_PERM: "check your rights to it and to its folder",
    sqlite3.SQLITE_IOERR: "check free space, and that the disk is whole",
}


def database(folder: Path) -> Path:
    """The file that holds a folder's results; raises StoreError if there is none."""
    path = folder / FILE
    if path.is_file():
        return path
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"'{folder}' is a file, not a results folder", "name the folder that srbench run wrote into")
    raise StoreError(f"no results in '{folder}'", f"make some with: srbench run --out {shlex.quote(str(folder))}")


def refuse_newer(folder: Path, found: int, written_by: str) -> None:
    """Raise StoreError if schema ``found`` is newer than this srbench's; ``written_by`` is a version or empty."""
    if found > SCHEMA_VERSION:
        writer = f" (srbench {written_by})" if written_by else ""
        raise StoreError(
            f"'{folder}' was written by a newer srbench{writer}: schema {found}, this one reads up to {SCHEMA_VERSION}",
            "update srbench, or use another --out",
        )


def require_tables(path: Path, present: Iterable[str]) -> None:
    """Raise StoreError if one of TABLES is not among those of the file at ``path``: nothing is shown of a part."""
    lacking = [name for name in TABLES if name not in set(present)]
    if lacking == list(TABLES):
        raise StoreError(f"'{path}' holds no results of srbench", _DAMAGED)
    if lacking:
        raise damaged(path, f"it has no table '{lacking[0]}'")


def goes_on(run: int, folder: Path) -> StoreError:
    """The error of what needs a folder that no run writes to."""
    return StoreError(f"run {run} goes on in '{folder}'", "end it first, or wait until it is done")


def damaged(path: Path, what: str) -> StoreError:
    """The error of a file that cannot be what srbench wrote."""
    return StoreError(f"'{path}' is damaged: {what}", _DAMAGED)


def trouble(path: Path, error: BaseException) -> StoreError:
    """What SQLite said of the file at ``path``, in one line, with what can be done about it."""
    lines = str(error).splitlines()
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return StoreError(f"'{path}': {lines[0] if lines else type(error).__name__}", _HINTS.get(code, _DAMAGED))
