"""The results folder for those who read it: reports, gates, comparisons. Nothing in the folder is changed.

Folders of every schema up to today's are read as they are: what an older one lacks has its default.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from srbench.records import Canary, CellFacts, CellState, Outcome, Score, Timing
from srbench.results import opening
from srbench.results.facts import Fallback, FolderFacts
from srbench.results.folder import damaged, database, goes_on, refuse_newer, require_tables, trouble
from srbench.results.holders import ENDED_EARLY, Holder
from srbench.results.shapes import OBJECT, Shape
from srbench.results.written import DETAIL, MANIFEST, TIMING


@dataclass(frozen=True)
class Run:
    """One run. ``status``: running, finished, interrupted, or ended early (its process is gone); ``finished`` is None
    unless it ended in order. The times are ISO 8601. ``manifest`` is what :mod:`srbench.run.manifest` wrote."""

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


class CellRow(NamedTuple):
    """A cell that is shown, with how it ended; ``outcome`` is empty where it has not. ``run_id`` is the run that
    planned it, ``degradation`` its name without a version."""

    cell_id: int
    run_id: int
    image: str
    image_sha256: str
    outcome: str
    message: str
    sr_path: str
    sr_sha256: str
    handling: str
    method: str
    method_hash: str
    dataset: str
    dataset_version: int
    scale: float
    degradation: str
    protocol: str
    protocol_hash: str
    options: str


class ScoreRow(NamedTuple):
    """The newest score of a cell and a metric; ``value`` is NaN unless ``status`` has a value, ``extra`` is JSON."""

    cell_id: int
    run_id: int
    metric: str
    version: int
    value: float
    status: str
    extra: str


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
        self._path = database(self.folder)
        self._database = opening.connect(self._path)
        try:
            tables = [name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
            self._columns = {name: [row[1] for row in self._rows(f"PRAGMA table_info({name})")] for name in tables}
            self._refuse_newer()
            opening.check(self._database, self._path)
        except BaseException:
            self._database.close()
            raise

    def _refuse_newer(self) -> None:
        names = self._present("meta", _META)
        if "schema_version" not in names:
            require_tables(self._path, self._columns)
        rows = self._rows(f"SELECT {', '.join(names)} FROM meta") if names else []
        if len(rows) != 1 or not isinstance(rows[0][0], int):
            raise damaged(self._path, "it does not say which version of srbench wrote it")
        refuse_newer(self.folder, rows[0][0], "".join(map(str, rows[0][1:])))

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise trouble(self._path, error) from error

    def _each(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """As :meth:`_rows`, one after the other."""
        try:
            yield from self._database.execute(query, values)
        except sqlite3.Error as error:
            raise trouble(self._path, error) from error

    def _object(self, text: str, what: str, shape: Shape = OBJECT) -> dict[str, Any]:
        """A JSON object of the folder."""
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise damaged(self._path, f"{what} is no JSON object")
        if wrong := shape(content):
            raise damaged(self._path, f"{what}: it{wrong}" if wrong[0] == " " else f"{what}: {wrong.lstrip('.')}")
        return content

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
        alive = self._alive()
        return [
            Run(
                number,
                started,
                finished,
                ENDED_EARLY if status == "running" and number not in alive else status,
                self._object(manifest, f"the manifest of run {number}", MANIFEST),
                tuple(of_run.get(number, ())),
            )
            for number, started, finished, status, manifest in rows
        ]

    def _alive(self) -> set[int]:
        """The runs whose process is there."""
        if "holders" not in self._columns:
            return set()
        rows = self._rows("SELECT run_id, host, process, beat FROM holders")
        return {number for number, *values in rows if not Holder(*values).is_gone}

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

    def cells(self, run_id: int | None = None) -> list[CellRow]:
        """The cells that are shown, with their newest outcomes, in the order in which they were planned.

        Of each method on each dataset these are the cells of the newest run that planned it: a run plans whole
        datasets, so what its newest run no longer planned (a removed image, an old version of the method) is not part
        of the group any more. Runs of slices of one run count as that run. With ``run_id``, the cells of that run.
        """
        where, values = ("", ()) if run_id is None else (" WHERE plans.run_id = ?", (run_id,))
        shared = CellRow._fields[_SHARED]
        own = ("status", "message", "sr_path", "sr_sha256", "handling")
        there = self._present("outcomes", own)
        ended = ", ".join(f"coalesce(outcomes.{name}, '')" if name in there else "''" for name in own)
        newest = "(SELECT max(id) FROM outcomes WHERE cell_id = cells.id)"
        query = (
            f"SELECT cells.id, plans.run_id, image, image_sha256, {ended}, {', '.join(shared)} FROM plans "
            f"JOIN cells ON cells.id = plans.cell_id LEFT JOIN outcomes ON outcomes.id = {newest}{where} "
            "ORDER BY plans.run_id, cells.id"
        )
        # What the images of a method on a dataset share is kept once: it is most of a hundred thousand rows.
        known: dict[tuple[Any, ...], tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
        plans = self._plans()
        newest_plan: dict[tuple[Any, ...], int | str] = {}
        found: list[tuple[CellRow, tuple[Any, ...]]] = []
        for row in self._each(query, *values):
            own = row[_SHARED.start :]
            if own not in known:
                known[own] = self._shared(own)
            common, group = known[own]
            newest_plan[group] = plans.get(row[1], row[1])  # oldest first: the last one counts
            found.append((CellRow(*row[: _SHARED.start], *common), group))
        shown = [row for row, group in found if plans.get(row.run_id, row.run_id) == newest_plan[group]]
        if not plans:
            return shown
        return list({row.cell_id: row for row in shown}.values())  # a slice may have been run twice

    def _plans(self) -> dict[int, str]:
        """What slices of one run have in common, by the number of the run that computes a slice."""
        rows = self._rows("SELECT id, manifest FROM runs WHERE manifest LIKE '%\"shard\"%' ORDER BY id")
        shards = ((run, self._object(text, f"the manifest of run {run}", MANIFEST).get("shard")) for run, text in rows)
        return {run: shard["plan"] for run, shard in shards if shard}

    def _shared(self, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What cells share as a row has it, and what of it says that a newer run replaces an older one."""
        own = dict(zip(CellRow._fields[_SHARED], values, strict=True))
        if own["options"]:
            self._object(own["options"], "what a cell's options are")
        own["degradation"] = own["degradation"].partition("/")[0]
        return tuple(own.values()), tuple(own[name] for name in _GROUP)

    def score_rows(self, *, extras: bool = True) -> list[ScoreRow]:
        """The newest score of every cell and metric, in the order in which they were added; without ``extras``, that
        field is empty, which takes less time."""
        extra = self._extra() if extras else {}
        query = (
            "SELECT cell_id, run_id, metric, metric_version, value, status FROM scores "
            "WHERE id IN (SELECT max(id) FROM scores GROUP BY cell_id, metric) ORDER BY id"
        )
        one: dict[str, str] = {}  # of equal texts
        return [
            ScoreRow(
                *(cell, run, one.setdefault(metric, metric), version, math.nan if value is None else value),
                *(one.setdefault(status, status), extra.get((cell, metric, run), "") if extra else ""),
            )
            for cell, run, metric, version, value, status in self._each(query)
        ]

    def rescored(self) -> list[tuple[int, str, float, float]]:
        """Cells and metrics that have several different values of one version, with the least and the largest: they
        were computed again, or in another folder that was merged into this one."""
        return self._rows(
            "SELECT cell_id, metric, min(value), max(value) FROM scores WHERE value IS NOT NULL "
            "GROUP BY cell_id, metric, metric_version HAVING min(value) < max(value)"
        )

    def scores(self) -> list[StoredScore]:
        """The newest score of every cell and metric."""
        return [
            StoredScore(row.cell_id, row.run_id, Score(row.metric, row.version, row.value, row.status, row.extra))
            for row in self.score_rows()
        ]

    def computed_on(self) -> list[tuple[int, int, str]]:
        """Cells that have an SR image, each with the run that computed the newest and :attr:`Outcome.host` of that."""
        host = "host" if self._present("outcomes", ["host"]) else "''"
        newest = "SELECT max(id) FROM outcomes GROUP BY cell_id"
        return self._rows(
            f"SELECT cell_id, run_id, {host} FROM outcomes WHERE id IN ({newest}) AND status = ?", CellState.OK.value
        )

    def running(self) -> set[int]:
        """Numbers of the runs that go on."""
        return {run.id for run in self.runs() if run.status == "running"}

    def require_no_run(self) -> None:
        """Raise StoreError if a run goes on in the folder."""
        if running := self.running():
            raise goes_on(min(running), self.folder)

    def planned_counts(self) -> list[tuple[int, str, str, str, int, int, int]]:
        """Per run, method, options, dataset and scale (the first five): how many cells it planned, and how many of them
        have a result, of whatever run."""
        ended = "SELECT DISTINCT cell_id FROM outcomes"
        return self._rows(
            "SELECT run_id, method, options, dataset, scale, count(*), count(ended.cell_id) FROM plans "
            f"JOIN cells ON cells.id = plans.cell_id LEFT JOIN ({ended}) AS ended ON ended.cell_id = plans.cell_id "
            "GROUP BY run_id, method, options, dataset, scale ORDER BY run_id, min(cells.id)"
        )

    def timed_counts(self) -> dict[int, int]:
        """How many timings each run has that has any."""
        rows = self._rows("SELECT run_id, count(*) FROM timings GROUP BY run_id") if "timings" in self._columns else []
        return dict(rows)

    def _extra(self) -> dict[tuple[int, str, int], str]:
        """What scores have besides their value, by cell, metric and run."""
        if "score_details" not in self._columns:
            return {}
        rows = self._rows("SELECT cell_id, metric, run_id, content FROM score_details ORDER BY id")
        for *_, content in rows:
            self._object(content, "what a score has beside its value", DETAIL)
        return {(cell, metric, run): content for cell, metric, run, content in rows}

    def timings(self) -> list[Timing]:
        """All timings, oldest first; none from a folder that never had any."""
        if "timings" not in self._columns:
            return []
        query = "SELECT record FROM timings ORDER BY id"
        rows = [self._object(text, "a timing", TIMING) for (text,) in self._rows(query)]
        try:
            found = [Timing(**row) for row in rows]
        except TypeError as error:
            raise damaged(self._path, "a timing has other fields than srbench writes") from error
        return [replace(timing, seconds=tuple(map(float, timing.seconds))) for timing in found]


_SHARED = slice(CellRow._fields.index("method"), len(CellRow._fields))  # fields of a row that many cells share
_GROUP = ("method", "dataset", "scale", "protocol", "degradation", "options")
_META = ("schema_version", "written_by")


def _names(record: type[CellFacts | Outcome | Canary]) -> list[str]:
    return [field.name for field in fields(record)]
