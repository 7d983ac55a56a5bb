"""The results folder for those who write to it: one SQLite file, beside it the kept SR images and the manifests of the
runs. Reports and gates read it through :class:`srbench.results.reader.Reader`.

Rows are only ever added. A score belongs to a cell (:class:`srbench.records.CellFacts`) and a metric version; means,
ranks and pictures are derived later. What a report shows of a cell is decided by the runs: the newest run that
planned a method on an image says which version of the method that is, so nothing stale is shown.

Cells are committed as they are done (fast ones several at once), and several processes may write to one folder at once.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, create_engine, event, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from srbench.errors import SrbenchWarning, StoreError
from srbench.files import new_file, remove_parts, writing_into
from srbench.records import Canary, CellFacts, CellState, Entry, Known, Outcome, Score, ScoreState, Timing
from srbench.results import claims, dropping, schema
from srbench.results.dropping import Kind, Removal
from srbench.results.folder import FILE, database, require_tables, trouble
from srbench.results.holders import Holder
from srbench.results.schema import canaries as _canaries
from srbench.results.schema import details as _details
from srbench.results.schema import outcomes as _outcomes
from srbench.results.schema import runs as _runs
from srbench.results.schema import scores as _scores
from srbench.results.schema import timings as _timings

if TYPE_CHECKING:
    from srbench.metrics import Metric

TELL_AFTER = 2  # seconds of waiting after which it is said
BUSY_TIMEOUT = 60  # seconds to wait while another process writes
_FEW = 500  # cells

_COLUMNS = ("key", *CellFacts.__dataclass_fields__)
_ENTER_CELL = (
    f"INSERT INTO cells ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT DO NOTHING"
)
_ENTER_PLAN = "INSERT INTO plans (run_id, cell_id) VALUES (?, ?) ON CONFLICT DO NOTHING"

_scored = select(_scores.c.cell_id, _scores.c.metric, _scores.c.metric_version).where(
    _scores.c.status != ScoreState.ERROR
)


class OvertakenError(Exception):
    """Another run has been entered since the names of a manifest were chosen, and one of the names is another thing's
    there."""


class Store:
    """The results in ``folder``. Use as a context manager; one instance belongs to one thread."""

    def __init__(self, folder: str | Path, *, create: bool = False) -> None:
        self.folder = Path(folder)
        self._path = self.folder / FILE if create else database(self.folder)
        if self._path.is_symlink() and not self._path.exists():  # results that are elsewhere are not begun anew there
            raise StoreError(
                f"'{self._path}' is a link to '{self._path.readlink()}', where nothing is",
                "put the file back there, or remove the link",
            )
        with writing_into(folder, "choose another --out", StoreError):
            self.folder.mkdir(parents=True, exist_ok=True)
            if (
                create and not self._path.exists()
            ):  # others may read the folder at this moment: never without its tables
                new_file(self._path, schema.empty())
        # Not as a text: in an URL, '?', '#' and '%' of a folder's name mean something else.
        url = URL.create("sqlite", database=str(self._path.absolute()))
        self._engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
        event.listen(self._engine, "connect", _on_connect)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        self._holders: list[Holder] = []  # of the runs that it started
        self._data_version: int | None = None
        try:
            with self._transaction() as connection:
                self._open(connection, create)
        except StoreError:
            self._engine.dispose()
            raise

    def _open(self, connection: Connection, create: bool) -> None:
        tables = inspect(connection).get_table_names()
        if create and not tables:
            schema.create(connection)
        else:  # never made anew where one is missing: what it held is gone
            require_tables(self._path, tables)
        schema.upgrade(connection, schema.version(connection, self.folder))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OperationalError, DatabaseError) as error:
            raise trouble(self._path, error.orig or error) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        for holder in self._holders:  # though the file may be where nothing can be written any more
            holder.end()
        self._engine.dispose()

    # -- writing ---------------------------------------------------------------------------------------------

    def start_run(
        self,
        manifest: dict[str, Any],
        *,
        seen: int | None = None,
        clashes: Callable[[Sequence[dict[str, Any]]], bool] = lambda manifests: bool(manifests),
    ) -> int:
        """Enter a run, with this process as the one that it goes on in; remove what killed ones have left.

        ``manifest`` is given an ``origin``, by which the run is known again where folders are merged.

        Args:
            seen: the newest run that was there when the manifest's names were chosen.
            clashes: whether the manifests of the runs after it use one of those names for something else.

        Raises:
            OvertakenError: they do. Nothing is entered; looking and entering are one step for all processes.
        """
        manifest["origin"] = secrets.token_hex(16)
        with self._transaction() as connection:
            if seen is not None:
                newer = connection.execute(select(_runs.c.manifest).where(_runs.c.id > seen).order_by(_runs.c.id))
                if clashes([json.loads(text) for text in newer.scalars()]):
                    raise OvertakenError
            if not claims.end_dead_runs(connection):
                for own in ("images", "runs"):  # nobody but runs writes there
                    remove_parts(self.folder / own)
            row = insert(_runs).values(started=_now(), status="running", manifest=json.dumps(manifest))
            key = connection.execute(row).inserted_primary_key
            assert key is not None
            self._holders.append(claims.hold(connection, int(key[0])))
        return int(key[0])

    def finish_run(self, run_id: int, status: str, manifest: dict[str, Any]) -> None:
        values = {"finished": _now(), "status": status, "manifest": json.dumps(manifest)}
        with self._transaction() as connection:
            connection.execute(update(_runs).where(_runs.c.id == run_id).values(**values))
            claims.let_go(connection, run_id)

    def amend_run(self, run_id: int, manifest: dict[str, Any]) -> None:
        """Replace the manifest of a run that goes on: it may be killed before its end."""
        with self._transaction() as connection:
            connection.execute(update(_runs).where(_runs.c.id == run_id).values(manifest=json.dumps(manifest)))

    def plan(self, run_id: int, cells: Sequence[CellFacts]) -> dict[str, int]:
        """Register a run's cells; returns the id of each by key."""
        if not cells:
            return {}
        ids: dict[str, int] = {}
        with self._transaction() as connection:
            for chunk in _chunks(cells):  # the rows of a million cells at once would fill the memory
                # By the driver: SQLAlchemy takes several times as long for each value.
                connection.exec_driver_sql(_ENTER_CELL, [(facts.key, *facts.values().values()) for facts in chunk])
                marks = ", ".join("?" * len(chunk))
                query = f"SELECT key, id FROM cells WHERE key IN ({marks})"
                rows = connection.exec_driver_sql(query, tuple(facts.key for facts in chunk))
                found: dict[str, int] = {key: number for key, number in rows}  # noqa: C416
                connection.exec_driver_sql(_ENTER_PLAN, [(run_id, number) for number in found.values()])
                ids.update(found)
        return ids

    def record(self, run_id: int, entries: Sequence[Entry], *, again: bool = False) -> None:
        """Add the outcomes and scores of some cells in one transaction, and end the run's claims of them.

        What another process added meanwhile is not added twice, unless ``again`` (``--force``) asks for it.
        """
        ids = [entry.cell_id for entry in entries]
        with self._transaction() as connection:
            images: set[tuple[int, str]] = set()
            newest: dict[tuple[int, str], int] = {}  # versions; a metric that raised is tried again
            for chunk in () if again else _chunks(ids):
                done = select(_outcomes.c.cell_id, _outcomes.c.sr_path).where(_outcomes.c.status == CellState.OK)
                images |= {
                    (cell, path) for cell, path in connection.execute(done.where(_outcomes.c.cell_id.in_(chunk)))
                }
                query = _scored.where(_scores.c.cell_id.in_(chunk)).order_by(_scores.c.id)
                newest.update(((cell, metric), version) for cell, metric, version in connection.execute(query))
            outcomes = [
                {"run_id": run_id, "cell_id": entry.cell_id, **vars(entry.outcome)}
                for entry in entries
                if entry.outcome is not None
                and not (entry.outcome.status == CellState.OK and (entry.cell_id, entry.outcome.sr_path) in images)
            ]
            fresh = [
                (e.cell_id, s) for e in entries for s in e.scores if newest.get((e.cell_id, s.metric)) != s.version
            ]
            scores = [_score_row(run_id, cell, score) for cell, score in fresh]
            extra = [_score_key(run_id, cell, score) | {"content": score.extra} for cell, score in fresh if score.extra]
            for table, rows in ((_outcomes, outcomes), (_scores, scores), (_details, extra)):
                if rows:
                    connection.execute(insert(table), rows)
            claims.release(connection, ids, run_id)

    def add_canaries(self, run_id: int, canaries: Sequence[Canary]) -> None:
        if not canaries:
            return
        with self._transaction() as connection:
            connection.execute(insert(_canaries), [{"run_id": run_id, **asdict(canary)} for canary in canaries])

    def add_timings(self, run_id: int, timings: Sequence[Timing]) -> None:
        """Append the timings of a run."""
        rows = [
            {name: getattr(timing, name) for name in ("method", "method_hash", "subject", "scale")}
            | {"run_id": run_id, "record": json.dumps(asdict(timing))}
            for timing in timings
        ]
        if rows:
            with self._transaction() as connection:
                connection.execute(insert(_timings), rows)

    def drop(self, kind: Kind, name: str, *, look: bool = False) -> Removal:
        """Take a run, a plan, a method, a dataset or a metric out of the folder, with its images; with ``look``, only
        say what would go.

        Raises:
            StoreError, UnknownNameError: as :func:`srbench.results.dropping.drop`; a file cannot be removed.
        """
        with self._transaction() as connection:
            step = connection.begin_nested()
            removal = dropping.drop(connection, kind, name)
            if look:
                step.rollback()
        if not look:
            with writing_into(self.folder, "check your rights to it", StoreError):
                dropping.clear(self.folder, removal)
        return removal

    # -- what a run needs to know to go on ---------------------------------------------------------------------

    def known(self, cell_ids: Sequence[int]) -> dict[int, Known]:
        """What is already there of each cell; of a metric the newest version alone, for that is shown."""
        outcomes: dict[int, Outcome] = {}
        metrics: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
        with self._transaction() as connection:
            for chunk in _chunks(_with_something(connection, cell_ids)):
                rows = select(_outcomes).where(_outcomes.c.cell_id.in_(chunk)).order_by(_outcomes.c.id)
                for row in connection.execute(rows).mappings():
                    outcomes[row["cell_id"]] = _outcome(row)
                query = _scored.add_columns(_scores.c.status).where(_scores.c.cell_id.in_(chunk))
                for number, metric, version, status in connection.execute(query.order_by(_scores.c.id)):
                    metrics[number][metric] = version, status
        nothing = Known(None, {})
        known = {
            number: Known(outcomes.get(number), {(name, v): status for name, (v, status) in metrics[number].items()})
            for number in outcomes.keys() | metrics.keys()
        }
        return {number: known.get(number, nothing) for number in cell_ids}

    def values(self, cell_ids: Sequence[int], metric: Metric) -> dict[int, float]:
        """The newest finite values of one metric, by cell."""
        found: dict[int, float] = {}
        with self._transaction() as connection:
            for chunk in _chunks(cell_ids):
                rows = (
                    select(_scores.c.cell_id, _scores.c.value)
                    .where(_scores.c.cell_id.in_(chunk), _scores.c.metric == metric.name)
                    .where(_scores.c.metric_version == metric.version, _scores.c.status == ScoreState.OK)
                    .order_by(_scores.c.id)
                )
                found.update((number, value) for number, value in connection.execute(rows))
        return found

    def changed_elsewhere(self) -> bool:
        """Whether another process has written since the last call; before the first one it may have."""
        raw = self._engine.raw_connection()
        try:
            version = raw.driver_connection.execute("PRAGMA data_version").fetchone()[0]  # type: ignore[union-attr]
        finally:
            raw.close()
        changed: bool = version != self._data_version
        self._data_version = version
        return changed


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    # With the driver's own transactions off, BEGIN IMMEDIATE of the 'begin' event takes the write lock at once,
    # so that check-then-insert is one step for all processes.
    connection.isolation_level = None
    # A killed process loses nothing that was committed; with a write-ahead log only a power cut may lose the last
    # commits.
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if _write_ahead(connection) else 'FULL'}")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    # Keys are random: the index of a million cells is written all over, and SQLite's own 2 MB would be read anew.
    connection.execute("PRAGMA cache_size = -131072")  # KiB


