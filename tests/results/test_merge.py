"""Results folders made one: nothing lost, nothing twice, nothing of the sources changed."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srbench.errors import StoreError
from srbench.records import Entry, Score
from srbench.results import merge as merging
from srbench.results import schema
from srbench.results.contradicting import contradicting
from srbench.results.folder import FILE
from srbench.results.leaderboard import means, per_image
from srbench.results.merge import _OF_RUN, merge
from srbench.results.reader import Reader
from srbench.results.store import Store

GOLDEN = Path(__file__).parent.parent / "golden"


def content(folder):
    """All that a folder holds, but for the numbers of rows."""
    with sqlite3.connect(folder / FILE) as database:
        database.row_factory = sqlite3.Row
        keys = {row["id"]: row["key"] for row in database.execute("SELECT id, key FROM cells")}
        runs = {row["id"]: row["started"] + row["manifest"] for row in database.execute("SELECT * FROM runs")}
        found = {"cells": sorted(keys.values()), "runs": sorted(runs.values())}
        for table in _OF_RUN:
            rows = [dict(row) for row in database.execute(f"SELECT * FROM {table}")]
            for row in rows:
                row.pop("id", None)
                row["run_id"] = runs[row["run_id"]]
                if "cell_id" in row:
                    row["cell_id"] = keys[row["cell_id"]]
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found


def together(*folders):
    parts = [content(folder) for folder in folders]
    return {name: sorted({row for part in parts for row in part[name]}) for name in parts[0]}


def images(*names, **values):
    return {("set5", name): {"psnr": 30.0 + i, "ssim": 0.9} | values for i, name in enumerate(names)}


@pytest.fixture
def three(scored):
    """Three folders: two methods on other images, and one method that the first has, too."""
    return [
        scored("one", {"a": images("x", "y"), "b": images("x")}),
        scored("two", {"a": images("z")}),
        scored("three", {"c": images("x", "y", "z"), "a": {("set5", "x"): None}}),
    ]


def test_the_merged_folder_holds_what_the_folders_hold(three, tmp_path):
    before = [content(folder) for folder in three]
    done = merge(three, tmp_path / "all")
    assert content(tmp_path / "all") == together(*three)
    assert (done.folders, done.runs, done.scores, done.new_scores) == (3, 3, 14, 14)
    assert [content(folder) for folder in three] == before


def test_merging_twice_or_in_parts_or_in_another_order_changes_nothing(three, tmp_path):
    merge(three, tmp_path / "at once")
    merge(three[:1], tmp_path / "by and by")
    merge(three[::-1], tmp_path / "by and by")
    again = merge([tmp_path / "at once", *three, three[0]], tmp_path / "by and by")
    assert again.new_scores == 0
    assert content(tmp_path / "by and by") == content(tmp_path / "at once")
    with sqlite3.connect(tmp_path / "by and by" / FILE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_table_is_merged_but_those_of_runs_that_go_on():
    assert {"meta", "runs", "cells", "holders", "claims", *_OF_RUN} == set(schema.metadata.tables)
    for name, columns in _OF_RUN.items():
        assert {"id", "run_id", *columns} >= set(schema.metadata.tables[name].columns.keys()), name


def test_the_newest_run_decides_what_is_shown_whichever_folder_comes_first(scored, tmp_path):
    old = scored("old", {"a": images("x", "y")}, facts={"method_hash": "old"})
    with sqlite3.connect(old / FILE) as database:
        database.execute("UPDATE runs SET started = '2020-01-01T00:00:00+00:00'")
    new = scored("new", {"a": images("x")}, facts={"method_hash": "new"})
    for number, order in enumerate(([old, new], [new, old])):
        out = tmp_path / f"{number}"
        for folder in order:
            merge([folder], out)
        with Reader(out) as reader:
            assert {(row.image, row.method_hash) for row in reader.cells()} == {("x", "new")}


def test_a_run_that_went_on_since_it_was_merged_is_brought_up_to_date(three, tmp_path):
    out = tmp_path / "all"
    merge(three, out)
    with Reader(three[1]) as reader:
        (cell,) = reader.planned()
    with Store(three[1]) as store:
        store.record(cell.run_id, [Entry(cell.cell_id, None, (Score("lpips", 1, 0.25, "ok"),))])
    done = merge(three, out)
    assert done.new_scores == 1
    assert content(out) == together(*three)


def test_other_values_of_one_cell_are_both_kept_and_said(scored, tmp_path):
    first = scored("first", {"a": images("x", "y")}, outcome={"sr_sha256": "1"})
    second = scored("second", {"a": images("x", "y", psnr=30.0005)}, outcome={"sr_sha256": "2"})
    merge([first, second], tmp_path / "all")
    assert content(tmp_path / "all") == together(first, second)
    with Reader(tmp_path / "all") as reader:
        rows = per_image(reader)
        said = contradicting(reader, rows)
        (mean,) = means(rows[rows["metric"] == "psnr"])["mean"]
    assert mean == pytest.approx(30.0005)  # of the second, which began later
    assert said == [
        "2 PSNR values of a came out differently when computed again (by 1 dB at most): the newest is shown"
    ]


def test_equal_values_of_one_cell_are_not_said(scored, tmp_path):
    folders = [scored(name, {"a": images("x")}) for name in ("first", "second")]
    merge(folders, tmp_path / "all")
    with Reader(tmp_path / "all") as reader:
        assert contradicting(reader, per_image(reader)) == []


@pytest.mark.parametrize("version", ["results-v1", "results-v2", "results-v3"])
def test_folders_of_older_srbenches_are_merged_with_new_ones(version, scored, tmp_path):
    old = shutil.copytree(GOLDEN / version, tmp_path / "old")
    before = (old / FILE).read_bytes()
    new = scored("new", {"a": images("x")})
    merge([new, old], tmp_path / "all")
    merge([new, old], tmp_path / "all")
    assert (old / FILE).read_bytes() == before
    with Reader(old) as theirs, Reader(tmp_path / "all") as reader:
        rows, all_rows = per_image(theirs).fillna(-1), per_image(reader).fillna(-1)
    own = all_rows[all_rows["dataset"].isin(rows["dataset"]) & all_rows["method"].isin(rows["method"])]
    shown = ["method", "dataset", "scale", "image", "metric", "value", "status"]
    assert own[shown].sort_values(shown).values.tolist() == rows[shown].sort_values(shown).values.tolist()
    assert len(all_rows) == len(rows) + 2


# -- images --------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_image(scored):
    """A folder with one cell and a file for its SR image and one for its map of the entropy."""

    def make(name, data, where="images/a/x.png", digest=""):
        folder = scored(name, {"a": images("x")}, outcome={"sr_path": where, "sr_sha256": digest or data.decode()})
        with Reader(folder) as reader:
            (cell,) = reader.planned()
        detail = json.dumps({"entropy": where.replace(".png", ".entropy.png")})
        with Store(folder) as store:
            store.record(cell.run_id, [Entry(cell.cell_id, None, (Score("bits", 1, 4.0, "ok", detail),))])
        if ".." not in where:
            for path in (where, where.replace(".png", ".entropy.png")):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        return folder

    return make


def test_images_and_maps_come_along_and_another_image_gets_another_name(with_image, tmp_path):
    one, two = with_image("one", b"first"), with_image("two", b"second")
    out = tmp_path / "all"
    assert merge([one, two], out).images == 4
    assert merge([one, two], out).images == 0
    with Reader(out) as reader:
        maps = [json.loads(score.score.extra)["entropy"] for score in reader.scores() if score.score.extra]
    with sqlite3.connect(out / FILE) as database:
        paths = database.execute("SELECT sr_path, sr_sha256 FROM outcomes ORDER BY id").fetchall()
    assert [(out / path).read_bytes().decode() for path, _ in paths] == [digest for _, digest in paths]
    assert paths[0][0] == "images/a/x.png"
    assert [(out / path).read_bytes() for path in maps] == [b"second"]


def test_missing_images_are_named_and_their_scores_merged(with_image, tmp_path):
    folder = with_image("one", b"first")
    (folder / "images/a/x.png").unlink()
    done = merge([folder], tmp_path / "all")
    assert (done.images, done.scores) == (1, 3)
    assert done.missing == [str(folder / "images/a/x.png")]


@pytest.mark.parametrize("where", ["../secret.png", "/etc/hostname", "images/../../secret.png"])
def test_nothing_is_taken_from_outside_a_folder_or_put_outside_of_it(where, with_image, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = with_image("one", b"secret", where)
    out = tmp_path / "deep" / "all"
    assert merge([folder], out).images == 0
    assert not [path for path in tmp_path.rglob("*.png") if path.parent != tmp_path]


def test_a_link_out_of_a_folder_is_not_followed(with_image, tmp_path):
    folder = with_image("one", b"first")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "images/a/x.png").unlink()
    (folder / "images/a/x.png").symlink_to(tmp_path / "secret")
    assert str(folder / "images/a/x.png") in merge([folder], tmp_path / "all").missing


# -- what is refused -----------------------------------------------------------------------------------------------


def test_a_folder_is_not_merged_into_itself(three, tmp_path):
    (tmp_path / "link").symlink_to(three[0])
    for name in (three[0], tmp_path / "link"):
        with pytest.raises(StoreError, match="into itself"):
            merge([name, three[1]], three[0])


@pytest.mark.parametrize("busy", ["source", "out"])
def test_a_folder_that_a_run_writes_to_is_refused(busy, three, tmp_path):
    folder = three[0] if busy == "source" else tmp_path / "all"
    with Store(folder, create=True) as store:
        store.start_run({"command": "goes on"})
        with pytest.raises(StoreError, match="goes on in"):
            merge(three, tmp_path / "all")
    merge(three, tmp_path / "all")  # its process is not at it any more


def test_what_a_run_wrote_to_the_folder_meanwhile_is_not_lost(three, tmp_path, scored, monkeypatch):
    merge(three[:1], tmp_path / "all")
    build = merging._build

    def overtaken(*given):
        scored("all", {"late": images("x")})  # begins and ends while tables are built
        return build(*given)

    monkeypatch.setattr(merging, "_build", overtaken)
    with pytest.raises(StoreError, match="was written to while"):
        merge(three, tmp_path / "all")
    monkeypatch.undo()
    merge(three, tmp_path / "all")
    assert content(tmp_path / "all") == together(*three, tmp_path / "all")
    with Reader(tmp_path / "all") as reader:
        assert {row.method for row in reader.cells()} == {"a", "b", "c", "late"}


def test_a_folder_of_a_newer_srbench_is_refused(three, tmp_path):
    with sqlite3.connect(three[2] / FILE) as database:
        database.execute("UPDATE meta SET schema_version = 99")
    with pytest.raises(StoreError, match="newer srbench"):
        merge(three, tmp_path / "all")


def test_what_is_no_results_folder_is_refused(three, tmp_path):
    with pytest.raises(StoreError, match="no results in"):
        merge([three[0], tmp_path], tmp_path / "all")


# -- killed half way -----------------------------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from srbench.results import merge as merging, merged_files
step, out, *sources = sys.argv[1:]
module, name = (merged_files, "_put") if step == "_put" else (merging, step)
def die(*_):
    os.kill(os.getpid(), 9)
setattr(module, name, die)
merging.merge([Path(s) for s in sources], Path(out))
"""


