"""A method that ends its process: the cell is failed by name, all others are computed, wherever workers are."""

import re
import threading
import time
from pathlib import Path

import pytest

from srbench.errors import MethodError
from srbench.foreign.trial import died_of
from srbench.results.reader import Reader
from srbench.run import runner, selection
from srbench.run.cache import ImageCache
from srbench.run.executors import local, processes

CRASHES = {
    "os._exit(0)": "the process died: exit code 0",
    "os._exit(3)": "the process died: exit code 3",
    "os.abort()": "the process died: signal 6 (SIGABRT)",
    "ctypes.string_at(0)": "the process died: signal 11 (SIGSEGV)",
    "os.kill(os.getpid(), 9)": "the process died: signal 9 (SIGKILL, as where memory runs out)",
}
METRIC = """
import os
from srbench.metrics import Metric

def compute(pair):
    if pair.sr_luma.shape[-1] == 28:  # the second image, shaved
        os._exit(1)
    return 1.0

METRIC = Metric(
    name="mine", title="Mine", version=1, higher_is_better=True, unit="", bounds=(0, 1), digits=2, needs=("sr_luma",),
    compute=compute
)
"""


@pytest.fixture(params=["forked", "spawned"])
def workers(request, monkeypatch):
    if request.param == "spawned":
        for module in (local, runner):
            monkeypatch.setattr(module, "can_fork", lambda device: False)
    return request.param


def states(results):
    """How each cell ended, by method and image."""
    with Reader(results) as reader:
        cells = {row.cell_id: (row.facts.method, row.facts.image) for row in reader.planned()}
        return {cells[row.cell_id]: row.outcome.status for row in reader.outcomes()}


def crashing(write_plugin, call, when="lr.shape[-1] == 16"):
    return write_plugin(f"import ctypes, os\n        if {when}: {call}\n        return imresize(lr, scale)")


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("call", "said"), CRASHES.items(), ids=CRASHES)
@pytest.mark.sampled(3)
def test_the_cell_that_ends_its_process_is_failed_by_name(go, write_plugin, calls, results, call, said, threads):
    summary = go(crashing(write_plugin, call), "nearest", threads=threads, apart=True)
    assert (summary.computed, summary.failed) == (5, 1)
    assert summary.failures == [f"mine on pictures/b x2: {said}"]
    assert states(results) == {
        **{("nearest", image): "ok" for image in "abc"},
        **{("mine", "a"): "ok", ("mine", "b"): "failed", ("mine", "c"): "ok"},
    }
    assert calls().count(32) == 2  # it was tried again, alone
    again = go("nearest", threads=threads)
    assert (again.known, again.computed) == (3, 0)


def test_a_method_that_always_crashes_costs_its_own_cells_alone(go, write_plugin, results):
    summary = go(crashing(write_plugin, "os._exit(0)", "True"), "nearest", threads=2, apart=True)
    assert (summary.computed, summary.failed) == (3, 3)


@pytest.mark.parametrize("scales", [pytest.param((2,), marks=pytest.mark.slow), (2, 3)], ids=str)
@pytest.mark.parametrize(("call", "said"), CRASHES.items(), ids=CRASHES)
@pytest.mark.sampled(3)
def test_a_crash_while_a_method_is_prepared_costs_its_own_cells_alone(go, write_plugin, results, call, said, scales):
    body = f"""return imresize(lr, scale)
    def prepare(self, scale, context):
        import ctypes, os
        super().prepare(scale, context)
        if scale == 2: {call}"""
    summary = go(write_plugin(body), "nearest", scales=scales, apart=True)
    assert (summary.computed, summary.failed) == (6 * len(scales) - 3, 3)
    assert summary.failures[0] == f"mine on pictures/a x2: {said} in prepare()"
    with Reader(results) as reader:
        failed = {row.cell_id for row in reader.outcomes() if row.outcome.status == "failed"}
        assert {(r.facts.method, r.facts.scale) for r in reader.planned() if r.cell_id in failed} == {("mine", 2)}


@pytest.mark.parametrize(("call", "said"), CRASHES.items(), ids=CRASHES)
def test_a_crash_at_import_names_the_file(go, write_plugin, call, said):
    plugin = Path(write_plugin())
    plugin.write_text(f"import ctypes, os\n{call}\n{plugin.read_text()}")
    for spec in (str(plugin), f"own={plugin}"):
        with pytest.raises(MethodError, match=re.escape(f"'{plugin}' cannot be imported: {said}")):
            go(spec, "nearest", apart=True)


def test_all_files_that_end_the_process_when_they_are_imported_are_named_before_anything_is_computed(go, tmp_path):
    deaths = {"one": "import os; os._exit(0)", "two": "import ctypes; ctypes.string_at(0)", "three": "1 / 0"}
    for name, text in deaths.items():
        (tmp_path / f"{name}.py").write_text(text)
    files = [str(tmp_path / f"{name}.py") for name in deaths]
    with pytest.raises(MethodError, match="3 of the methods cannot be used") as caught:
        go("nearest", *files, apart=True)
    for file, how in zip(files, ("exit code 0", "signal 11 (SIGSEGV)", "ZeroDivisionError"), strict=True):
        assert re.search(rf"'{re.escape(file)}' cannot be imported: [^;]*{re.escape(how)}", caught.value.message)
    with pytest.raises(MethodError, match=r"one\.py' cannot be imported: the process died: exit code 0"):
        go("nearest", files[0], apart=True)


