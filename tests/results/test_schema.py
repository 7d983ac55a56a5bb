"""Folders that older srbenches wrote stay readable; newer ones are refused with the reason."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from srbench.results.leaderboard import per_image
from srbench.results.schema import SCHEMA_VERSION
from srbench.results.store import FILE, Store

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


def test_an_old_folder_is_upgraded_without_changing_what_it_holds(old):
    folder, _ = old
    tables = ("runs", "cells", "plans", "outcomes", "scores", "canaries")
    before = {table: query(folder, f"SELECT * FROM {table}") for table in tables}
    assert query(folder, "SELECT schema_version FROM meta") != [(SCHEMA_VERSION,)]
    with Store(folder) as store:
        assert len(per_image(store)) == 2 * 17  # 8 images with two scores and one that failed, under two protocols
    assert query(folder, "SELECT schema_version FROM meta") == [(SCHEMA_VERSION,)]
    assert query(folder, "SELECT written_by FROM meta") != [("",)]
    assert {table: query(folder, f"SELECT * FROM {table}") for table in tables} == before
    with Store(folder, create=True):
        pass
    assert {table: query(folder, f"SELECT * FROM {table}") for table in tables} == before


def test_an_upgrade_that_fails_leaves_the_folder_as_it_was(old, monkeypatch):
    from srbench.results import schema

    folder, _ = old
    real = schema._STEPS[1]

    def fail(connection):
        real(connection)
        raise KeyboardInterrupt

    monkeypatch.setitem(schema._STEPS, 1, fail)
    with pytest.raises(KeyboardInterrupt):
        Store(folder)
    monkeypatch.undo()
    assert query(folder, "SELECT * FROM meta") == [(1,)]
    with Store(folder) as store:
        assert store.runs()


def test_a_table_that_is_newer_than_the_folder_is_created(tmp_path):
    with Store(tmp_path, create=True):
        pass
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DROP TABLE canaries")
    connection.commit()
    connection.close()
    with Store(tmp_path) as store:
        assert store.runs() == []