@pytest.mark.parametrize("step", ["_put", "_build", "_replace", "_write_manifests"])
@pytest.mark.sampled(2)
def test_a_killed_merge_is_done_by_the_same_command(step, with_image, three, tmp_path):
    out = tmp_path / "all"
    merge(three[:1], out)
    before = content(out)
    sources = [*three, with_image("image", b"first")]
    run = subprocess.run([sys.executable, "-c", KILLED, step, str(out), *map(str, sources)], timeout=300, check=False)
    assert run.returncode == -9
    assert content(out) in (before, together(*sources))
    merge(sources, out)
    assert content(out) == together(*sources)
    assert sorted(path.name for path in (out / "runs").iterdir()) == [
        "0001.json",
        "0002.json",
        "0003.json",
        "0004.json",
    ]


def test_many_scores_are_merged_quickly(made_up, tmp_path):
    folder = made_up(methods=40, datasets={"bsd100": 100}, scales=(2, 3, 4))
    other = shutil.copytree(folder, tmp_path / "other")
    with sqlite3.connect(other / FILE) as database:
        database.execute("UPDATE runs SET manifest = json_set(manifest, '$.origin', 'another')")
        database.execute("UPDATE scores SET value = value + 1")
    start = time.process_time()
    done = merge([folder, other], tmp_path / "all")
    assert done.scores == 48_000
    assert time.process_time() - start < 60
