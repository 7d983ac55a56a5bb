"""Take a run, a plan, a method, a dataset or a metric out of a results folder: the one exception from the rule that
rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from sqlalchemy import Connection

from srbench.errors import StoreError, UnknownNameError
from srbench.files import write_text
from srbench.records import labels
from srbench.wording import counted

Kind = Literal["run", "plan", "method", "dataset", "metric"]
KINDS: tuple[Kind, ...] = ("run", "plan", "method", "dataset", "metric")


@dataclass(frozen=True)
class Removal:
    """What goes. ``runs`` go whole, with their manifests; ``files`` are SR images and maps below the folder;
    ``manifests`` are those of runs that stay and no longer name what went; ``open`` counts the cells of other runs, by
    run, that have no result any more."""

    cells: int
    scores: int
    timings: int
    runs: tuple[int, ...]
    files: tuple[str, ...]
    manifests: dict[int, dict[str, Any]]
    open: dict[int, int]

    def lines(self) -> list[str]:
        """For people."""
        parts = [counted(self.cells, "cell"), counted(self.scores, "score"), counted(len(self.files), "image")]
        parts += [counted(self.timings, "timing")] if self.timings else []
        lines = [", ".join(parts)]
        lines += [f"run {run} with its manifest" for run in self.runs]
        lines += [
            f"of run {run}, which stays, {counted(count, 'cell')} will have no result: its command computes them again"
            for run, count in self.open.items()
        ]
        return lines


def drop(connection: Connection, kind: Kind, name: str) -> Removal:
    """Remove rows, in the transaction that is open.

    A run goes with all that it computed, also where another run planned the same cells. A plan is what a run planned
    and nobody computed. A method goes by the name that tables show, with its options.

    Raises:
        StoreError: no such run, or it has no such plan.
        UnknownNameError: the folder holds no method, dataset or metric of that name.
    """
    return _Dropping(connection).drop(kind, name)


def clear(folder: Path, removal: Removal) -> None:
    """Remove the files of what was dropped, and write the manifests of the runs that stay.

    Raises:
        OSError: a file cannot be removed or written.
    """
    for path in removal.files:
        file = folder / path
        if not file.parent.resolve().is_relative_to(folder.resolve()):  # a link out of the folder
            continue
        file.unlink(missing_ok=True)
        for parent in file.relative_to(folder).parents:
            own = folder / parent
            if own == folder or not own.is_dir() or any(own.iterdir()):
                break
            own.rmdir()
    for run in removal.runs:
        _manifest_file(folder, run).unlink(missing_ok=True)
    for run, manifest in removal.manifests.items():
        if (written := _manifest_file(folder, run)).is_file():  # a run that goes on has none yet
            write_text(written, json.dumps(manifest, indent=2) + "\n")


def _manifest_file(folder: Path, run: int) -> Path:
    return folder / "runs" / f"{run:04d}.json"


class _Dropping:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        tables = [name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: {row[1] for row in self._rows(f"PRAGMA table_info({table})")} for table in tables}
        # Whatever else stands in the folder of a cell or a run goes with it.
        self._of_cells = [table for table in tables if "cell_id" in columns[table]]
        self._of_runs = [table for table in tables if "run_id" in columns[table]]
        self._count = dict.fromkeys(("cells", "scores", "timings"), 0)
        self._files: set[str] = set()

    def drop(self, kind: Kind, name: str) -> Removal:
        had_plans = {run for (run,) in self._rows("SELECT DISTINCT run_id FROM plans")}
        before = self._open()
        runs: set[int] = set()
        if kind in ("run", "plan"):
            run = self._run(name)
            if kind == "run":
                runs = {run}
                for table in self._of_runs:
                    self._delete(table, "run_id = ?", run)
            else:
                self._drop_plan(run)
        elif kind == "metric":
            self._known(kind, name, "SELECT DISTINCT metric FROM scores")
            for table in ("score_details", "scores"):
                self._delete(table, "metric = ?", name)
        else:
            self._drop_cells_of(kind, name)
        self._drop_unplanned()
        runs |= self._emptied(had_plans) if kind != "metric" else set()
        for run in runs:
            for table in self._of_runs:
                self._delete(table, "run_id = ?", run)
            self._delete("runs", "id = ?", run)
        after = self._open()
        opened = {run: n - before.get(run, 0) for run, n in after.items() if n > before.get(run, 0)}
        manifests = self._rewritten(kind)
        return Removal(**self._count, runs=tuple(sorted(runs)), files=self._gone(), manifests=manifests, open=opened)

    # -- what goes ---------------------------------------------------------------------------------------------

    def _run(self, name: str) -> int:
        known = [run for (run,) in self._rows("SELECT id FROM runs ORDER BY id")]
        if not name.isdecimal() or int(name) not in known:
            raise StoreError(f"no run '{name}' in this folder", f"its runs: {', '.join(map(str, known)) or 'none'}")
        return int(name)

    def _known(self, kind: Kind, name: str, query: str) -> None:
        known = {own for (own,) in self._rows(query)}
        if name not in known:
            raise UnknownNameError(kind, name, known)

    def _drop_plan(self, run: int) -> None:
        open_ = "run_id = ? AND cell_id NOT IN (SELECT cell_id FROM outcomes)"
        if not self._rows(f"SELECT 1 FROM plans WHERE {open_} LIMIT 1", run):
            raise StoreError(f"run {run} has computed all that it planned", "see: srbench runs")
        self._delete("plans", open_, run)

    def _drop_cells_of(self, kind: Kind, name: str) -> None:
        if kind == "dataset":
            self._known(kind, name, "SELECT DISTINCT dataset FROM cells UNION SELECT dataset FROM canaries")
            scopes: list[tuple[str, tuple[object, ...]]] = [("dataset = ?", (name,))]
            self._delete("canaries", "dataset = ?", name)
        else:
            pairs = self._rows("SELECT DISTINCT method, options FROM cells")
            timed = {own for (own,) in self._rows("SELECT DISTINCT method FROM timings")}
            called = labels(tuple(pair) for pair in pairs)
            known = {*called.values(), *timed}
            if name not in known:
                raise UnknownNameError(kind, name, known)
            scopes = [("method = ? AND options = ?", tuple(pair)) for pair in pairs if called[tuple(pair)] == name]
            self._delete("timings", "method = ?", name)
        for condition, values in scopes:
            for table in self._of_cells:
                self._delete(table, f"cell_id IN (SELECT id FROM cells WHERE {condition})", *values)
            self._delete("cells", condition, *values)

    def _drop_unplanned(self) -> None:
        unplanned = "NOT IN (SELECT cell_id FROM plans)"
        for table in self._of_cells:
            if table != "plans":
                self._delete(table, f"cell_id {unplanned}")
        self._delete("cells", f"id {unplanned}")

    def _emptied(self, had_plans: Iterable[int]) -> set[int]:
        """Runs that hold nothing any more, and did before."""
        left = {run for table in ("plans", "timings") for (run,) in self._rows(f"SELECT DISTINCT run_id FROM {table}")}
        return set(had_plans) - left - {run for (run,) in self._rows("SELECT id FROM runs WHERE status = 'running'")}

    def _open(self) -> dict[int, int]:
        """How many cells of each run have no result."""
        query = "SELECT run_id, count(*) FROM plans WHERE cell_id NOT IN (SELECT cell_id FROM outcomes) GROUP BY run_id"
        return {run: int(count) for run, count in self._rows(query)}

    # -- what is left ------------------------------------------------------------------------------------------

    def _rewritten(self, kind: Kind) -> dict[int, dict[str, Any]]:
        """The manifests that named what went, by run, as they are now."""
        column = {"method": "method", "dataset": "dataset"}.get(kind)
        if column is not None:
            held = self._by_run(f"SELECT DISTINCT run_id, {column} FROM plans JOIN cells ON cells.id = cell_id")
            if kind == "method":
                held_too = self._by_run("SELECT DISTINCT run_id, method FROM timings")
                held = {run: held.get(run, set()) | held_too.get(run, set()) for run in {*held, *held_too}}
        elif kind == "metric":
            measured = {metric for (metric,) in self._rows("SELECT DISTINCT metric FROM scores")}
            held = dict.fromkeys((run for (run,) in self._rows("SELECT id FROM runs")), measured)
        else:
            return {}
        found = {}
        for run, status, text in self._rows("SELECT id, status, manifest FROM runs"):
            before = json.loads(text)
            manifest = _without(before, kind, held.get(run, set()))
            if manifest != before:
                self._execute("UPDATE runs SET manifest = ? WHERE id = ?", json.dumps(manifest), run)
                found[run] = {**manifest, "status": status}
        return found

    def _by_run(self, query: str) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for run, name in self._rows(query):
            found.setdefault(run, set()).add(name)
        return found

    def _gone(self) -> tuple[str, ...]:
        """Files that nothing in the folder refers to any more; none that lies elsewhere, whatever a row says."""
        used = {path for (path,) in self._rows("SELECT sr_path FROM outcomes")}
        maps = self._rows("""SELECT content FROM score_details WHERE content LIKE '%"entropy"%'""")
        used |= {json.loads(content).get("entropy") for (content,) in maps}
        safe = (path for path in self._files - used if path and not PurePosixPath(path).is_absolute())
        return tuple(sorted(path for path in safe if ".." not in PurePosixPath(path).parts))

    # -- rows --------------------------------------------------------------------------------------------------

    def _delete(self, table: str, condition: str, *values: object) -> None:
        if table == "outcomes":
            self._files |= {path for (path,) in self._rows(f"SELECT sr_path FROM outcomes WHERE {condition}", *values)}
        if table == "score_details":
            for (content,) in self._rows(f"SELECT content FROM score_details WHERE {condition}", *values):
                self._files |= {path for path in [json.loads(content).get("entropy")] if isinstance(path, str)}
        count = self._execute(f"DELETE FROM {table} WHERE {condition}", *values)
        if table in self._count:
            self._count[table] += count

    def _rows(self, query: str, *values: object) -> list[Any]:
        return list(self._connection.exec_driver_sql(query, values))

    def _execute(self, query: str, *values: object) -> int:
        return self._connection.exec_driver_sql(query, values).rowcount


def _without(manifest: dict[str, Any], kind: str, stays: set[str]) -> dict[str, Any]:
    """A manifest without the entries of methods, datasets or metrics that do not stay."""
    changed = dict(manifest)
    for key, name in ((f"{kind}s", "name"), *((("seams", "method"),) if kind == "method" else ())):
        if isinstance(entries := manifest.get(key), list):
            changed[key] = [entry for entry in entries if isinstance(entry, dict) and entry.get(name) in stays]
    return changed
