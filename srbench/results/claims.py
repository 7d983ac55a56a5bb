"""Which run computes a cell: a run claims cells before it computes them, so that several processes that write to one
folder compute each once.

A claim holds as long as the process of its run is there (:mod:`srbench.results.holders`); storing a cell's result ends
it (:meth:`srbench.results.store.Store.record`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from srbench.records import CellState
from srbench.results.holders import BEAT_EVERY, ENDED_EARLY, Holder, this_process
from srbench.results.schema import claims as _claims
from srbench.results.schema import holders as _holders
from srbench.results.schema import outcomes as _outcomes
from srbench.results.schema import runs as _runs

if TYPE_CHECKING:
    from srbench.results.store import Store

_CHUNK = 500


class Claims:
    """The cells that one run of ``store`` is at."""

    def __init__(self, store: Store, run_id: int) -> None:
        self._store, self._run = store, run_id
        self._beat = time.monotonic()
        with store._transaction() as connection:
            self._since = connection.scalar(select(func.max(_outcomes.c.id))) or 0

    def take(self, cells: Sequence[int]) -> set[int]:
        """Claim those of ``cells`` that no other run is at, in one step for all processes; returns them."""
        with self._store._transaction() as connection:
            taken = _taken(connection, cells, self._run)
            free = [cell for cell in cells if cell not in taken]
            if free:
                row = sqlite_insert(_claims)
                row = row.on_conflict_do_update(index_elements=["cell_id"], set_={"run_id": row.excluded.run_id})
                connection.execute(row, [{"cell_id": cell, "run_id": self._run} for cell in free])
        return set(free)

    def leave(self, cells: Iterable[int]) -> None:
        """End the claims of cells that are not computed after all."""
        with self._store._transaction() as connection:
            release(connection, list(cells), self._run)

    def failed_elsewhere(self, cells: Sequence[int]) -> dict[int, str]:
        """Those of ``cells`` that another run failed at since this one began, with the reason."""
        found: dict[int, str] = {}
        with self._store._transaction() as connection:
            for chunk in _chunks(cells):
                rows = (
                    select(_outcomes.c.cell_id, _outcomes.c.status, _outcomes.c.message)
                    .where(
                        _outcomes.c.cell_id.in_(chunk), _outcomes.c.id > self._since, _outcomes.c.run_id != self._run
                    )
                    .order_by(_outcomes.c.id)
                )
                for cell, status, message in connection.execute(rows):
                    found.pop(cell, None)
                    if status == CellState.FAILED:
                        found[cell] = message
        return found

    def beat(self) -> None:
        """Give a sign of life, if the last one was some time ago."""
        if time.monotonic() - self._beat < BEAT_EVERY:
            return
        self._beat = time.monotonic()
        with self._store._transaction() as connection:
            connection.execute(update(_holders).where(_holders.c.run_id == self._run).values(beat=time.time()))


# -- steps of a transaction ----------------------------------------------------------------------------------------


def hold(connection: Connection, run_id: int) -> Holder:
    """Enter this process as that of a run."""
    holder = this_process()
    connection.execute(insert(_holders).values(run_id=run_id, **asdict(holder)))
    return holder


def release(connection: Connection, cells: Sequence[int], run_id: int) -> None:
    """End a run's claims of cells."""
    for chunk in _chunks(cells):
        connection.execute(delete(_claims).where(_claims.c.run_id == run_id, _claims.c.cell_id.in_(chunk)))


def let_go(connection: Connection, run_id: int) -> None:
    """End all that a run holds."""
    connection.execute(delete(_claims).where(_claims.c.run_id == run_id))
    connection.execute(delete(_holders).where(_holders.c.run_id == run_id))


def end_dead_runs(connection: Connection) -> bool:
    """Mark runs whose process is gone as ended early, and end their claims; returns whether another run goes on."""
    rows = connection.execute(select(_holders))
    of_run = {row["run_id"]: Holder(row["host"], row["process"], row["beat"]) for row in rows.mappings()}
    going_on = False
    for number in connection.scalars(select(_runs.c.id).where(_runs.c.status == "running")).all():
        if number in of_run and not of_run[number].is_gone:
            going_on = True
            continue
        connection.execute(update(_runs).where(_runs.c.id == number).values(status=ENDED_EARLY))
        let_go(connection, number)
    return going_on


def _taken(connection: Connection, cells: Sequence[int], run_id: int) -> set[int]:
    """Those of ``cells`` that another run is at whose process is there."""
    of_run: dict[int, list[int]] = {}
    for chunk in _chunks(cells):
        found = select(_claims.c.cell_id, _claims.c.run_id)
        for cell, run in connection.execute(found.where(_claims.c.cell_id.in_(chunk), _claims.c.run_id != run_id)):
            of_run.setdefault(run, []).append(cell)
    taken: set[int] = set()
    for run, own in of_run.items():
        row = connection.execute(select(_holders).where(_holders.c.run_id == run)).mappings().first()
        if row is not None and not Holder(row["host"], row["process"], row["beat"]).is_gone:
            taken.update(own)
    return taken


def _chunks(cells: Sequence[int]) -> Iterable[Sequence[int]]:
    return (cells[i : i + _CHUNK] for i in range(0, len(cells), _CHUNK))
