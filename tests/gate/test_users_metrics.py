"""A baseline with a metric from a user's file is checked without that file, and against results that lack it."""

import shutil
from pathlib import Path

import pytest

from srbench import gate
from srbench.errors import GateError, UnknownNameError
from srbench.results.reader import Reader

METRIC = """
from srbench.metrics import Metric
MINE = Metric(name="mine", title="Mine", version=1, higher_is_better={better}, unit="", bounds=(0, 255), digits=2,
              needs=("sr_luma",), compute=lambda pair: {value})
"""


@pytest.fixture
def metric(tmp_path):
    def write(better=False, value="2.0"):
        (tmp_path / "mine.py").write_text(METRIC.format(better=better, value=value))
        return str(tmp_path / "mine.py")

    return write


def baseline(results, path):
    with Reader(results) as reader:
        assert gate.write(gate.collect(reader), path, gate.Recording()) == 2
    return gate.read(path)


def verdicts(results, file):
    with Reader(results) as reader:
        found = gate.check(gate.collect(reader), file)
    return {verdict.threshold.metric: (verdict.outcome, verdict.reason) for verdict in found}


@pytest.mark.parametrize("better", [True, False])
def test_it_holds_where_the_file_is_gone(go, metric, results, tmp_path, better):
    path = metric(better)
    go("nearest", metrics=("psnr", path))
    Path(path).unlink()
    file = baseline(results, tmp_path / "baseline.toml")
    assert verdicts(results, file) == {"psnr": ("pass", ""), "mine": ("pass", "")}


def test_results_without_it_fall_short(go, metric, results, tmp_path):
    go("nearest", metrics=("psnr", metric()))
    file = baseline(results, tmp_path / "baseline.toml")
    shutil.rmtree(results)
    go("nearest", metrics=("psnr",))
    assert verdicts(results, file) == {"psnr": ("pass", ""), "mine": ("fail", "mine was not computed")}


def test_an_edited_one_is_another_metric(go, metric, results, tmp_path):
    go("nearest", metrics=("psnr", metric()))
    file = baseline(results, tmp_path / "baseline.toml")
    go("nearest", metrics=("psnr", metric(value="1.0")))
    with pytest.raises(GateError, match="measured under another version of metric mine"):
        verdicts(results, file)


def test_a_name_that_neither_the_results_nor_the_baseline_know_is_a_mistake(go, results, tmp_path):
    go("nearest", metrics=("psnr", "ssim"))
    baseline(results, tmp_path / "baseline.toml")
    text = (tmp_path / "baseline.toml").read_text()
    (tmp_path / "other.toml").write_text(text.replace('metric = "ssim"', 'metric = "mime"'))
    with pytest.raises(UnknownNameError, match="unknown metric 'mime'"):
        verdicts(results, gate.read(tmp_path / "other.toml"))
