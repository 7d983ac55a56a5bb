"""Cells that are computed side by side: the same bits whatever computes them, and two runs in one folder."""

import subprocess
import sys
import threading
import time

import pytest
import torch

from srbench.imaging.images import write_image
from srbench.results.claims import Claims
from srbench.results.reader import Reader
from srbench.run.observer import Silent


def hashes(folder):
    """Pixel hashes of the SR images, by method and image."""
    with Reader(folder) as reader:
        cells = {row.cell_id: (row.facts.method, row.facts.image) for row in reader.planned()}
        return {cells[row.cell_id]: row.outcome.sr_sha256 for row in reader.outcomes()}


@pytest.mark.parametrize("protocol", ["classic", "basicsr"])
@pytest.mark.sampled(2)
def test_inline_and_forked_workers_give_the_same_bits(go, scores, tmp_path, protocol):
    methods = ("bicubic", "fourier", "back-projection", "tv-map")
    found = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        go(*methods, datasets=("sample",), scales=(3,), threads=threads, out=out, protocol=protocol)
        found.append((scores(out), hashes(out)))
    assert found[0] == found[1]
    assert len(found[0][0]) == 4 * 8 * 2
    assert all(found[0][1].values())


def test_the_callers_settings_of_torch_change_no_bit(go, scores, tmp_path):
    found = []
    for enabled in (False, True):
        out = tmp_path / str(enabled)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            go("srcnn", scales=(4,), out=out)
        found.append((scores(out), hashes(out)))
    assert found[0] == found[1]
    assert all(found[0][1].values())


def test_scores_do_not_depend_on_what_else_is_run(go, scores, tmp_path):
    go("fourier", out=tmp_path / "alone")
    go("bicubic", "fourier", "tv-map", out=tmp_path / "together")
    alone, together = scores(tmp_path / "alone"), scores(tmp_path / "together")
    assert alone == {key: value for key, value in together.items() if key[0] == "fourier"}


def test_a_run_alone_looks_nothing_up_for_its_claims(go, monkeypatch):
    def fail(*_):
        raise AssertionError("looked up")

    monkeypatch.setattr(Claims, "failed_elsewhere", fail)
    assert go("nearest").computed > 0


def test_one_folder_takes_two_runs_at_once_in_one_process(go, write_plugin, scores, tmp_path):
    plugins = [write_plugin("time.sleep(0.01); return imresize(lr, scale)", n, file=f"{n}.py") for n in ("p", "q")]
    errors = []

    def start():
        try:
            go(*plugins, threads=2)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    go(*plugins, out=tmp_path / "alone")
    assert scores() == scores(tmp_path / "alone")


# Makes the first image in each of some processes wait for those of the others, once if one of them never comes.
MEET = """import os
        (Path({folder!r}) / str(os.getpid())).touch()
        deadline = time.monotonic() + 300
        while len(list(Path({folder!r}).iterdir())) < {count} and time.monotonic() < deadline:
            time.sleep(0.01)
        if time.monotonic() >= deadline:
            for number in range({count}):
                (Path({folder!r}) / str(-number)).touch()
        time.sleep(0.1)
        return imresize(lr, scale)"""
# Stays for ever in the first process that comes.
STUCK = """import os
        mine = Path({folder!r}) / f"pid-{{os.getpid()}}"
        if not Path({stuck!r}).exists():
            mine.touch()
            Path({stuck!r}).touch()
        while mine.exists():
            time.sleep(0.1)
        return imresize(lr, scale)"""


@pytest.mark.slow
def test_two_processes_write_to_one_folder_at_once(go, write_plugin, pictures, make_picture, results, scores, tmp_path):
    for i in range(4, 24):
        write_image(pictures / f"{i}.png", make_picture(28, 28 + 4 * i, i))
    (tmp_path / "met").mkdir()
    plugin = write_plugin(MEET.format(folder=str(tmp_path / "met"), count=2))
    command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(pictures)]
    command += ["--scales", "2", "--threads", "1", "--out", str(results), "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        here = go(plugin)
        _, errors = other.communicate(timeout=300)
    assert (other.returncode, here.failed) == (0, 0), errors
    assert here.computed > 0
    assert len(scores()) == 2 * 23
    with Reader(results) as reader:
        assert [run.status for run in reader.runs()] == ["finished", "finished"]
        assert len(reader.outcomes()) == 23


def test_processes_that_share_a_folder_compute_no_cell_twice(
    write_plugin, pictures, make_picture, results, calls, tmp_path
):
    processes = 2
    for i in range(4, 54):
        write_image(pictures / f"{i}.png", make_picture(28, 28 + 4 * i, i))
    (tmp_path / "met").mkdir()
    plugin = write_plugin(MEET.format(folder=str(tmp_path / "met"), count=processes))
    command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(pictures), "--no-images"]
    command += ["--scales", "2", "--threads", "1", "--out", str(results), "--device", "cpu", "--metrics", "psnr"]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(processes)]
    errors = [process.communicate(timeout=900)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * processes, errors
    widths = calls()
    assert len(set(widths)) == 53
    assert len(widths) - 53 <= 0.02 * 53, f"{len(widths) - 53} of 53 cells were computed twice"
    with Reader(results) as reader:
        assert {run.status for run in reader.runs()} == {"finished"}
        assert len({row.run_id for row in reader.outcomes()}) == processes  # all took part


def test_a_run_goes_on_with_the_cells_of_one_that_was_killed_beside_it(
    go, write_plugin, pictures, make_picture, results, calls, tmp_path
):
    """The other has claimed an image that it never ends: its process is killed while this run waits for it."""
    for i in range(4, 12):
        write_image(pictures / f"{i}.png", make_picture(28, 28 + 4 * i, i))
    stuck = tmp_path / "stuck"
    plugin = write_plugin(STUCK.format(folder=str(tmp_path), stuck=str(stuck)))
    command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(pictures)]
    command += ["--scales", "2", "--threads", "1", "--out", str(results), "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        deadline = time.monotonic() + 300
        while not stuck.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

        class Killing(Silent):
            """Kills the other once a cell is done."""

            def done(self, cell, outcome):
                other.kill()

        assert stuck.exists()
        summary = go(plugin, observer=Killing())
    assert (summary.computed + summary.known, summary.failed) == (11, 0)
    with Reader(results) as reader:
        assert [run.status for run in reader.runs()] == ["ended early", "finished"]
        assert len(reader.outcomes()) == 11
