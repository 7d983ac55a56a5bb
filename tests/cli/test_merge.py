"""``srbench run --shard`` and ``srbench merge``: slices merged are the run."""

import sqlite3
from io import StringIO

import pandas as pd
import pytest

from srbench.results.folder import FILE
from srbench.results.reader import Reader


def everything(folder):
    """Hashes of the SR images and all scores, by cell and metric."""
    with Reader(folder) as reader:
        keys = {cell.cell_id: (cell.facts.key, str(cell.facts)) for cell in reader.planned()}
        images = {keys[o.cell_id]: (o.outcome.status, o.outcome.sr_sha256) for o in reader.outcomes()}
        scores = {(*keys[s.cell_id], s.score.metric): (s.score.value, s.score.status) for s in reader.scores()}
        shown = [(row.method, row.dataset, row.image) for row in reader.cells()]
    return images, scores, sorted(shown)


@pytest.fixture
def run(srbench, pictures, log_plugin):
    def start(out, *more):
        methods = f"nearest,bicubic,back-projection,{log_plugin}"
        asked = ("--methods", methods, "--datasets", str(pictures), "--scales", "2", "--metrics", "psnr,ssim")
        return srbench("run", *asked, "--threads", "1", "--out", str(out), *more)

    return start


@pytest.fixture
def log_plugin(write_plugin):
    return write_plugin()


def test_merged_slices_are_the_run_in_any_order_with_one_run_twice(run, srbench, tmp_path):
    run(tmp_path / "whole")
    for index in (2, 4, 1, 3, 2):
        result = run(tmp_path / f"s{index}", "--shard", f"{index}/4")
        assert result.exit_code == 0, result.stderr
        assert f"slice {index}/4" in result.stderr
    result = srbench("merge", *(str(tmp_path / f"s{i}") for i in (3, 1, 4, 2)), "--out", str(tmp_path / "all"))
    assert result.exit_code == 0, result.stderr
    assert "not here" not in result.stderr
    assert everything(tmp_path / "all") == everything(tmp_path / "whole")
    tables = [srbench("report", tmp_path / name, "--format", "csv").stdout for name in ("all", "whole")]
    means = [pd.read_csv(StringIO(table)).sort_values(["method", "metric"], ignore_index=True) for table in tables]
    pd.testing.assert_frame_equal(*means, rtol=1e-12)  # a sum in another order may differ in its last digit
    again = run(tmp_path / "all")  # nothing is left to compute
    assert "0 cells computed, 12 already there" in again.stderr


def test_what_is_not_here_yet_is_said_by_merge_run_report_and_page(run, srbench, tmp_path):
    result = run(tmp_path / "s1", "--shard", "1/3")
    assert "not here (2, 3)" in result.stdout
    result = srbench("merge", str(tmp_path / "s1"), "--out", str(tmp_path / "all"))
    assert "not here (2, 3)" in result.stderr
    srbench("report", str(tmp_path / "all"))
    assert "not here (2, 3)" in (tmp_path / "all" / "report.html").read_text()


@pytest.mark.parametrize("text", ["0/4", "5/4", "four"])
def test_a_wrong_slice_is_one_line_before_anything_is_written(text, run, tmp_path):
    result = run(tmp_path / "out", "--shard", text)
    assert result.exit_code == 2
    assert "--shard" in result.stderr
    assert not (tmp_path / "out").exists()


def test_two_folders_of_images_of_one_name_are_not_made_one(srbench, tmp_path, make_picture):
    from srbench.imaging.images import write_image

    for seed, place in enumerate("AB"):
        write_image(tmp_path / place / "HR" / "x.png", make_picture(24, 24, seed))
        asked = ("--methods", "nearest", "--datasets", str(tmp_path / place / "HR"), "--scales", "2")
        assert srbench("run", *asked, "--metrics", "psnr", "--out", str(tmp_path / f"results {place}")).exit_code == 0
    result = srbench("merge", str(tmp_path / "results A"), str(tmp_path / "results B"), "--out", str(tmp_path / "all"))
    assert result.exit_code == 2
    assert "'HR'" in result.stderr
    assert not (tmp_path / "all").exists()


def test_a_damaged_slice_is_named(run, srbench, tmp_path):
    run(tmp_path / "s1", "--shard", "1/2")
    run(tmp_path / "s2", "--shard", "2/2")
    with sqlite3.connect(tmp_path / "s2" / FILE) as database:
        database.execute("DROP TABLE scores")
    result = srbench("merge", str(tmp_path / "s1"), str(tmp_path / "s2"), "--out", str(tmp_path / "all"))
    assert result.exit_code == 2
    assert "s2" in result.stderr
