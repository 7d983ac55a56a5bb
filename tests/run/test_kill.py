"""A run that is killed or interrupted goes on where it was, and ends with the same bits."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from srbench.errors import StoreError
from srbench.imaging.images import write_image
from srbench.report.html import render
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.run.observer import Silent
from srbench.run.options import RunOptions
from srbench.run.runner import run

IMAGES = 24
HELD = 6  # the image that a run stops at until it may go on
WIDTHS = [28 + 4 * i for i in range(IMAGES)]


def _hear_hang_ups():
    """In the child: SIGHUP does what it does by default, though these tests may be run by nohup, which ignores it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def many(tmp_path, make_picture):
    folder = tmp_path / "many"
    for i, width in enumerate(WIDTHS):
        write_image(folder / f"{width}.png", make_picture(28, width, i))
    return folder


# 0.12 s: more than a worker is handed several tasks for, so that each is delivered by itself.
WORK = """time.sleep(0.12)
        while len(Path({log!r}).read_text().split()) >= {held} and not Path({go_on!r}).exists():
            time.sleep(0.01)
        return imresize(lr, scale)"""


@pytest.fixture
def interrupted(write_plugin, many, results, calls, tmp_path):
    """Starts a run in a process of its own and sends a signal when all images but the one it is held at are stored;
    returns (plugin, process end, standard error)."""

    def start(number):
        go_on = tmp_path / "go-on"
        plugin = write_plugin(WORK.format(log=str(tmp_path / "calls.log"), held=HELD, go_on=str(go_on)))
        command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(many)]
        command += ["--scales", "2", "--threads", "1", "--out", str(results), "--device", "cpu"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_hang_ups
        ) as process:
            deadline = time.monotonic() + 300
            while process.poll() is None and time.monotonic() < deadline:
                if len(calls()) == HELD and len(stored(results)) == HELD - 1:
                    break
                time.sleep(0.05)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
            if number == signal.SIGKILL:  # its worker must be gone, too, before it may go on: it holds the pipes
                process.communicate(timeout=300)
            go_on.touch()
            _, errors = process.communicate(timeout=300)
        return plugin, process.returncode, errors

    return start


def stored(folder):
    """HR widths of the cells that have an outcome."""
    with Reader(folder) as reader:
        names = {row.cell_id: int(row.facts.image) for row in reader.planned()}
        return sorted(names[row.cell_id] for row in reader.outcomes())


def finish(plugin, many, out):
    return run(RunOptions((plugin,), (str(many),), (2,), out=out, threads=1, device="cpu"))


