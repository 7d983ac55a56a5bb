"""A results folder is read where nothing may be written; a damaged one is an error of one line, not a shorter table."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from srbench.errors import StoreError
from srbench.records import CellFacts, Entry, Outcome, Score
from srbench.results.folder import FILE, TABLES
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.results.store import Store

GOLDEN = sorted(path for path in (Path(__file__).parents[1] / "golden").iterdir() if path.is_dir())
NOBODY = 65534


def fill(folder, images=3):
    with Store(folder, create=True) as store:
        add(store, images)
    return folder


def add(store, images, first=0):
    run = store.start_run({"command": "test"})
    cells = [
        CellFacts("m", "0", "d", 1, f"{first + i}", f"{first + i}", 3, 2, "bicubic/v1", "basicsr", "p")
        for i in range(images)
    ]
    entries = [
        Entry(number, Outcome("ok"), (Score("psnr", 1, 30.0 + i, "ok"),))
        for i, number in enumerate(store.plan(run, cells).values())
    ]
    store.record(run, entries)
    store.finish_run(run, "finished", {"command": "test"})


def shown(folder):
    with Reader(folder) as reader:
        reader.runs()
        reader.timings()
        return per_image(reader)[["image", "metric", "value"]].to_dict("records")


@pytest.fixture
def elsewhere():
    """A folder that everybody may enter, as tmp_path is not."""
    folder = Path(tempfile.mkdtemp(prefix="srbench-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def not_writable(folder):
    """Nobody may write into ``folder``, and the process is nobody's."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError):
            (folder / "probe").touch()
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("name", ["results", "res?ults", "a#b", "feature%2Fx", "with space", "ä[1]"])
def test_a_folder_that_may_not_be_written_is_read_and_left_as_it_is(elsewhere, name):
    folder = fill(elsewhere / name)
    expected = shown(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with not_writable(folder):
        assert shown(folder) == expected
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(expected) == 3


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_an_old_folder_that_may_not_be_written_is_read_without_an_upgrade(elsewhere, golden):
    folder = elsewhere / "results"
    shutil.copytree(golden, folder)
    with Reader(golden) as reader:
        expected = len(per_image(reader))
    with not_writable(folder), Reader(folder) as reader:
        assert len(per_image(reader)) == expected > 0


@pytest.mark.parametrize("kept", [("-wal", "-shm"), ("-wal",)], ids=lambda kept: "".join(kept))
def test_what_a_killed_process_left_in_the_log_is_read_too(elsewhere, kept):
    """As a CI server keeps a folder: the database, and the log that was never written back into it."""
    killed, folder = fill(elsewhere / "killed"), elsewhere / "results"
    with closing(sqlite3.connect(killed / FILE)) as reading, Store(killed) as store:
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM meta").fetchone()  # so that the log cannot be taken back
        add(store, 2, first=3)
        folder.mkdir()
        for end in ("", *kept):
            shutil.copyfile(f"{killed / FILE}{end}", f"{folder / FILE}{end}")
    with not_writable(folder):
        assert [row["image"] for row in shown(folder)] == ["3", "4"]
        with Reader(folder) as reader:
            assert len(reader.runs()) == 2


def test_names_of_folders_mean_themselves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "res?ults",
        "a#b",
        "feature%2Fx",
        "file:x",
        "?mode=memory",
        ":memory:",
        "a;b",
        "x&y=1",
        "~",
        "ü",
        "a\nb",
    ):
        fill(Path(name))
        assert (tmp_path / name / FILE).is_file()
        assert len(shown(Path(name))) == 3
        with Store(Path(name)) as store:
            add(store, 1)


# -- damage --------------------------------------------------------------------------------------------------------


def refused(folder, match):
    """Neither a reader nor a writer takes the folder, and what the file holds stays as it is."""
    before = dump(folder)
    for take in (shown, Store, lambda own: Store(own, create=True)):
        with pytest.raises(StoreError, match=match) as error:
            take(folder)
        assert "\n" not in str(error.value)
        assert error.value.hint
    assert dump(folder) == before


