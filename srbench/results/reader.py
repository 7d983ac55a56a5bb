"""The results folder for those who read it: reports, gates, comparisons. Nothing in the folder is changed.

Folders of every schema up to today's are read as they are: what an older one lacks has its default.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from srbench.errors import StoreError
from srbench.records import Canary, CellFacts, Outcome, Score, Timing
from srbench.results.facts import Fallback, FolderFacts
from srbench.results.folder import FILE, refuse_newer

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
        self._database = sqlite3.connect(path, timeout=BUSY_TIMEOUT)
        try:
            self._rows("PRAGMA query_only = ON")
            tables = [name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
            self._columns = {name: [row[1] for row in self._rows(f"PRAGMA table_info({name})")] for name in tables}
            names = self._present("meta", _META) or _META[:1]  # of a file that is no results folder: "no such table"
            ((found, *writer),) = self._rows(f"SELECT {', '.join(names)} FROM meta")
            refuse_newer(self.folder, found, "".join(writer))
        except StoreError:
            self._database.close()
            raise

    def _rows(self, query: str) -> list[Any]:
        try:
            return self._database.execute(query).fetchall()
        except sqlite3.DatabaseError as error:
            reason = f"'{self.folder / FILE}': {error}"
            raise StoreError(reason, "check the file and your rights to it") from error

    def _present(self, table: str, names: Sequence[str]) -> list[str]:
        """Those columns that a folder of this age has."""
        columns = self._columns.get(table, ())
        return [name for name in names if name in columns]

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @cached_property
    def facts(self) -> FolderFacts:
        """What the folder's methods, metrics, datasets and protocols are."""
        return FolderFacts((run.manifest for run in self.runs()), self._fallback)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        of_run: dict[int, list[Canary]] = {}
        if "canaries" in self._columns:
            query = f"SELECT run_id, {', '.join(_names(Canary))} FROM canaries ORDER BY id"
            for number, *values in self._rows(query):
                of_run.setdefault(number, []).append(Canary(*values))
        rows = self._rows("SELECT id, started, finished, status, manifest FROM runs ORDER BY id")
        return [
            Run(number, started, finished, status, json.loads(manifest), tuple(of_run.get(number, ())))
            for number, started, finished, status, manifest in rows
        ]

    def planned(self) -> list[PlannedCell]:
        """One per planned cell of every run, oldest run first."""
        names = self._present("cells", _names(CellFacts))
        query = f"SELECT id, run_id, {', '.join(names)} FROM cells JOIN plans ON cell_id = id ORDER BY run_id, id"
        return [
            PlannedCell(cell, run, CellFacts(**dict(zip(names, values, strict=True))))
            for cell, run, *values in self._rows(query)
        ]

    def variants(self) -> set[tuple[str, str]]:
        """The methods of all cells, each with its options as JSON."""
        return set(self._rows("SELECT DISTINCT method, options FROM cells"))

    def degradations(self) -> list[str]:
        """The degradations of all cells, as their keys have them; that of the newest run last."""
        query = "SELECT degradation, max(run_id) FROM cells JOIN plans ON cell_id = id GROUP BY degradation ORDER BY 2"
        return [key for key, _ in self._rows(query)]

    def outcomes(self) -> list[StoredOutcome]:
        """The newest outcome of every cell."""
        names = self._present("outcomes", _names(Outcome))
        newest = "SELECT max(id) FROM outcomes GROUP BY cell_id"
        query = f"SELECT cell_id, run_id, {', '.join(names)} FROM outcomes WHERE id IN ({newest}) ORDER BY id"
        return [
            StoredOutcome(cell, run, Outcome(**dict(zip(names, values, strict=True))))
            for cell, run, *values in self._rows(query)
        ]

    def scores(self) -> list[StoredScore]:
        """The newest score of every cell and metric."""
        newest = "SELECT max(id) FROM scores GROUP BY cell_id, metric"
        columns = "cell_id, run_id, metric, metric_version, value, status"
        extra = self._extra()
        found = []
        for cell, run, metric, version, value, status in self._rows(
            f"SELECT {columns} FROM scores WHERE id IN ({newest}) ORDER BY id"
        ):
            number = math.nan if value is None else value
            score = Score(metric, version, number, status, extra.get((cell, metric, run), ""))
            found.append(StoredScore(cell, run, score))
        return found

    def _extra(self) -> dict[tuple[int, str, int], str]:
        """What scores have besides their value, by cell, metric and run."""
        if "score_details" not in self._columns:
            return {}
        rows = self._rows("SELECT cell_id, metric, run_id, content FROM score_details ORDER BY id")
        return {(cell, metric, run): content for cell, metric, run, content in rows}

    def timings(self) -> list[Timing]:
        """All timings, oldest first; none from a folder that never had any."""
        if "timings" not in self._columns:
            return []
        found = [Timing(**json.loads(record)) for (record,) in self._rows("SELECT record FROM timings ORDER BY id")]
        return [replace(timing, seconds=tuple(timing.seconds)) for timing in found]


_META = ("schema_version", "written_by")


def _names(record: type[CellFacts | Outcome | Canary]) -> list[str]:
    return [field.name for field in fields(record)]
