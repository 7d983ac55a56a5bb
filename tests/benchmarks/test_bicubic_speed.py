"""Bicubic with PSNR and SSIM on Set5, Set14 and BSD100 at x2, x3 and x4: 357 image-scale pairs, decoding included,
no images kept, against the row-by-row way of the common scripts. Both in one process, taking turns."""

import gc
import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

SCALES = (2, 3, 4)
ROUNDS = 5


def _reference():
    spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _srbench(folder, threads):
    options = RunOptions(
        methods=("bicubic",),
        datasets=("set5", "set14", "bsd100"),
        scales=SCALES,
        out=folder,
        keep_images=False,
        threads=threads,
        metrics=("psnr", "ssim"),
    )
    summary = run(options)
    assert summary.computed == 357
    assert not summary.failed


@pytest.mark.data
def test_bicubic_against_row_by_row(standard_images, tmp_path, benchmark):
    pairs = [(path, scale) for paths in standard_images.values() for path in paths for scale in SCALES]
    evaluate = _reference().evaluate
    # The machine's speed drifts in half a minute: a part of the row-by-row work comes before each run of srbench.
    parts = [pairs[number::ROUNDS] for number in range(ROUNDS)]
    theirs, seconds = [], []

    def row_by_row():
        start = time.perf_counter()
        theirs.extend(evaluate(path, scale) for path, scale in parts.pop())
        seconds.append(time.perf_counter() - start)
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        gc.collect()  # what the tests left, and not in the time of srbench
        return (tmp_path / "results", 0), {}

    _srbench(tmp_path / "warm", 0)
    benchmark.pedantic(_srbench, setup=row_by_row, rounds=ROUNDS)
    reference = sum(seconds)
    ratio = reference / benchmark.stats.stats.mean
    benchmark.extra_info["row by row, seconds"] = reference
    benchmark.extra_info["times as fast"] = ratio
    start = time.perf_counter()
    _srbench(tmp_path / "one", 1)
    one = time.perf_counter() - start
    print(
        f"\nrow by row {reference:.2f} s; srbench {benchmark.stats.stats.mean:.2f} s ({ratio:.1f} times as fast), "
        f"on one worker {one:.2f} s ({reference / one:.1f} times)"
    )
    with Reader(tmp_path / "results") as reader:
        ours = [row.score.value for row in reader.scores() if row.score.metric == "psnr"]
    # Both computed the same thing; bridge, the one grey image, is RGB on both sides.
    assert np.mean(ours) == pytest.approx(np.mean([psnr for psnr, _ in theirs]), abs=0.002)


@pytest.mark.data
def test_memory_above_torch(standard_images, tmp_path):
    work = (
        "from pathlib import Path; from srbench.run.runner import RunOptions, run;"
        "run(RunOptions(methods=('bicubic',), datasets=('set5', 'set14', 'bsd100'), scales=(2, 3, 4),"
        f" metrics=('psnr', 'ssim'), out=Path({str(tmp_path)!r}), keep_images=False))"
    )
    torch, whole = _peak("import torch, time; time.sleep(0.5)"), _peak(work)
    print(f"\npeak memory: import torch {torch:.0f} MB, the run {whole:.0f} MB, difference {whole - torch:.0f} MB")
    assert torch < whole < torch + 300


def _peak(code):
    """Peak memory in MB of a Python process with its workers. A page that forked processes share is counted once; pages
    of files are not: how many of a library's are in memory differs by 250 MB from one import of torch to the next."""
    peak = 0.0
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional, _family(process.pid))))
            time.sleep(0.05)
    assert process.returncode == 0
    return peak


def _family(pid):
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(thread).split():
            yield from _family(int(child))


def _proportional(pid):
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1024


def _read(path):
    try:
        return path.read_text()
    except (OSError, ProcessLookupError):  # it has ended
        return ""
