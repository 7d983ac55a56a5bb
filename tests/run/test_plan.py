"""A cell is data: small, and computed to the same bits by a process that shares nothing with that which planned it."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from srbench.errors import SrbenchError
from srbench.imaging.images import write_image
from srbench.results.reader import Reader
from srbench.run.job import context_of
from srbench.run.observer import Silent
from srbench.run.options import RunOptions
from srbench.run.plan import MethodSpec
from srbench.run.runner import run
from srbench.run.worker import CellWorker

LARGEST = 2048  # bytes of a task

METRIC = """
from srbench.metrics import Metric

MINE = Metric(name="mean-error", title="Mean error", version=3, higher_is_better=False, unit="", bounds=(0, 255),
              digits=2, needs=("sr_luma", "hr_luma"),
              compute=lambda pair: float((pair.sr_luma - pair.hr_luma).abs().mean()))
"""

FRESH = """
import pickle, sys
from pathlib import Path
from srbench.run.executors.local import single_threaded
from srbench.run.worker import CellWorker

context, tasks = pickle.loads(Path(sys.argv[1]).read_bytes())
with single_threaded():
    worker = CellWorker(context)
    Path(sys.argv[2]).write_bytes(pickle.dumps([worker.compute(task) for task in tasks]))
"""


class Tasks(Silent):
    """Collects the tasks of a run as they are done."""

    def __init__(self):
        self.done_tasks = []

    def done(self, cell, outcome):
        self.done_tasks.append(cell)


@pytest.fixture
def planned(results, pictures):
    """Runs methods on the three small pictures; returns the context and all tasks."""

    def go(*methods, **options):
        chosen = {"datasets": (str(pictures),), "scales": (2,), "out": results, "threads": 1, "device": "cpu"}
        options = RunOptions(methods, **chosen | options)
        tasks = Tasks()
        assert not run(options, tasks).failures
        return context_of(options), tasks.done_tasks

    return go


def stored(folder):
    """Pixel hash and scores of every cell, by key."""
    with Reader(folder) as reader:
        keys = {row.cell_id: row.facts.key for row in reader.planned()}
        hashes = {keys[row.cell_id]: row.outcome.sr_sha256 for row in reader.outcomes()}
        scores = {(keys[row.cell_id], row.score.metric): row.score.value for row in reader.scores()}
    return hashes, scores


def in_a_fresh_process(context, tasks, tmp_path):
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(pickle.dumps((context, tasks)))
    (tmp_path / "elsewhere").mkdir()
    command = [sys.executable, "-c", FRESH, str(sent), str(received)]
    subprocess.run(command, cwd=tmp_path / "elsewhere", check=True, timeout=600)
    return pickle.loads(received.read_bytes())


@pytest.mark.sampled(2)
@pytest.mark.parametrize("options", [{}, {"self_ensemble": True, "tile": 16, "protocol": "classic", "seed": 3}])
def test_a_fresh_process_computes_to_the_same_bits(
    planned, write_plugin, pictures, make_picture, results, tmp_path, options, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_plugin("return imresize(lr, scale, kernel='nearest')", file="mine.py")
    (tmp_path / "metric.py").write_text(METRIC)
    write_image(pictures / "d.png", make_picture(96, 120, 9))  # larger than a tile at x4
    options = {"metrics": ("psnr", "ssim", "./metric.py"), "degradation": "bicubic-noise", "scales": (4,)} | options
    context, tasks = planned("./mine.py", "bicubic", "srcnn", **options)
    done = in_a_fresh_process(replace(context, folder=tmp_path / "fresh"), tasks, tmp_path)
    assert all(result.outcome.status == "ok" for result in done)
    hashes, scores = stored(results)
    pairs = list(zip(tasks, done, strict=True))
    assert {task.facts.key: result.outcome.sr_sha256 for task, result in pairs} == hashes
    assert {(task.facts.key, s.metric): s.value for task, result in pairs for s in result.scores} == scores
    assert (len(hashes), len(scores)) == (12, 36)
    assert len(list((tmp_path / "fresh").glob("images/**/*.png"))) == 12


def test_kept_images_are_scored_in_a_fresh_process(planned, results, tmp_path):
    planned("bicubic", metrics=("psnr",))
    context, tasks = planned("bicubic", metrics=("psnr", "ssim"))
    assert all(task.kept is not None for task in tasks)
    done = in_a_fresh_process(context, tasks, tmp_path)
    assert [result.outcome for result in done] == [None] * 3
    scores = {(task.facts.key, r.scores[0].metric): r.scores[0].value for task, r in zip(tasks, done, strict=True)}
    assert scores == {key: value for key, value in stored(results)[1].items() if key[1] == "ssim"}


@pytest.mark.data("bsd100")
def test_a_task_is_small(planned):
    options = {"datasets": ("bsd100",), "scales": (4,), "degradation": "bicubic-noise", "tile": 64}
    planned("bicubic", metrics=("psnr",), **options)
    metrics = ("psnr", "ssim", "consistency")
    context, tasks = planned("bicubic", metrics=metrics, self_ensemble=False, **options)
    assert len(tasks) == 100
    assert all(task.kept is not None for task in tasks)
    assert max(len(pickle.dumps(task)) for task in tasks) < LARGEST
    assert len(pickle.dumps(context)) < LARGEST
    assert pickle.loads(pickle.dumps(tasks)) == tasks


def test_a_method_of_other_source_is_not_taken_for_the_planned_one(planned, write_plugin):
    context, (task, *_) = planned(write_plugin())
    write_plugin("return imresize(lr, scale, kernel='nearest')")
    result = CellWorker(context).compute(task)
    assert result.outcome.status == "failed"
    assert "is another version of mine here" in result.outcome.message
    assert task.method.identity in result.outcome.message


def test_a_metric_of_another_version_is_not_taken_for_the_planned_one(planned, tmp_path):
    path = tmp_path / "metric.py"
    path.write_text(METRIC)
    context, (task, *_) = planned("bicubic", metrics=(str(path),))
    path.write_text(METRIC.replace("version=3", "version=4"))
    result = CellWorker(context).compute(task)
    assert result.outcome.status == "failed"
    assert re.search(r"has version 4\d{12} of mean-error here, not 3\d{12}", result.outcome.message)


def test_another_kernel_is_not_taken_for_the_planned_one(planned, tmp_path):
    kernel = np.zeros((3, 3))
    kernel[1, 1] = 1
    np.save(tmp_path / "k.npy", kernel)
    context, _ = planned("bicubic", degradation=f"kernel:{tmp_path / 'k.npy'}")
    assert CellWorker(context).degradation.key == context.degradation_key
    np.save(tmp_path / "k.npy", np.full((3, 3), 1 / 9))
    with pytest.raises(SrbenchError, match="not kernel:k/v1/"):
        CellWorker(context)


def test_an_image_that_was_made_elsewhere_and_is_gone_is_said_to_be_missing(planned):
    context, (task, *_) = planned("bicubic")
    result = CellWorker(context).compute(replace(task, method=MethodSpec("theirs", "0" * 16)))
    assert result.outcome.status == "failed"
    assert "the images of 'theirs' were made elsewhere" in result.outcome.message