def test_a_killed_run_goes_on_and_ends_with_the_same_bits(interrupted, many, results, calls, scores, tmp_path):
    plugin, code, _ = interrupted(signal.SIGKILL)
    assert code == -signal.SIGKILL
    kept, begun = stored(results), calls()
    assert (len(begun), len(kept)) == (HELD, HELD - 1)
    with Reader(results) as reader:
        assert reader.runs()[0].status == "ended early"
        assert "Partial:" in render(reader).text
        assert set(per_image(reader)["status"]) == {"ok", "pending"}

    summary = finish(plugin, many, results)
    assert (summary.known, summary.computed, summary.failed) == (len(kept), IMAGES - len(kept), 0)
    assert sorted(calls()[len(begun) :]) == sorted(set(WIDTHS) - set(kept))
    assert stored(results) == WIDTHS

    finish(plugin, many, tmp_path / "uninterrupted")
    assert scores() == scores(tmp_path / "uninterrupted")
    assert len(scores()) == 2 * IMAGES
    pictures = {path.name: path.read_bytes() for path in results.glob("images/**/*x2/*/[!.]*.png")}
    whole = {path.name: path.read_bytes() for path in (tmp_path / "uninterrupted").glob("images/**/*x2/*/*.png")}
    assert pictures == whole


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGTERM, signal.SIGHUP))],
    ids=lambda number: number.name,
)
def test_an_interrupted_run_ends_cleanly_and_goes_on(interrupted, many, results, calls, number):
    plugin, code, errors = interrupted(number)
    assert code == 128 + number
    assert "Traceback" not in errors
    assert "interrupted" in errors
    kept, begun = stored(results), calls()
    assert sorted(begun) == kept  # what was under way was finished and stored
    assert f"{IMAGES - len(kept)} cells left" in errors
    with Reader(results) as reader:
        assert reader.runs()[0].status == "interrupted"
    summary = finish(plugin, many, results)
    assert (summary.known, summary.computed) == (len(kept), IMAGES - len(kept))
    assert sorted(calls()) == WIDTHS


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_at_any_moment_loses_nothing(many, write_plugin, calls, results, threads):
    """Ctrl-C while the main thread is busy with something else than waiting: here, with showing progress."""

    class Interrupting(Silent):
        done_once = False

        def done(self, cell, outcome):
            if not self.done_once:
                self.done_once = True
                signal.raise_signal(signal.SIGINT)

    plugin = write_plugin("time.sleep(0.12); return imresize(lr, scale)")
    options = RunOptions((plugin,), (str(many),), (2,), out=results, threads=threads, device="cpu")
    summary = run(options, Interrupting())
    assert summary.interrupted
    assert summary.computed == len(calls()) < IMAGES
    assert sorted(calls()) == stored(results)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_after_the_last_cell_is_not_swallowed(many, write_plugin, results, monkeypatch):
    add = Store.add_canaries

    def interrupted(store, *arguments):
        signal.raise_signal(signal.SIGINT)
        add(store, *arguments)

    monkeypatch.setattr(Store, "add_canaries", interrupted)
    plugin = write_plugin("return imresize(lr, scale)")
    summary = run(RunOptions((plugin,), (str(many),), (2,), out=results, threads=2, device="cpu"))
    assert summary.interrupted
    assert summary.computed == IMAGES
    with Reader(results) as reader:
        assert reader.runs()[0].canaries


FOREVER = """import os
        (Path({folder!r}) / f"pid-{{os.getpid()}}").touch()
        time.sleep(3600)"""


@pytest.mark.parametrize("threads", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_second_ctrl_c_ends_at_once(many, write_plugin, results, tmp_path, threads):
    plugin = write_plugin(FOREVER.format(folder=str(tmp_path)))
    command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(many)]
    command += ["--scales", "2", "--threads", threads, "--out", str(results), "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 300
        while len(list(tmp_path.glob("pid-*"))) < int(threads) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = [int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")]
        process.send_signal(signal.SIGINT)
        time.sleep(1)  # what is under way goes on
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert f"interrupted with {IMAGES} cells left" in errors
    assert len(workers) == int(threads)
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    with Reader(results) as reader:
        assert reader.runs()[0].status == "interrupted"


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(write_plugin, many, results):
    plugin = write_plugin("return imresize(lr, scale)")
    first = finish(plugin, many, results)
    (kept, *_) = results.glob("images/**/*.png")
    parts = [kept.with_name(".part-0123.png"), results / "runs" / ".part-4567.json"]
    others = [results / ".part-of-a-report.html", kept.with_name("apart-1.png")]
    for path in (*parts, *others):
        path.write_bytes(b"half")
    assert finish(plugin, many, results).known == first.computed
    assert [path.exists() for path in (*parts, *others)] == [False, False, True, True]


def test_a_run_that_fails_as_a_whole_is_not_running_for_ever(write_plugin, many, results, monkeypatch):
    def full(*_, **__):
        raise StoreError("disk full")

    monkeypatch.setattr(Store, "record", full)
    with pytest.raises(StoreError):
        finish(write_plugin("return imresize(lr, scale)"), many, results)
    with Reader(results) as reader:
        assert [run.status for run in reader.runs()] == ["ended early"]
    monkeypatch.undo()
    assert finish(write_plugin("return imresize(lr, scale)"), many, results).computed == IMAGES