def dump(folder):
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_missing_is_not_made_anew(tmp_path, table):
    with closing(sqlite3.connect(fill(tmp_path) / FILE)) as connection:
        connection.execute(f"DROP TABLE {table}")
    refused(tmp_path, f"is damaged: it has no table '{table}'")


def test_a_database_of_another_program_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE photos (name)")
    refused(tmp_path, "holds no results of srbench")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_an_error(tmp_path, share):
    path = fill(tmp_path, images=300) / FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StoreError, match=r"malformed|not a database|damaged"):
        shown(tmp_path)


def test_a_page_of_zeros_anywhere_is_an_error_or_changes_nothing(tmp_path):
    path = fill(tmp_path, images=120) / FILE
    content, expected, refusals = path.read_bytes(), shown(tmp_path), 0
    for start in range(0, len(content), 4096):
        path.write_bytes(content[:start] + bytes(4096) + content[start + 4096 :])
        try:
            found = shown(tmp_path)
        except StoreError:
            refusals += 1
        else:
            assert found == expected  # a page of an index that no question needs
    assert refusals > len(content) // 4096 // 2


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"\x00" * 8192, os.urandom(5000)], ids=len)
def test_what_is_no_database_is_an_error(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError) as error:
        shown(tmp_path)
    assert str(tmp_path) in str(error.value)


VALUES = [
    *(("cells", name, value) for name in ("method", "dataset", "options") for value in (b"x", None, 1.5)),
    *(("cells", "scale", value) for value in (b"x", None, 0, -2, 0.5, "4x", 10**9)),
    *(("cells", "options", value) for value in ("[1]", "{", "null", "{" * 5000)),
    *(("scores", "value", value) for value in ("high", b"x", float("inf"), None)),
    *(("scores", "status", value) for value in ("good", "", 3)),
    *(("outcomes", "status", value) for value in ("pending", "", 3)),
    *(("outcomes", "sr_path", value) for value in (b"x", 3)),
    *(("runs", "manifest", value) for value in ("", "[]", "{", "null", '{"a": ' * 3000, b"x")),
    *(("meta", "schema_version", value) for value in ("three", None, -1, 2.5)),
]


@pytest.mark.parametrize(("table", "column", "value"), VALUES, ids=lambda value: ascii(value)[:20])
def test_a_value_that_srbench_never_writes_is_an_error(tmp_path, table, column, value):
    with closing(sqlite3.connect(fill(tmp_path) / FILE)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (text,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        assert "id INTEGER NOT NULL" in text or table == "meta"
        head, _, columns = text.partition("id INTEGER NOT NULL") if table != "meta" else ("", "", text)
        for kind in (" NOT NULL", " VARCHAR", " INTEGER", " FLOAT"):
            columns = columns.replace(kind, "")
        loose = f"{head}id INTEGER NOT NULL{columns}" if head else columns
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (loose, table))
        connection.commit()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        connection.commit()
        stored = connection.execute(f"SELECT {column} FROM {table}").fetchone()[0]
    if stored == 4 and column == "scale":
        pytest.skip("the column turned it into a number")
    with pytest.raises(StoreError, match="is damaged") as error:
        shown(tmp_path)
    assert "\n" not in str(error.value)


def test_cells_that_were_planned_and_are_gone_are_missed(tmp_path):
    with closing(sqlite3.connect(fill(tmp_path) / FILE)) as connection:
        connection.execute("DELETE FROM cells WHERE id = 2")
        connection.commit()
    with pytest.raises(StoreError, match="cells that were planned are not there"):
        shown(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for take in (Reader, Store):
        with pytest.raises(StoreError, match=r"notes\.txt' is a file, not a results folder; name the folder"):
            take(tmp_path / "notes.txt")
    with pytest.raises(StoreError, match=r"no results in '.*no here'; make some with: srbench run --out '.*no here'"):
        Reader(tmp_path / "no here")
