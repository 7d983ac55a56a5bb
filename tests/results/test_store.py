"""The results folder: rows are only added, several writers at once, folders of other versions refused."""

import json
import math
import sqlite3
import threading
from pathlib import Path

import pytest

from srbench.errors import SrbenchWarning, StoreError
from srbench.files import new_file
from srbench.metrics import get
from srbench.records import Canary, CellFacts, Entry, Outcome, Score
from srbench.results import store as store_module
from srbench.results.folder import FILE, SCHEMA_VERSION
from srbench.results.reader import Reader
from srbench.results.store import Store

MANIFEST = {"command": "test"}


def facts(image="a", **changes):
    fields = {
        **{"method": "m", "method_hash": "0", "dataset": "d", "dataset_version": 1, "image": image},
        **{"image_sha256": "f", "image_channels": 3, "scale": 2, "degradation": "bicubic/v1"},
        **{"protocol": "basicsr", "protocol_hash": "p"},
    }
    return CellFacts(**(fields | changes))


def psnr(value, status="ok"):
    return Score("psnr", 1, value, status)


def add(store, run, cell, outcome, scores, **options):
    store.record(run, [Entry(cell, outcome, tuple(scores))], **options)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results", create=True) as store:
        yield store


@pytest.fixture
def reader(store):
    with Reader(store.folder) as reader:
        yield reader


def count(folder, table):
    connection = sqlite3.connect(folder / FILE)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize(
    "change",
    [
        *({"method": "n"}, {"method_hash": "1"}, {"dataset": "e"}, {"dataset_version": 2}, {"image": "b"}),
        *({"image_sha256": "0"}, {"image_channels": 1}, {"scale": 3}, {"degradation": "bicubic/v2"}),
        *({"protocol": "classic"}, {"protocol_hash": "q"}, {"options": '{"tile": 64}'}),
        *({"lr_sha256": "e"}, {"frames": 5}, {"precision": "bf16"}),
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_fact_is_part_of_the_key(change):
    assert facts(**change).key != facts().key


def test_equal_facts_have_one_key():
    assert facts().key == facts().key
    assert len(facts().key) == 64


def test_planning_a_cell_twice_gives_it_one_id(store):
    first = store.plan(store.start_run(MANIFEST), [facts("a"), facts("b")])
    second = store.plan(store.start_run(MANIFEST), [facts("b"), facts("c")])
    assert first[facts("b").key] == second[facts("b").key]
    assert len({*first.values(), *second.values()}) == 3


def test_many_cells_are_planned_and_read_back(store):
    cells = [facts(str(i)) for i in range(1203)]
    ids = store.plan(store.start_run(MANIFEST), cells)
    assert len(set(ids.values())) == 1203
    assert len(store.known(list(ids.values()))) == 1203


def test_scores_come_back_bit_for_bit(store, reader):
    run = store.start_run(MANIFEST)
    (cell,) = store.plan(run, [facts()]).values()
    value = 28.420668123456789
    add(store, run, cell, Outcome("ok"), [psnr(value)])
    assert reader.scores()[0].score.value == value
    assert store.values([cell], get("psnr")) == {cell: value}


def test_known_says_what_is_there(store):
    run = store.start_run(MANIFEST)
    first, second = store.plan(run, [facts("a"), facts("b")]).values()
    outcome = Outcome("ok", seconds=1.5, sr_path="images/a.png", sr_sha256="ff")
    add(store, run, first, outcome, [psnr(30.0)])
    known = store.known([first, second])
    assert known[first].outcome == outcome
    assert known[first].metrics == {("psnr", 1): "ok"}
    assert known[second].outcome is None
    assert known[second].metrics == {}


def test_known_of_many_cells_is_that_of_each(store):
    run = store.start_run(MANIFEST)
    ids = list(store.plan(run, [facts(str(i)) for i in range(1203)]).values())
    for cell in (ids[0], ids[700], ids[1202]):
        add(store, run, cell, Outcome("ok", sr_path=f"images/{cell}.png"), [psnr(30.0)])
    add(store, run, ids[5], Outcome("failed", message="why"), [])
    known = store.known(ids)
    assert list(known) == ids
    assert known == {cell: store.known([cell])[cell] for cell in ids}
    assert [cell for cell in ids if known[cell].outcome] == [ids[0], ids[5], ids[700], ids[1202]]


def test_nothing_is_added_twice_unless_asked_again(store, reader):
    run = store.start_run(MANIFEST)
    (cell,) = store.plan(run, [facts()]).values()
    add(store, run, cell, Outcome("ok"), [psnr(30.0)])
    add(store, run, cell, Outcome("ok"), [psnr(31.0)])
    assert (count(store.folder, "outcomes"), count(store.folder, "scores")) == (1, 1)
    add(store, run, cell, Outcome("ok"), [psnr(32.0)], again=True)
    assert (count(store.folder, "outcomes"), count(store.folder, "scores")) == (2, 2)
    assert [row.score.value for row in reader.scores()] == [32.0]


def test_a_failure_is_followed_by_the_success_that_replaces_it(store, reader):
    run = store.start_run(MANIFEST)
    (cell,) = store.plan(run, [facts()]).values()
    add(store, run, cell, Outcome("failed", "boom", "Traceback"), [])
    add(store, run, cell, Outcome("ok"), [psnr(30.0)])
    assert [row.outcome.status for row in reader.outcomes()] == ["ok"]
    assert count(store.folder, "outcomes") == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_stored_as_a_status(store, reader, value):
    run = store.start_run(MANIFEST)
    (cell,) = store.plan(run, [facts()]).values()
    add(store, run, cell, Outcome("ok"), [psnr(value, "nan")])
    assert math.isnan(reader.scores()[0].score.value)
    assert reader.scores()[0].score.status == "nan"
    assert store.values([cell], get("psnr")) == {}


def test_runs_carry_their_manifest_status_and_canaries(store, reader):
    manifest = dict(MANIFEST)
    run = store.start_run(manifest)
    store.add_canaries(run, [Canary("set5", 4, 28.1, 28.43, "off", "cropped")])
    store.finish_run(run, "finished", manifest | {"end": True})
    other = store.start_run(dict(MANIFEST))
    first, second = reader.runs()
    assert first.status == "finished"
    assert first.manifest.pop("origin") != second.manifest["origin"]
    assert first.manifest == {"command": "test", "end": True}
    assert first.canaries == (Canary("set5", 4, 28.1, 28.43, "off", "cropped"),)
    assert (second.id, second.status, second.canaries) == (other, "running", ())


def test_a_missing_folder_is_an_error_with_the_hint(tmp_path):
    with pytest.raises(StoreError, match=r"no results in .*make some with: srbench run"):
        Store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_of_a_newer_srbench_is_refused(store):
    connection = sqlite3.connect(store.folder / FILE)
    connection.execute("UPDATE meta SET schema_version = ?", (SCHEMA_VERSION + 1,))
    connection.commit()
    connection.close()
    for create in (False, True):
        with pytest.raises(StoreError, match=f"schema {SCHEMA_VERSION + 1}"):
            Store(store.folder, create=create)


@pytest.mark.parametrize("content", [b"", b"this is no database, only text " * 99])
def test_a_file_that_is_no_store_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError, match=str(tmp_path)) as error:
        Store(tmp_path)
    assert "\n" not in str(error.value)


def test_a_link_to_results_that_are_gone_is_not_begun_anew(tmp_path):
    (tmp_path / FILE).symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"is a link to '.*nowhere', where nothing is"):
        Store(tmp_path, create=True)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write into"):
        Store(tmp_path / "file", create=True)


