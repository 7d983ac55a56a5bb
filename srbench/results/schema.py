"""The tables of a results folder, and how a folder that an older srbench wrote becomes one of today's.

Version 1: runs, cells, plans, outcomes, scores, canaries.
Version 2: ``meta.written_by``; the tables ``score_details`` and ``timings`` came while it was in use.
Version 3: of cells the hash of a given LR image, frames and precision; of outcomes the host and what was done to get
them. Manifests say what methods, metrics, datasets and protocols are (:mod:`srbench.results.facts`).

A table that is new is created when a folder is opened for writing, whatever its version, and needs nothing but its
definition here. A change of an old one needs a step in ``_STEPS`` and a new golden folder under tests/golden.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
    create_engine,
    insert,
    inspect,
    select,
    update,
)

from srbench.results.folder import SCHEMA_VERSION, refuse_newer
from srbench.version import __version__

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
    Column("status", String, nullable=False),  # running, finished, interrupted, ended early
    Column("manifest", String, nullable=False),  # JSON
)
cells = Table(  # srbench.records.CellFacts
    "cells",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("method", String, nullable=False),
    Column("method_hash", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("dataset_version", Integer, nullable=False),
    Column("image", String, nullable=False),
    Column("image_sha256", String, nullable=False),
    Column("image_channels", Integer, nullable=False),
    Column("scale", Integer, nullable=False),  # SQLite keeps a scale that is not whole as a real number there
    Column("degradation", String, nullable=False),
    Column("protocol", String, nullable=False),
    Column("protocol_hash", String, nullable=False),
    Column("options", String, nullable=False),
    Column("lr_sha256", String, nullable=False, server_default=""),
    Column("frames", Integer, nullable=False, server_default="1"),
    Column("precision", String, nullable=False, server_default="fp32"),
)
plans = Table(
    "plans",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), primary_key=True),
)
outcomes = Table(  # srbench.records.Outcome
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
    Column("host", String, nullable=False, server_default=""),
    Column("handling", String, nullable=False, server_default=""),
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
details = Table(  # what a score has beside its value: why there is none, an interval of raters
    "score_details",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), nullable=False, index=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("metric", String, nullable=False),
    Column("metric_version", Integer, nullable=False),
    Column("content", String, nullable=False),  # JSON
)
timings = Table(
    "timings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("method", String, nullable=False),
    Column("method_hash", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("scale", Integer, nullable=False),
    Column("record", String, nullable=False),  # JSON: every field of a srbench.records.Timing
)
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

holders = Table(  # srbench.results.holders.Holder: of runs that go on
    "holders",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("host", String, nullable=False),
    Column("process", String, nullable=False),
    Column("beat", Float, nullable=False),
)
claims = Table(  # cells that a run is at
    "claims",
    metadata,
    Column("cell_id", ForeignKey("cells.id"), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
)


def _from_1(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE meta ADD COLUMN written_by VARCHAR NOT NULL DEFAULT ''")


def _from_2(connection: Connection) -> None:
    for column in (
        "cells ADD COLUMN lr_sha256 VARCHAR NOT NULL DEFAULT ''",
        "cells ADD COLUMN frames INTEGER NOT NULL DEFAULT 1",
        "cells ADD COLUMN precision VARCHAR NOT NULL DEFAULT 'fp32'",
        "outcomes ADD COLUMN host VARCHAR NOT NULL DEFAULT ''",
        "outcomes ADD COLUMN handling VARCHAR NOT NULL DEFAULT ''",
    ):
        connection.exec_driver_sql(f"ALTER TABLE {column}")


_STEPS: dict[int, Callable[[Connection], None]] = {1: _from_1, 2: _from_2}  # from version N to N + 1


def create(connection: Connection) -> None:
    """Make the tables of a new folder."""
    metadata.create_all(connection)
    connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION, written_by=__version__))


def empty() -> bytes:
    """The database file of a new folder."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        create(connection)
        connection.commit()
        content: bytes = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
    engine.dispose()
    return content


def version(connection: Connection, folder: Path) -> int:
    """The schema version of a folder.

    Raises:
        StoreError: a newer srbench wrote it.
        sqlalchemy.exc.OperationalError: it is no results folder.
    """
    found = int(connection.scalar(select(meta.c.schema_version)) or 0)
    refuse_newer(folder, found, _writer(connection))
    return found


def _writer(connection: Connection) -> str:
    """The version of the srbench that wrote a folder, as far as it says so."""
    if "written_by" not in {column["name"] for column in inspect(connection).get_columns(meta.name)}:
        return ""
    return connection.scalar(select(meta.c.written_by)) or ""


def upgrade(connection: Connection, found: int) -> None:
    """Bring a folder of version ``found`` to SCHEMA_VERSION, in the transaction that is open: whole or not at all.

    Nothing that is stored changes; a folder of today's version only gets the tables that it lacks.
    """
    for step in range(found, SCHEMA_VERSION):
        _STEPS[step](connection)
    metadata.create_all(connection)
    if found != SCHEMA_VERSION:
        connection.execute(update(meta).values(schema_version=SCHEMA_VERSION, written_by=__version__))
