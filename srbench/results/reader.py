"""The results folder for those who read it: reports, gates, comparisons. Nothing in the folder is changed.

Folders of every schema up to today's are read as they are: what an older one lacks has its default.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, create_engine, event, func, inspect, select
from sqlalchemy.exc import DatabaseError

from srbench.errors import StoreError
from srbench.records import Canary, CellFacts, Outcome, Score, Timing
from srbench.results import schema
from srbench.results.facts import Fallback, FolderFacts
from srbench.results.schema import FILE

BUSY_TIMEOUT = 60  # seconds to wait while another process writes


@dataclass(frozen=True)
class Run:
    """One run. ``status``: running, finished or interrupted; ``finished`` is None until it ended. The times are ISO
    8601. ``manifest`` is what :mod:`srbench.run.manifest` wrote."""

    id: int
    started: str
    finished: str | None
    status: str
    manifest: dict[str, Any]
    canaries: tuple[Canary, ...]


@dataclass(frozen=True)
class PlannedCell:
    """A cell that a run planned."""

    cell_id: int
    run_id: int
    facts: CellFacts


@dataclass(frozen=True)
class StoredOutcome:
    """The outcome of a cell, and the run that computed it."""

    cell_id: int
    run_id: int
    outcome: Outcome


@dataclass(frozen=True)
class StoredScore:
    """A score of a cell, and the run that computed it. Its value is NaN unless its status has a value."""

    cell_id: int
    run_id: int
    score: Score


class Reader:
    """The results in ``folder``. Use as a context manager; one instance belongs to one thread.

    Args:
        fallback: asked for the facts of methods, metrics, datasets and protocols that the folder does not hold.

    Raises:
        StoreError: no results there, a newer srbench wrote them, or the file cannot be read.
    """

    def __init__(self, folder: str | Path, *, fallback: Fallback | None = None) -> None:
        self.folder = Path(folder)
        self._fallback = fallback
        path = self.folder / FILE
        if not path.is_file():
            raise StoreError(f"no results in '{folder}'", f"make some with: srbench run --out {folder}")
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _on_connect)
        try:
            with self._connection() as connection:
                schema.version(connection, self.folder)
                found = inspect(connection)
                tables = set(found.get_table_names())
                self._columns = {
                    table.name: {column["name"] for column in found.get_columns(table.name)}
                    for table in schema.metadata.sorted_tables
                    if table.name in tables
                }
        except StoreError:
            self._engine.dispose()
            raise

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DatabaseError as error:
            reason = str(error.orig).splitlines()[0]
            raise StoreError(f"'{self.folder / FILE}': {reason}", "check the file and your rights to it") from error

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @cached_property
    def facts(self) -> FolderFacts:
        """What the folder's methods, metrics, datasets and protocols are."""
        return FolderFacts((run.manifest for run in self.runs()), self._fallback)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        table, canaries = schema.runs, schema.canaries
        names = ("id", "started", "finished", "status", "manifest")
        of_run: dict[int, list[Canary]] = {}
        if canaries.name in self._columns:
            own = _names(Canary)
            for number, *values in self._rows(select(canaries.c.run_id, *(canaries.c[name] for name in own))):
                of_run.setdefault(number, []).append(Canary(*values))
        rows = self._rows(select(*(table.c[name] for name in names)).order_by(table.c.id))
        return [
            Run(number, started, finished, status, json.loads(manifest), tuple(of_run.get(number, ())))
            for number, started, finished, status, manifest in rows
        ]

    def planned(self) -> list[PlannedCell]:
        """One per planned cell of every run, oldest run first."""
        cells, plans = schema.cells, schema.plans
        names = self._present(cells, _names(CellFacts))
        query = (
            select(cells.c.id, plans.c.run_id, *(cells.c[name] for name in names))
            .join(plans, plans.c.cell_id == cells.c.id)
            .order_by(plans.c.run_id, cells.c.id)
        )
        return [
            PlannedCell(cell, run, CellFacts(**dict(zip(names, values, strict=True))))
            for cell, run, *values in self._rows(query)
        ]

    def outcomes(self) -> list[StoredOutcome]:
        """The newest outcome of every cell."""
        table = schema.outcomes
        names = self._present(table, _names(Outcome))
        newest = select(func.max(table.c.id)).group_by(table.c.cell_id)
        query = select(table.c.cell_id, table.c.run_id, *(table.c[name] for name in names))
        return [
            StoredOutcome(cell, run, Outcome(**dict(zip(names, values, strict=True))))
            for cell, run, *values in self._rows(query.where(table.c.id.in_(newest)).order_by(table.c.id))
        ]

    def scores(self) -> list[StoredScore]:
        """The newest score of every cell and metric."""
        table = schema.scores
        newest = select(func.max(table.c.id)).group_by(table.c.cell_id, table.c.metric)
        names = ("cell_id", "run_id", "metric", "metric_version", "value", "status")
        query = select(*(table.c[name] for name in names)).where(table.c.id.in_(newest)).order_by(table.c.id)
        extra = self._extra()
        found = []
        for cell, run, metric, version, value, status in self._rows(query):
            number = math.nan if value is None else value
            score = Score(metric, version, number, status, extra.get((cell, metric, run), ""))
            found.append(StoredScore(cell, run, score))
        return found

    def _extra(self) -> dict[tuple[int, str, int], str]:
        """What scores have besides their value, by cell, metric and run."""
        table = schema.details
        if table.name not in self._columns:
            return {}
        query = select(table.c.cell_id, table.c.metric, table.c.run_id, table.c.content).order_by(table.c.id)
        return {(cell, metric, run): content for cell, metric, run, content in self._rows(query)}

    def timings(self) -> list[Timing]:
        """All timings, oldest first; none from a folder that never had any."""
        table = schema.timings
        if table.name not in self._columns:
            return []
        found = [Timing(**json.loads(record)) for (record,) in self._rows(select(table.c.record).order_by(table.c.id))]
        return [replace(timing, seconds=tuple(timing.seconds)) for timing in found]

    def _present(self, table: Table, names: Sequence[str]) -> list[str]:
        """Those columns that a folder of this age has."""
        return [name for name in names if name in self._columns[table.name]]

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with self._connection() as connection:
            return connection.execute(query).all()


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000}")
    connection.execute("PRAGMA query_only = ON")


def _names(record: type[CellFacts | Outcome | Canary]) -> list[str]:
    return [field.name for field in fields(record)]