def test_many_writers_at_once_lose_nothing_and_add_nothing_twice(tmp_path):
    """Eight connections create the folder, plan the same cells and record them at the same moment."""
    barrier, errors = threading.Barrier(8), []
    cells = [facts(str(i)) for i in range(20)]

    def write(number):
        try:
            barrier.wait()
            with Store(tmp_path, create=True) as store:
                run = store.start_run({"writer": number})
                for cell in store.plan(run, cells).values():
                    add(store, run, cell, Outcome("ok"), [psnr(float(cell))])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [count(tmp_path, table) for table in ("runs", "cells", "outcomes", "scores")] == [8, 20, 20, 20]


def test_changes_of_others_are_noticed(tmp_path):
    with Store(tmp_path, create=True) as one, Store(tmp_path) as other:
        assert one.changed_elsewhere()  # for all that is known
        one.start_run(MANIFEST)
        assert not one.changed_elsewhere()
        other.start_run(MANIFEST)
        assert one.changed_elsewhere()
        assert not one.changed_elsewhere()


def test_manifests_are_stored_as_plain_json(store):
    store.start_run({"methods": [{"name": "<script>"}]})
    connection = sqlite3.connect(store.folder / FILE)
    (text,) = connection.execute("SELECT manifest FROM runs").fetchone()
    connection.close()
    assert json.loads(text)["methods"] == [{"name": "<script>"}]


def test_a_file_that_cannot_be_written_is_not_tried_again_and_again(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "BUSY_TIMEOUT", 10_000)  # seconds: of waiting in vain the test would never end
    sqlite3.connect(tmp_path / "plain.sqlite").execute("CREATE TABLE t (x)").connection.close()
    connection = sqlite3.connect(f"file:{tmp_path / 'plain.sqlite'}?mode=ro", uri=True)
    store_module._on_connect(connection, None)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN; SELECT * FROM runs"], ids=["writer", "reader"])
def test_waiting_for_another_process_is_told_and_ends(tmp_path, monkeypatch, lock):
    """Another connection uses a file without a write-ahead log, as one that an older SQLite made."""
    monkeypatch.setattr(store_module, "TELL_AFTER", 0)
    Store(tmp_path, create=True).__exit__()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    for statement in lock.split("; "):
        other.execute(statement).fetchall()
    ending = threading.Timer(0.5, other.execute, ("COMMIT",))
    ending.start()
    with pytest.warns(SrbenchWarning, match="waiting for another process"), Store(tmp_path, create=True) as store:
        assert store.start_run(MANIFEST) == 1
    ending.join()
    other.close()


def test_a_new_folder_has_all_its_tables_from_its_first_moment(tmp_path, monkeypatch):
    """Two runs may begin in one folder at once: what the other one reads meanwhile is no damaged store."""
    connect, read = store_module._on_connect, []

    def reading(connection, record):
        with Reader(tmp_path) as reader:
            read.append(reader.runs())
        connect(connection, record)

    monkeypatch.setattr(store_module, "_on_connect", reading)
    with Store(tmp_path, create=True) as store:
        assert store.start_run({}) == 1
    assert read
    assert read[0] == []
    assert [path.name for path in tmp_path.iterdir()] == ["results.sqlite"]


def test_a_file_that_another_process_has_made_meanwhile_is_kept(tmp_path):
    assert new_file(tmp_path / "file", b"mine")
    assert not new_file(tmp_path / "file", b"other")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_new_folder_on_a_file_system_without_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with Store(tmp_path, create=True) as store:
        assert store.start_run({}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["results.sqlite"]
