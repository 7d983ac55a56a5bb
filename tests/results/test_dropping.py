"""What is dropped goes whole, with its images and what manifests say of it; all else stays as it was."""

import json
import sqlite3

import pytest

from srbench.errors import StoreError, UnknownNameError
from srbench.records import Canary, CellFacts, Entry, Outcome, Score, Timing
from srbench.results.folder import FILE
from srbench.results.inventory import inventory
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.results.store import Store

METRICS = ("psnr", "bits")


def cell(method, dataset, image, options=""):
    key = f"{dataset}{image}"
    return CellFacts(method, "0", dataset, 1, image, key, 3, 4, "bicubic/v1", "basicsr", "p", options)


def manifest(methods, datasets):
    parts = {"methods": methods, "datasets": datasets, "metrics": METRICS}
    return {"command": f"srbench run {methods[0]}"} | {key: [{"name": n} for n in own] for key, own in parts.items()}


def run(store, cells, *, computed=None, status="finished", again=False):
    """A run that planned ``cells`` and computed those of ``computed`` (default: all), each with a file."""
    methods, datasets = (list(dict.fromkeys(getattr(c, name) for c in cells)) for name in ("method", "dataset"))
    described = manifest(methods, datasets)
    number = store.start_run(described)
    ids = store.plan(number, cells)
    entries = []
    for own in cells if computed is None else computed:
        path = f"images/{own.dataset}/{own.method}{'+' * bool(own.options)}/{own.image}.png"
        (store.folder / path).parent.mkdir(parents=True, exist_ok=True)
        for file in (path, f"{path}.map"):
            (store.folder / file).write_bytes(b"pixels")
        map_ = json.dumps({"entropy": f"{path}.map"})
        scores = (Score("psnr", 1, 30.0 + number, "ok"), Score("bits", 1, 2.0, "ok", map_))
        entries.append(Entry(ids[own.key], Outcome("ok", sr_path=path, sr_sha256="f"), scores))
    store.record(number, entries, again=again)
    store.add_canaries(number, [Canary(name, 4, 28.0, 28.0, "good") for name in datasets])
    store.finish_run(number, status, described)
    file = store.folder / "runs" / f"{number:04d}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({**described, "status": status}))
    return number


A, B = ([cell(method, data, image) for data in ("x", "y") for image in "12"] for method in ("a", "b"))
PLUS = [cell("a", "x", image, '{"self_ensemble": true}') for image in "12"]


@pytest.fixture
def folder(tmp_path):
    """Run 1: a and b on x and y. Run 2: a's self-ensemble. Run 3, killed: b on x again and another version of it on z,
    of which one image was computed."""
    with Store(tmp_path / "results", create=True) as store:
        run(store, A + B)
        run(store, PLUS)
        z = [cell("b", "z", image) for image in "123"]
        run(store, z + B[:2], computed=z[:1], status="interrupted")
        timing = Timing("a", "8x8", 4, (8, 8), 3, "cpu", "fp32", 1, "s", seconds=(1.0,))
        store.add_timings(1, [timing])
    return tmp_path / "results"


def drop(folder, kind, name):
    with Store(folder) as store:
        said = store.drop(kind, name, look=True)
        assert store.drop(kind, name) == said
    return said


def content(folder):
    """All that the folder holds: rows by (method, dataset, image, metric), files, what manifests name."""
    with Reader(folder) as reader:
        images = per_image(reader)
        rows = {
            tuple(row) for row in images[["method", "dataset", "image", "metric", "status"]].itertuples(index=False)
        }
        named = {
            run.id: {key: [own["name"] for own in run.manifest[key]] for key in ("methods", "datasets", "metrics")}
            for run in reader.runs()
        }
    written = {int(path.stem): json.loads(path.read_text()) for path in (folder / "runs").iterdir()}
    told = {n: {key: [o["name"] for o in own[key]] for key in named[n]} for n, own in written.items()}
    assert told == named
    files = {str(path.relative_to(folder)) for path in (folder / "images").rglob("*") if path.is_file()}
    return rows, files, named


def orphans(folder):
    """Rows that refer to a cell or a run that is not there."""
    connection = sqlite3.connect(folder / FILE)
    try:
        return connection.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        connection.close()


