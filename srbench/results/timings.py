"""Timings in the results folder: a table of their own, made when the first is added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, inspect, select

from srbench.records import Timing
from srbench.results.store import Store

__all__ = ["Timing", "add_timings", "read_timings"]

_metadata = MetaData()
_timings = Table(
    "timings",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("method", String, nullable=False),
    Column("method_hash", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("scale", Integer, nullable=False),
    Column("record", String, nullable=False),  # JSON: every field of a Timing, with each call's seconds
)


def add_timings(store: Store, run_id: int, timings: Sequence[Timing]) -> None:
    """Append the timings of a run."""
    rows = [
        {name: getattr(timing, name) for name in ("method", "method_hash", "subject", "scale")}
        | {"run_id": run_id, "record": json.dumps(asdict(timing))}
        for timing in timings
    ]
    with store._transaction() as connection:  # one file, one way to write to it
        _metadata.create_all(connection)
        if rows:
            connection.execute(insert(_timings), rows)


def read_timings(store: Store) -> list[Timing]:
    """All timings, oldest first; none from a folder that never had any."""
    with store._transaction() as connection:  # one file, one way to write to it
        if not inspect(connection).has_table(_timings.name):
            return []
        rows = connection.execute(select(_timings.c.record).order_by(_timings.c.id))
        timings = [Timing(**json.loads(record)) for (record,) in rows]
    return [replace(timing, seconds=tuple(timing.seconds)) for timing in timings]