def test_a_crash_in_a_constructor_names_the_method(go, write_plugin):
    plugin = write_plugin("return imresize(lr, scale)\n    def __init__(self): import os; os._exit(0)")
    with pytest.raises(MethodError, match=r"mine \(file .*\) cannot be made: the process died: exit code 0"):
        go(plugin, "nearest", apart=True)


def test_a_plugin_that_is_only_wrong_is_told_as_ever(go, write_plugin):
    plugin = Path(write_plugin())
    plugin.write_text(f"raise SystemExit(0)\n{plugin.read_text()}")
    with pytest.raises(MethodError, match="SystemExit: 0"):
        go(str(plugin), apart=True)


def test_a_crash_that_does_not_come_again_is_no_failure(go, write_plugin, tmp_path):
    flag = tmp_path / "once"
    once = f"Path({str(flag)!r}).exists() or (Path({str(flag)!r}).touch(), os._exit(1))"
    summary = go(crashing(write_plugin, once, "lr.shape[-1] == 16"), threads=1, apart=True)
    assert flag.exists()
    assert (summary.computed, summary.failed) == (3, 0)


def test_a_metric_that_ends_its_process_fails_its_cell(go, tmp_path, results):
    (tmp_path / "metric.py").write_text(METRIC)
    summary = go("nearest", metrics=("psnr", str(tmp_path / "metric.py")), apart=True)
    assert (summary.computed, summary.failed) == (2, 1)
    assert states(results)["nearest", "b"] == "failed"


@pytest.mark.sampled(2)
def test_a_cell_that_takes_too_long_is_failed_by_name(go, write_plugin, calls, workers, results, monkeypatch):
    class Clock:
        """An hour is over when it has been looked at some times since the second image was begun, however busy the
        machine is."""

        looks = 0
        sleep = staticmethod(time.sleep)

        def monotonic(self):
            self.looks += calls().count(32)
            return time.monotonic() + 4000 * (self.looks > 8)

    monkeypatch.setattr(processes, "time", Clock())
    plugin = crashing(write_plugin, "time.sleep(36000)")
    summary = go(plugin, "nearest", threads=1, cell_timeout=3600)
    assert summary.failures == ["mine on pictures/b x2: took longer than 3600 s"]
    assert (summary.computed, summary.failed) == (5, 1)
    assert calls().count(32) == 1


def test_a_method_that_crashed_is_not_timed_in_the_main_process(go, write_plugin):
    summary = go(crashing(write_plugin, "os._exit(0)", "True"), "nearest", apart=True, time=True)
    assert [timing.method for timing in summary.timings] == ["nearest"]
    assert summary.failed == 3


@pytest.mark.parametrize("options", [{"apart": True}, {"threads": 2}], ids=str)
@pytest.mark.sampled(2)
def test_processes_of_any_kind_give_the_bits_of_threads(go, scores, tmp_path, workers, options, write_plugin):
    methods = ("fourier", "srcnn", write_plugin("return imresize(lr, scale, kernel='nearest')"))
    go(*methods, scales=(4,), out=tmp_path / "inline", threads=1)
    go(*methods, scales=(4,), out=tmp_path / workers, **options)
    assert scores(tmp_path / workers) == scores(tmp_path / "inline")
    assert len(scores(tmp_path / workers)) == 3 * 3 * 2


def test_the_order_to_begin_is_refused_where_the_plugin_is_another(go, write_plugin, monkeypatch, tmp_path):
    """A spawned process reads the plugin's file again."""
    for module in (local, runner):
        monkeypatch.setattr(module, "can_fork", lambda device: False)
    plugin = write_plugin()
    execute = runner.execute

    def edit_first(*arguments):
        write_plugin("return imresize(lr, scale, kernel='nearest')")
        execute(*arguments)

    monkeypatch.setattr(runner, "execute", edit_first)
    summary = go(plugin, apart=True)
    assert summary.failed == 3
    assert "is another version of mine here" in summary.failures[0]


def test_nothing_is_tried_while_images_are_decoded(go, write_plugin, monkeypatch):
    """A forked child waits for ever for a lock that a thread of its parent held."""
    decode, tried, threads = ImageCache._facts, [], []

    def slowly(*args):
        time.sleep(0.3)
        return decode(*args)

    def trial(call):
        tried.append(call)
        threads.extend(thread.name for thread in threading.enumerate() if "ThreadPool" in thread.name)
        return died_of(call)

    monkeypatch.setattr(ImageCache, "_facts", slowly)
    for module in (runner, selection):
        monkeypatch.setattr(module, "died_of", trial)
    assert go(write_plugin(), "nearest", apart=True).failed == 0
    assert len(tried) == 2
    assert threads == []
