"""Folders that older srbenches wrote stay readable; newer ones are refused with the reason."""

import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from srbench.errors import StoreError
from srbench.results.folder import FILE, SCHEMA_VERSION
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.results.schema import metadata
from srbench.results.store import Store
from srbench.version import __version__

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
OLD = [path for path in VERSIONS if path.name != f"results-v{SCHEMA_VERSION}"]


@pytest.fixture(params=OLD, ids=lambda path: path.name)
def old(request, tmp_path):
    """A copy of a folder as an old srbench wrote it, and the CSV that it printed of it."""
    folder = tmp_path / "results"
    shutil.copytree(request.param, folder)
    return folder, request.param.with_suffix(".csv").read_text()


def query(folder, text):
    connection = sqlite3.connect(folder / FILE)
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def test_there_is_a_golden_folder_of_every_version():
    assert [path.name for path in VERSIONS] == [f"results-v{i}" for i in range(1, SCHEMA_VERSION + 1)]


TABLES = ("runs", "cells", "plans", "outcomes", "scores", "canaries")


def test_an_old_folder_is_read_as_it_is(old):
    folder, csv = old
    before = (folder / FILE).read_bytes()
    with Reader(folder) as reader:
        rows = means(per_image(reader))
        assert {row.facts.precision for row in reader.planned()} == {"fp32"}
        assert {(row.outcome.host, row.outcome.handling) for row in reader.outcomes()} == {("", "")}
        assert [cell.facts.key for cell in reader.planned()] == keys(folder)
    assert (folder / FILE).read_bytes() == before
    assert len(rows) == len(csv.splitlines()) - 1


def keys(folder):
    joined = "cells JOIN plans ON plans.cell_id = cells.id ORDER BY plans.run_id, cells.id"
    return [key for (key,) in query(folder, f"SELECT cells.key FROM {joined}")]


def columns(folder, table):
    return [row[1] for row in query(folder, f"PRAGMA table_info({table})")]


def test_an_old_folder_is_upgraded_without_changing_what_it_holds(old):
    folder, _ = old
    selects = {table: f"SELECT {', '.join(columns(folder, table))} FROM {table}" for table in TABLES}
    before = {table: query(folder, text) for table, text in selects.items()}
    assert query(folder, "SELECT schema_version FROM meta") != [(SCHEMA_VERSION,)]
    with Reader(folder) as reader:
        shown = per_image(reader)
    for create in (False, True):
        with Store(folder, create=create):
            pass
        assert query(folder, "SELECT schema_version, written_by FROM meta") == [(SCHEMA_VERSION, __version__)]
        assert {table: query(folder, text) for table, text in selects.items()} == before
    with Reader(folder) as reader:
        pd.testing.assert_frame_equal(per_image(reader), shown)
    new = {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
    assert {table: sorted(columns(folder, table)) for table in new} == {name: sorted(own) for name, own in new.items()}


def test_an_upgrade_that_fails_leaves_the_folder_as_it_was(old, monkeypatch):
    from srbench.results import schema

    folder, _ = old
    before = query(folder, "SELECT * FROM meta")
    real = schema._STEPS[2]

    def fail(connection):
        real(connection)
        raise KeyboardInterrupt

    monkeypatch.setitem(schema._STEPS, 2, fail)
    with pytest.raises(KeyboardInterrupt):
        Store(folder)
    monkeypatch.undo()
    assert query(folder, "SELECT * FROM meta") == before
    assert "precision" not in columns(folder, "cells")
    with Reader(folder) as reader:
        assert reader.runs()


def test_a_table_that_is_newer_than_the_folder_is_created(tmp_path):
    with Store(tmp_path, create=True):
        pass
    connection = sqlite3.connect(tmp_path / FILE)
    for table in ("canaries", "timings", "score_details"):
        connection.execute(f"DROP TABLE {table}")
    connection.commit()
    connection.close()
    with Reader(tmp_path) as reader:
        assert (reader.runs(), reader.timings(), reader.scores()) == ([], [], [])
    with Store(tmp_path):
        pass
    assert columns(tmp_path, "canaries")


def test_a_reader_changes_nothing(tmp_path):
    with Store(tmp_path, create=True):
        pass
    with Reader(tmp_path) as reader, pytest.raises(StoreError, match="readonly"):
        reader._rows("DELETE FROM meta")
    assert query(tmp_path, "SELECT schema_version FROM meta") == [(SCHEMA_VERSION,)]
