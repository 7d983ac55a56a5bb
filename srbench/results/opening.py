"""Open a folder's database for reading, also where nothing may be written, and see that it is whole."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

from srbench.errors import StoreError
from srbench.records import CellState, ScoreState
from srbench.results.folder import damaged, require_tables, trouble

BUSY_TIMEOUT = 60  # seconds to wait while another process writes
_NOT_WRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
_SIDE_FILES = ("-wal", "-journal")  # what was committed but is not yet in the file itself, or is to be taken back


def connect(path: Path) -> sqlite3.Connection:
    """A connection that reads the database at ``path`` and cannot change it.

    SQLite makes files of its own beside a database that it reads. Where it may not, as in a folder of somebody else or
    on a read-only file system, the file is taken to stay as it is; what stands in a log beside it, left by a killed
    process, is read with it from a copy.

    Raises:
        StoreError: it is no database, or cannot be read.
    """
    path = path.absolute()
    try:
        try:
            return _readable(sqlite3.connect(path, timeout=BUSY_TIMEOUT))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NOT_WRITABLE:
                raise
        beside = [path.with_name(path.name + end) for end in _SIDE_FILES]
        if any(file.is_file() and file.stat().st_size for file in beside):
            return _copied(path, beside)
        return _readable(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True))
    except sqlite3.Error as error:
        raise trouble(path, error) from error
    except OSError as error:
        raise StoreError(f"cannot read '{path}' ({error.strerror})", "check your rights to it") from error


def _readable(database: sqlite3.Connection) -> sqlite3.Connection:
    try:
        database.execute("PRAGMA query_only = ON")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the first look at the file
    except BaseException:
        database.close()
        raise
    return database


def _copied(path: Path, beside: list[Path]) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:")
    with tempfile.TemporaryDirectory() as folder:
        for file in (path, *beside):
            if file.is_file():
                shutil.copyfile(file, Path(folder, file.name))
        copy = sqlite3.connect(Path(folder, path.name))
        try:
            copy.backup(memory)
        finally:
            copy.close()
    return _readable(memory)


def check(database: sqlite3.Connection, path: Path) -> None:
    """See that every table is there and holds values of the kinds that srbench writes.

    Every row is read once, so a page that is damaged shows here and not as a table with less in it.

    Raises:
        StoreError: the file is damaged.
    """
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        require_tables(path, tables)
        for table, kinds in _KINDS.items():
            if table not in tables:
                continue
            present = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
            if lacking := sorted(kinds.keys() - present - _LATER):
                raise damaged(path, f"its table '{table}' has no column '{lacking[0]}'")
            own = {name: kind for name, kind in kinds.items() if name in present}
            wrong = ", ".join(f"total({condition.format(name)})" for name, condition in own.items())
            for name, count in zip(own, database.execute(f"SELECT {wrong} FROM {table}").fetchone(), strict=True):
                if count:
                    raise damaged(path, f"{table}.{name} holds what srbench never writes there")
        if database.execute("SELECT 1 FROM plans WHERE cell_id NOT IN (SELECT id FROM cells) LIMIT 1").fetchone():
            raise damaged(path, "cells that were planned are not there")
    except sqlite3.Error as error:
        raise trouble(path, error) from error


def _one_of(values: list[str]) -> str:
    return "coalesce({{0}}, '') NOT IN ({})".format(", ".join(f"'{value}'" for value in values))


_LATER = {"written_by", "lr_sha256", "frames", "precision", "host", "handling"}  # columns that old folders lack
# Conditions that hold of no value that srbench wrote.
_TEXT = "typeof({0}) <> 'text'"
_COUNT = "typeof({0}) <> 'integer' OR {0} < 0"
_SCALE = "typeof({0}) NOT IN ('integer', 'real') OR {0} < 1 OR {0} > 1000000"
_NUMBER = "typeof({0}) NOT IN ('real', 'integer') OR abs({0}) > 1.7976931348623157e308"
_MAYBE_NUMBER = f"{{0}} IS NOT NULL AND ({_NUMBER})"
_OBJECT = "typeof({0}) <> 'text' OR ltrim({0}) NOT LIKE '{{%'"
_OBJECT_OR_EMPTY = f"{_TEXT} OR {{0}} <> '' AND ({_OBJECT})"
_KINDS = {
    "meta": {"schema_version": _COUNT, "written_by": _TEXT},
    "runs": {"id": _COUNT, "started": _TEXT, "finished": f"{{0}} IS NOT NULL AND {_TEXT}", "status": _TEXT}
    | {"manifest": _OBJECT},
    "cells": {"id": _COUNT}
    | dict.fromkeys(("method", "method_hash", "dataset", "image", "image_sha256", "degradation"), _TEXT)
    | dict.fromkeys(("protocol", "protocol_hash", "lr_sha256", "precision"), _TEXT)
    | {"dataset_version": _COUNT, "image_channels": _COUNT, "scale": _SCALE, "frames": _COUNT}
    | {"options": _OBJECT_OR_EMPTY},
    "plans": {"run_id": _COUNT, "cell_id": _COUNT},
    "outcomes": {"id": _COUNT}
    | dict.fromkeys(("message", "traceback", "sr_path", "sr_sha256", "host", "handling"), _TEXT)
    | {"cell_id": _COUNT, "run_id": _COUNT, "seconds": _NUMBER}
    | {"status": _one_of([state.value for state in (CellState.OK, CellState.FAILED, CellState.NOT_SUPPORTED)])},
    "scores": {"id": _COUNT, "cell_id": _COUNT, "run_id": _COUNT, "metric": _TEXT, "metric_version": _COUNT}
    | {"status": _one_of([state.value for state in ScoreState])}
    | {"value": f"CASE status WHEN '{ScoreState.OK.value}' THEN {_NUMBER} ELSE {{0}} IS NOT NULL END"},
    "score_details": {"cell_id": _COUNT, "run_id": _COUNT, "metric": _TEXT, "content": _OBJECT},
    "timings": {"method": _TEXT, "record": _OBJECT},
    "canaries": {"run_id": _COUNT, "dataset": _TEXT, "scale": _SCALE, "verdict": _TEXT, "cause": _TEXT}
    | {"measured": _MAYBE_NUMBER, "expected": _MAYBE_NUMBER},
}