def _write_ahead(connection: sqlite3.Connection) -> bool:
    """Switch to a write-ahead log, unless the file is in that mode; False where there can be none: if the file cannot
    be written at all, the next statement says so. Waits for other processes, and says so after a while."""
    begin, told = time.monotonic(), False
    connection.execute("PRAGMA busy_timeout = 50")
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return False
            waited = time.monotonic() - begin
            if waited > BUSY_TIMEOUT:
                raise
            if waited > TELL_AFTER and not told:
                warnings.warn("waiting for another process that uses the results", SrbenchWarning, stacklevel=2)
                told = True
            time.sleep(0.05)


def _with_something(connection: Connection, cell_ids: Sequence[int]) -> list[int]:
    """Those of many cells that have an outcome or a score: a plan begins with none, and looking for each takes long."""
    if len(cell_ids) <= _FEW:
        return list(cell_ids)
    found: set[int] = set()
    for table in ("outcomes", "scores"):
        query = f"SELECT DISTINCT cell_id FROM {table} WHERE cell_id BETWEEN ? AND ?"
        found |= {row[0] for row in connection.exec_driver_sql(query, (min(cell_ids), max(cell_ids)))}
    return [number for number in cell_ids if number in found]


def _score_row(run_id: int, cell_id: int, score: Score) -> dict[str, Any]:
    """A row of ``scores``."""
    value = score.value if score.status == ScoreState.OK else None
    return _score_key(run_id, cell_id, score) | {"value": value, "status": score.status}


def _score_key(run_id: int, cell_id: int, score: Score) -> dict[str, Any]:
    return {"run_id": run_id, "cell_id": cell_id, "metric": score.metric, "metric_version": score.version}


def _outcome(row: Any) -> Outcome:
    return Outcome(**{name: row[name] for name in Outcome.__annotations__})


def _chunks(values: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    return (values[i : i + size] for i in range(0, len(values), size))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
