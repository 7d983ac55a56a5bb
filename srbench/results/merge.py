"""Several results folders made one: what each of several machines computed of a run, or what was run apart.

Everything is added and nothing is chosen: runs keep their plans, scores their runs. Cells have their content for a key,
so equal cells of two folders fall together, and what was merged before is known again by the number that each run was
given when it began.

The merged tables are built in a file of their own and put into the folder in one transaction, after the images: a
merge that is killed leaves the folder as it was, with some more images, and the same command does it again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from srbench.errors import StoreError
from srbench.files import write_text, writing, writing_into
from srbench.results import merged_files, opening
from srbench.results.folder import FILE, goes_on, trouble
from srbench.results.holders import Holder
from srbench.results.reader import Reader, Run
from srbench.results.store import Store

Told = Callable[[str, int, int], None]  # what is being done, how many of how many
Agree = Callable[[Sequence[tuple[Path, Sequence[Run]]]], None]  # raises where folders with such runs cannot be one


@dataclass
class Merged:
    """What a merge did. ``missing`` are images that a folder tells of and does not hold."""

    folders: int
    runs: int = 0
    cells: int = 0
    scores: int = 0
    new_scores: int = 0
    images: int = 0
    missing: list[str] = field(default_factory=list)


@dataclass
class _Source:
    """A folder that is merged: its tables as today's schema has them, in a file of this process's own."""

    folder: Path
    tables: Path
    runs: list[Run]
    origins: dict[int, str]  # what identifies each of its runs in all folders
    paths: dict[str, str] = field(default_factory=dict)  # files of images that have another name in the merged folder


def merge(sources: Sequence[Path], out: Path, told: Told = lambda *_: None, agree: Agree = lambda _: None) -> Merged:
    """Put what ``sources`` hold into the results folder ``out``, beside what is there; nothing of them changes.

    Of a cell that two folders computed all outcomes and scores are kept; of the same run in two folders (which were
    merged before) each once. Runs are numbered anew, in the order in which they began.

    Args:
        agree: asked once all folders are read, ``out`` first if it holds results, and nothing is written.

    Raises:
        StoreError: a folder is none, is damaged, is of a newer srbench, is ``out`` itself, or a run goes on in it; or
            ``out`` cannot be written, or was written to meanwhile.
    """
    for source in sources:
        if source.resolve() == out.resolve():
            raise StoreError(f"'{source}' cannot be merged into itself", "name another folder with --out")
    folders = list({folder.resolve(): folder for folder in sources}.values())
    with tempfile.TemporaryDirectory() as place:
        found = []
        for number, folder in enumerate(folders):
            told("reading folders", number, len(folders))
            found.append(_read(folder, Path(place, str(number))))
        before = _read(out, Path(place, "out")) if (out / FILE).is_file() else None
        everything = found if before is None else [before, *found]
        agree([(source.folder, source.runs) for source in everything])
        with Store(out, create=True):  # of today's schema
            pass
        result = Merged(len(folders))
        old = None if before is None else before.tables
        merged_files.bring(out, [(s.folder, s.tables, s.paths) for s in found], old, result, told)
        tables = Path(place, "merged", FILE)
        with Store(tables.parent, create=True):
            pass
        manifests = _build(tables, everything, told)
        _replace(out, tables, old, result)
        _write_manifests(out, manifests)
    return result


# -- reading -------------------------------------------------------------------------------------------------------


def _read(folder: Path, copy: Path) -> _Source:
    with Reader(folder) as reader:  # sees that it is whole
        reader.require_no_run()
        runs = reader.runs()
    copy.mkdir()
    with writing_into(copy, "free some space where temporary files are", StoreError):
        with closing(opening.connect(folder / FILE)) as database, closing(sqlite3.connect(copy / FILE)) as tables:
            database.backup(tables)
        with Store(copy):  # brings an older schema up to today's
            pass
    return _Source(folder, copy / FILE, runs, {run.id: origin(run) for run in runs})


def origin(run: Run) -> str:
    """What identifies a run in whatever folder it is: a number drawn when it began, or, of a run that an older srbench
    wrote, the hash of what it says of itself."""
    drawn = run.manifest.get("origin")
    if isinstance(drawn, str) and drawn:
        return drawn
    said = json.dumps([run.started, run.manifest], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # of files that only this process needs
    return connection


# -- building ------------------------------------------------------------------------------------------------------


def _build(tables: Path, sources: Sequence[_Source], told: Told) -> dict[int, str]:
    """Fill the empty ``tables`` with what all sources hold; returns the manifests of the runs, each with its status."""
    try:
        with closing(_connect(tables)) as database:
            numbers = _add_runs(database, sources)
            for i, source in enumerate(sources):
                told("merging folders", i, len(sources))
                database.execute("ATTACH ? AS source", (str(source.tables),))
                database.execute("BEGIN")
                _add(database, source, numbers)
                database.execute("COMMIT")
                database.execute("DETACH source")
            rows = database.execute("SELECT id, status, manifest FROM runs ORDER BY id").fetchall()
    except sqlite3.Error as error:
        raise trouble(tables, error) from error
    return {
        number: json.dumps({**json.loads(manifest), "status": status}, indent=2) for number, status, manifest in rows
    }


def _add_runs(database: sqlite3.Connection, sources: Sequence[_Source]) -> dict[str, int]:
    """Enter the runs in the order in which they began; returns their numbers by origin."""
    newest: dict[str, Run] = {}
    for source in sources:
        for run in source.runs:
            own = source.origins[run.id]
            if own not in newest or (run.finished or "") > (newest[own].finished or ""):
                newest[own] = run
    ordered = sorted(newest.items(), key=lambda item: item[1].started)
    for number, (_, run) in enumerate(ordered, 1):
        database.execute(
            "INSERT INTO runs (id, started, finished, status, manifest) VALUES (?, ?, ?, ?, ?)",
            (number, run.started, run.finished, run.status, json.dumps(run.manifest)),
        )
    return {own: number for number, (own, _) in enumerate(ordered, 1)}


_OF_RUN = {  # tables whose rows belong to a run, with the columns beside it; cells are numbered anew
    "plans": ("cell_id",),
    "outcomes": (
        *("cell_id", "status", "message", "traceback", "seconds", "sr_path", "sr_sha256", "host", "handling"),
    ),
    "scores": ("cell_id", "metric", "metric_version", "value", "status"),
    "score_details": ("cell_id", "metric", "metric_version", "content"),
    "timings": ("method", "method_hash", "subject", "scale", "record"),
    "canaries": ("dataset", "scale", "measured", "expected", "verdict", "cause"),
}


def _add(database: sqlite3.Connection, source: _Source, numbers: dict[str, int]) -> None:
    """Add the rows of the attached ``source``, but for those that are there already."""
    execute = database.execute
    execute("CREATE TEMP TABLE run_numbers (old INTEGER PRIMARY KEY, new INTEGER)")
    database.executemany(
        "INSERT INTO run_numbers VALUES (?, ?)", [(run, numbers[own]) for run, own in source.origins.items()]
    )
    names = [row[1] for row in execute("PRAGMA main.table_info(cells)") if row[1] != "id"]
    columns = ", ".join(names)
    execute(f"INSERT OR IGNORE INTO main.cells ({columns}) SELECT {columns} FROM source.cells ORDER BY id")
    execute("CREATE TEMP TABLE cell_numbers (old INTEGER PRIMARY KEY, new INTEGER)")
    execute(
        "INSERT INTO cell_numbers SELECT theirs.id, ours.id FROM source.cells AS theirs "
        "JOIN main.cells AS ours ON ours.key = theirs.key"
    )
    execute("CREATE TEMP TABLE file_names (old TEXT PRIMARY KEY, new TEXT)")
    database.executemany("INSERT INTO file_names VALUES (?, ?)", source.paths.items())
    for table, columns_of in _OF_RUN.items():
        _add_rows(database, table, columns_of)
    for table in ("run_numbers", "cell_numbers", "file_names"):
        execute(f"DROP TABLE temp.{table}")


def _add_rows(database: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
    taken = {
        "cell_id": "cell_numbers.new",
        "sr_path": "coalesce((SELECT new FROM file_names WHERE old = theirs.sr_path), theirs.sr_path)",
        "content": "CASE WHEN json_extract(theirs.content, '$.entropy') IN (SELECT old FROM file_names) THEN json_set("
        "theirs.content, '$.entropy', (SELECT new FROM file_names WHERE old = json_extract(theirs.content, '$.entropy')"
        ")) ELSE theirs.content END",
    }
    values = ["run_numbers.new", *(taken.get(name, f"theirs.{name}") for name in columns)]
    joined = "JOIN run_numbers ON run_numbers.old = theirs.run_id"
    if "cell_id" in columns:
        joined += " JOIN cell_numbers ON cell_numbers.old = theirs.cell_id"
    names = ("run_id", *columns)
    same = " AND ".join(f"ours.{name} IS {value}" for name, value in zip(names, values, strict=True))
    order = "" if table == "plans" else "ORDER BY theirs.id"
    database.execute(
        f"INSERT INTO main.{table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM source.{table} AS theirs {joined} "
        f"WHERE NOT EXISTS (SELECT 1 FROM main.{table} AS ours WHERE {same}) {order}"
    )


# -- putting in place ----------------------------------------------------------------------------------------------


def _replace(out: Path, tables: Path, before: Path | None, result: Merged) -> None:
    """Make ``tables`` the content of a folder's, in one transaction; ``before`` is a copy of what they were."""
    state = _NOTHING
    if before is not None:
        with closing(_connect(before)) as database:
            state = _state(database)
    path = out / FILE
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as database:
            database.execute("ATTACH ? AS merged", (str(tables),))
            database.execute("BEGIN IMMEDIATE")
            _require_nobody(database, out)
            if _state(database) != state:  # by a run that has ended since
                raise StoreError(f"'{out}' was written to while folders were merged into it", "merge again")
            for table in ("claims", "holders", *reversed(_OF_RUN), "cells", "runs"):
                database.execute(f"DELETE FROM main.{table}")
            for table in ("runs", "cells", *_OF_RUN):
                names = [row[1] for row in database.execute(f"PRAGMA merged.table_info({table})")]
                numbered = "id" in names and table not in ("runs", "cells")
                columns = ", ".join(name for name in names if not (numbered and name == "id"))
                order = "run_id, id" if numbered else "rowid"  # what a later run found is newer
                database.execute(
                    f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM merged.{table} ORDER BY {order}"
                )
            counts = [database.execute(f"SELECT count(*) FROM main.{name}").fetchone()[0] for name in _COUNTED]
            result.runs, result.cells, result.scores = counts
            result.new_scores = result.scores - state[-1]
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise trouble(path, error) from error


_COUNTED = ("runs", "cells", "scores")
_NOTHING: tuple[int, ...] = (0, 0, 0, 0)


def _state(database: sqlite3.Connection) -> tuple[int, ...]:
    """What changes whenever a run writes: the last rows, and how many scores there are."""
    newest = ", ".join(f"(SELECT coalesce(max(id), 0) FROM main.{name})" for name in ("runs", "outcomes", "scores"))
    return tuple(database.execute(f"SELECT {newest}, (SELECT count(*) FROM main.scores)").fetchone())


def _require_nobody(database: sqlite3.Connection, out: Path) -> None:
    """Raise StoreError if a run began in the folder since it was read."""
    for run, *values in database.execute("SELECT run_id, host, process, beat FROM main.holders").fetchall():
        if not Holder(*values).is_gone:
            raise goes_on(run, out)


def _write_manifests(out: Path, manifests: dict[int, str]) -> None:
    with writing(out / "runs", "free some space and merge again", StoreError):
        for old in (out / "runs").glob("[0-9]*.json"):
            if not old.stem.isdigit() or int(old.stem) not in manifests:
                old.unlink()
        for number, text in manifests.items():
            write_text(out / "runs" / f"{number:04d}.json", text + "\n")
