"""The tables of a results folder, and how a folder that an older srbench wrote becomes one of today's.

Version 1: runs, cells, plans, outcomes, scores, canaries.
Version 2: ``meta.written_by``. Tables that are new since are created when a folder is opened, whatever its version.

A new table needs nothing but its definition here. A change of an old one needs a step in ``_STEPS`` and a new golden
folder under tests/golden.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    update,
)

from srbench.records import CellFacts
from srbench.results.details import define_details
from srbench.version import __version__

SCHEMA_VERSION = 2

metadata = MetaData()
meta = Table(
    "meta",
    metadata,
    Column("schema_version", Integer, nullable=False),
    Column("written_by", String, nullable=False, server_default=""),  # the newest srbench that opened the folder
)
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started", String, nullable=False),
    Column("finished", String),
    Column("status", String, nullable=False),  # running, finished, interrupted
    Column("manifest", String, nullable=False),  # JSON
)
cells = Table(
    "cells",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    *(
        Column(name, Integer if kind == "int" else String, nullable=False)
        for name, kind in CellFacts.__annotations__.items()
    ),
)
plans = Table(
    "plans",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), primary_key=True),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), nullable=False, index=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("status", String, nullable=False),  # ok, failed, not supported
    Column("message", String, nullable=False),
    Column("traceback", String, nullable=False),
    Column("seconds", Float, nullable=False),  # of the method alone, wall clock
    Column("sr_path", String, nullable=False),  # below the results folder; empty if the image was not kept
    Column("sr_sha256", String, nullable=False),
)
scores = Table(
    "scores",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), nullable=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("metric", String, nullable=False),
    Column("metric_version", Integer, nullable=False),
    Column("value", Float),  # empty unless finite
    Column("status", String, nullable=False),
    Index("scores_of_cell", "cell_id", "metric", "metric_version"),
)
details = define_details(metadata)
canaries = Table(
    "canaries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("dataset", String, nullable=False),
    Column("scale", Integer, nullable=False),
    Column("measured", Float),
    Column("expected", Float),
    Column("verdict", String, nullable=False),  # good, off, none
    Column("cause", String, nullable=False),
    UniqueConstraint("run_id", "dataset", "scale"),
)


def _from_1(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE meta ADD COLUMN written_by VARCHAR NOT NULL DEFAULT ''")


_STEPS: dict[int, Callable[[Connection], None]] = {1: _from_1}  # from version N to N + 1


def create(connection: Connection) -> None:
    """Make the tables of a new folder; one that has them is left as it is."""
    if inspect(connection).has_table(meta.name):
        return
    metadata.create_all(connection)
    if connection.scalar(select(func.count()).select_from(meta)) == 0:
        connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION, written_by=__version__))


def version(connection: Connection) -> int:
    """The schema version of a folder; raises sqlalchemy's OperationalError if it is none."""
    return int(connection.scalar(select(meta.c.schema_version)) or 0)


def writer(connection: Connection) -> str:
    """The srbench that wrote a folder, as far as it says so: 'srbench 0.3.0'."""
    if "written_by" not in {column["name"] for column in inspect(connection).get_columns(meta.name)}:
        return ""
    found = connection.scalar(select(meta.c.written_by))
    return f"srbench {found}" if found else ""


def upgrade(connection: Connection, found: int) -> None:
    """Bring a folder of version ``found`` to SCHEMA_VERSION, in the transaction that is open: whole or not at all.

    Nothing that is stored changes; a folder of today's version only gets the tables that it lacks.
    """
    for step in range(found, SCHEMA_VERSION):
        _STEPS[step](connection)
    metadata.create_all(connection)
    if found != SCHEMA_VERSION:
        connection.execute(update(meta).values(schema_version=SCHEMA_VERSION, written_by=__version__))
