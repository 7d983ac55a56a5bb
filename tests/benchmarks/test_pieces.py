"""The pieces by themselves, through pytest-benchmark: compare two states with --benchmark-save and
--benchmark-compare on one machine. Asserted are ratios within one run, never seconds."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from srbench import metrics
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins
from srbench.method.plugins import instantiate
from srbench.protocol.base import BASICSR
from srbench.report.html.page import render
from srbench.resize import imresize
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run
from srbench.run.worker import CellWorker

SIZE = (480, 320)
OVERHEAD = 0.05  # of the wall time of a run whose method takes 0.3 s an image


@pytest.fixture(scope="module")
def pair():
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    example = Example(HrImage(pixels, BASICSR), 4, Bicubic())
    return compare(super_resolve(instantiate(plugins.find("bicubic")[0]), example), example)


@pytest.mark.parametrize("scale", [0.25, 4], ids=["down", "up"])
def test_imresize(benchmark, scale):
    side = SIZE if scale < 1 else (SIZE[0] // 4, SIZE[1] // 4)
    benchmark(imresize, torch.rand(3, *side), scale)


@pytest.mark.parametrize("name", ["psnr", "ssim", pytest.param("lpips", marks=pytest.mark.weights("alex"))])
def test_metric(benchmark, name, pair):
    metric = metrics.get(name)
    metric.prepare()
    benchmark(lambda: metric.compute(replace(pair, _made={})))  # a pair remembers its values


OWN = [plugin for plugin in plugins.discover() if plugin.origin == "built in"]


# Those whose weights others bring are none of them: a fixture that times nothing is an error.
@pytest.mark.parametrize("name", [plugin.name for plugin in OWN if instantiate(plugin).supports(4)])
def test_method(srbench_benchmark, name):
    srbench_benchmark(name, size="64x48", rounds=5, warmup_rounds=1)


SLEEPER = """
import time
from pathlib import Path
from srbench.method import Method, MethodCard

class Sleeper(Method):
    card = MethodCard(name="sleeper", title="", year=2026, family="test", paper="none", colour="any")
    def upscale(self, lr, scale):
        start = time.perf_counter()
        time.sleep(0.3)
        sr = lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
        with Path(__file__).with_name("spent").open("a") as stream:
            print(time.perf_counter() - start, file=stream)
        return sr
"""


def test_overhead_of_a_run(tmp_path, monkeypatch):
    """A method of 0.3 s an image on one worker, images saved: what the harness adds to method and metrics."""
    scoring, scores = [], CellWorker._scores

    def timed(worker, task, *arguments):
        start = time.perf_counter()
        found = scores(worker, task, *arguments)
        if not task.canary:  # it is the harness's own
            scoring.append(time.perf_counter() - start)
        return found

    monkeypatch.setattr(CellWorker, "_scores", timed)
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    options = RunOptions(
        (str(tmp_path / "sleeper.py"),),
        ("sample",),
        (2, 3, 4),
        metrics=("psnr", "ssim"),
        threads=1,
        device="cpu",
    )
    run(replace(options, scales=(8,), out=tmp_path / "warm"))  # libraries are imported once a process
    shares = []
    while len(shares) < 3 and max(shares, default=0) <= 1 - OVERHEAD:  # what else this machine does can only add to it
        start = time.perf_counter()
        summary = run(replace(options, out=tmp_path / f"results-{len(shares)}"))
        wall = time.perf_counter() - start
        spent = [float(line) for line in (tmp_path / "spent").read_text().split()]
        method, measuring = (sum(seconds[-summary.computed :]) for seconds in (spent, scoring))
        shares.append((method + measuring) / wall)
        print(
            f"\n{summary.computed} cells: the method {method:.2f} s, metrics {measuring:.2f} s, wall {wall:.2f} s: "
            f"{shares[-1]:.1%} in method and metrics"
        )
    assert max(shares) > 1 - OVERHEAD


def test_milliseconds_of_the_harness_per_bicubic_cell(benchmark, tmp_path):
    def go():
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        options = RunOptions(("bicubic",), ("sample",), (2, 3, 4), metrics=("psnr",), threads=1, device="cpu")
        return run(RunOptions(**{**vars(options), "out": tmp_path / "results"}))

    summary = benchmark.pedantic(go, rounds=3, warmup_rounds=1)
    with Reader(tmp_path / "results") as reader:
        method = sum(row.outcome.seconds for row in reader.outcomes())
    cells = summary.computed
    wall = benchmark.stats.stats.median
    print(f"\n{1000 * wall / cells:.1f} ms per cell, {1000 * method / cells:.1f} ms of it in the method and writing")
    benchmark.extra_info["milliseconds per cell"] = 1000 * wall / cells


def test_rendering_a_report(benchmark, tmp_path):
    out = tmp_path / "results"
    run(RunOptions(("bicubic", "nearest"), ("sample",), metrics=("psnr",), out=out, device="cpu"))
    with Reader(out) as reader:
        benchmark.pedantic(render, args=(reader,), rounds=3, warmup_rounds=1)


def test_start_up():
    """``srbench --help`` as a multiple of an empty Python."""
    commands = {"python": ["-c", "pass"], "srbench": ["-m", "srbench", "--help"]}
    seconds = {name: [] for name in commands}
    for _ in range(9):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
            seconds[name].append(time.perf_counter() - start)
    ratio = np.median(np.divide(seconds["srbench"], seconds["python"]))
    print(f"\nsrbench --help takes {ratio:.1f} times as long as an empty Python")
    assert ratio < 40  # with torch it would be 100 and more