def test_looking_changes_nothing(folder):
    before = content(folder)
    with Store(folder) as store:
        for kind, name in (("run", "1"), ("plan", "3"), ("method", "a"), ("dataset", "x"), ("metric", "psnr")):
            store.drop(kind, name, look=True)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("kind", "name", "goes"),
    [
        ("method", "a", lambda row: row[0] == "a"),
        ("method", "a+", lambda row: row[0] == "a+"),
        ("method", "b", lambda row: row[0] == "b"),
        ("dataset", "x", lambda row: row[1] == "x"),
        ("dataset", "z", lambda row: row[1] == "z"),
        ("metric", "bits", lambda row: row[3] == "bits"),
    ],
)
def test_a_name_goes_and_all_else_stays(folder, kind, name, goes):
    rows, files, _ = content(folder)
    drop(folder, kind, name)
    left, files_left, named = content(folder)
    assert left == {row for row in rows if not goes(row)}
    assert orphans(folder) == []
    if kind == "metric":
        assert files_left == {path for path in files if not path.endswith(".map")}
        assert all(own["metrics"] == ["psnr"] for own in named.values())
    else:
        part = {"method": f"/{name}/", "dataset": f"images/{name}/"}[kind]
        assert files_left == {path for path in files if part not in path}
        plain = name.rstrip("+")
        still = any(row[0].rstrip("+") == plain if kind == "method" else row[1] == name for row in left)
        assert any(plain in own[f"{kind}s"] for own in named.values()) == still
    with Store(folder) as store, pytest.raises(UnknownNameError, match=f"unknown {kind} "):
        store.drop(kind, name)


def test_a_run_goes_with_all_that_it_computed(folder):
    removal = drop(folder, "run", "1")
    assert (removal.cells, removal.scores, removal.runs, removal.open) == (6, 16, (1,), {3: 2})
    rows, files, named = content(folder)
    assert set(named) == {2, 3}
    assert {row[0] for row in rows} == {"a+", "b"}
    assert {row[4] for row in rows if row[1] == "x" and row[0] == "b"} == {"pending"}
    assert not any("/y/" in path for path in files)
    assert not (folder / "images" / "y").exists()
    assert orphans(folder) == []


def test_what_a_killed_run_left_open_goes_and_what_it_computed_stays(folder):
    with Reader(folder) as reader:
        assert [(one.run.id, one.done, one.cells) for one in inventory(reader)] == [(1, 8, 8), (2, 2, 2), (3, 3, 5)]
        assert "pending" in set(per_image(reader)["status"])
    removal = drop(folder, "plan", "3")
    assert (removal.cells, removal.scores, removal.runs, removal.files) == (2, 0, (), ())
    with Reader(folder) as reader:
        assert set(per_image(reader)["status"]) == {"ok"}
        assert [(one.done, one.cells) for one in inventory(reader)] == [(8, 8), (2, 2), (3, 3)]
    with Store(folder) as store, pytest.raises(StoreError, match="run 3 has computed all that it planned"):
        store.drop("plan", "3")


def test_what_a_newer_run_computed_again_leaves_the_older_result(folder):
    with Store(folder) as store:
        run(store, A, again=True)
    assert drop(folder, "run", "4").files == ()  # the images belong to run 1 too
    with Reader(folder) as reader:
        images = per_image(reader)
    assert set(images.loc[(images["method"] == "a") & (images["metric"] == "psnr"), "value"]) == {31.0}


def test_a_run_that_holds_nothing_any_more_goes_too(folder):
    assert drop(folder, "method", "a+").runs == (2,)
    assert not (folder / "runs" / "0002.json").exists()
    drop(folder, "dataset", "x")
    assert drop(folder, "method", "b").runs == (3,)
    with Reader(folder) as reader:
        assert [one.id for one in reader.runs()] == [1]
    removal = drop(folder, "method", "a")
    assert (removal.runs, removal.timings) == ((1,), 1)


@pytest.mark.parametrize("path", ["../out.png", "/tmp/out.png", "images/../../out.png", "link/out.png"])
def test_no_file_outside_the_folder_is_removed(folder, path, tmp_path):
    outside = tmp_path / "out.png"
    outside.write_bytes(b"mine")
    (folder / "link").symlink_to(tmp_path)
    connection = sqlite3.connect(folder / FILE)
    connection.execute("UPDATE outcomes SET sr_path = ?", (str(outside) if path.startswith("/tmp") else path,))
    connection.commit()
    connection.close()
    drop(folder, "run", "1")
    assert outside.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["0", "9", "x", "1.0", "-1", "²"])
def test_a_run_that_is_not_there_is_an_error_that_names_those_that_are(folder, name):
    with Store(folder) as store, pytest.raises(StoreError, match=r"no run .*its runs: 1, 2, 3"):
        store.drop("run", name)
