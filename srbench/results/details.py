"""A table of the store beside ``scores``: what a score has besides its value, as JSON. That is the reason why there is
no value (``message``), or what a metric keeps of its measurement (the raters' interval of a simulated MOS).

A folder that an older srbench wrote has no such table; it reads as empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, String, Table, func, insert, inspect, select

from srbench.records import Score


def define_details(metadata: MetaData) -> Table:
    """The table, as a part of the store's schema; made when a store is opened for writing."""
    return Table(
        "score_details",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("cell_id", ForeignKey("cells.id"), nullable=False, index=True),
        Column("run_id", ForeignKey("runs.id"), nullable=False),
        Column("metric", String, nullable=False),
        Column("metric_version", Integer, nullable=False),
        Column("content", String, nullable=False),
    )


def score_row(run_id: int, cell_id: int, score: Score) -> dict[str, Any]:
    """A row of ``scores``."""
    value = score.value if score.status == "ok" else None
    return _key(run_id, cell_id, score) | {"value": value, "status": score.status}


def _key(run_id: int, cell_id: int, score: Score) -> dict[str, Any]:
    return {"run_id": run_id, "cell_id": cell_id, "metric": score.metric, "metric_version": score.version}


def add_details(connection: Connection, table: Table, run_id: int, scores: Iterable[tuple[int, Score]]) -> None:
    """Add what scores (each with its cell's id) have besides a value."""
    rows = [_key(run_id, cell_id, score) | {"content": score.extra} for cell_id, score in scores if score.extra]
    if rows:
        connection.execute(insert(table), rows)


def newest_details(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """The newest details of every cell, metric and run: ``cell_id``, ``metric``, ``run_id``, ``content``."""
    if not inspect(connection).has_table(table.name):
        return []
    last = select(func.max(table.c.id)).group_by(table.c.cell_id, table.c.metric, table.c.run_id)
    columns = (table.c.cell_id, table.c.metric, table.c.run_id, table.c.content)
    return [dict(row) for row in connection.execute(select(*columns).where(table.c.id.in_(last))).mappings()]
