"""The timing protocol. Nothing here needs a quiet machine: clocks are faked; ratios of real ones are in
tests/benchmarks."""

import itertools
import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import srbench as package
from srbench import methods, paths
from srbench.cli import app
from srbench.errors import SrbenchError
from srbench.method import Method, MethodCard, MethodContext, TorchMethod, plugins
from srbench.records import Timing
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.run.selection import load_methods
from srbench.timing import cost
from srbench.timing import measure as timing
from srbench.timing.measure import CpuClock, measure, parse_size, synthetic

CHECKOUT = Path(package.__file__).parent.parent
CPU_CONTEXT = MethodContext()


def shipped(scale=4):
    """Built-in networks that have weights for ``scale``."""
    methods = [plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.origin == "built in"]
    return [m for m in methods if isinstance(m, TorchMethod) and m.supports(scale)]


def make(name, work, colour="any"):
    class Made(Method):
        card = MethodCard(name=name, title=name, year=2026, family="test", paper="none", colour=colour)

        def upscale(self, lr, scale):
            work()
            return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)

    return Made(), "hash"


def record(seconds, **changes):
    facts = {"method": "m", "subject": "8x8", "scale": 2, "lr_size": (500, 500), "channels": 3, "device": "cpu"}
    facts |= {"variant": "fp32", "threads": 1, "session": "s"}
    return Timing(**(facts | changes), seconds=tuple(seconds))


# -- statistics ----------------------------------------------------------------------------------------------------


def test_statistics_of_the_calls():
    found = record([1, 2, 3, 4, 5])
    assert (found.median, found.quartiles, found.mean) == (3, (2, 4), 3)
    assert found.p95 == pytest.approx(4.8)
    assert found.megapixels_per_second == pytest.approx(1 / 3)
    assert found.noisy
    assert not record([3.0, 3.1, 3.2]).noisy
    assert record([]).noisy
    assert math.isnan(record([]).median)


def test_without_warm_up_one_call_lifts_the_mean_and_not_the_median():
    # A published result file of an efficiency challenge: 1033.8 ms for the first of 200 images, 9.82 ms on average
    # for the others, a median of 10.8 ms.
    published = record([1033.8, *[9.82] * 99, *[10.8] * 100])
    assert published.mean / np.mean(published.seconds[1:]) > 1.4
    assert published.median == 10.8


# -- protocol ------------------------------------------------------------------------------------------------------


class FakeClock:
    """Seconds by method from a script, instead of waiting; the call is made once."""

    def __init__(self, script):
        self.script, self.calls = script, []

    def __call__(self, call):
        call()
        name = self.calls[-1]
        return next(self.script[name])


@pytest.fixture
def fake(monkeypatch):
    """Measures methods whose calls last what their scripts say; returns timings and the order of all calls."""

    def run(**scripts):
        clock = FakeClock({name: iter(script) for name, script in scripts.items()})
        monkeypatch.setattr(timing, "CpuClock", lambda threads: clock)
        methods = [make(name, lambda name=name: clock.calls.append(name)) for name in scripts]
        return measure(methods, synthetic(8, 8, 2), CPU_CONTEXT, threads=1), clock.calls

    return run


def test_slow_first_calls_are_not_recorded(fake):
    found, _ = fake(cold=itertools.chain([1033.8, 50, 20], itertools.repeat(0.0108)))
    assert max(found[0].seconds) == 0.0108
    assert abs(found[0].mean / found[0].median - 1) < 0.05


def test_at_least_fifty_calls_or_two_seconds(fake):
    found, _ = fake(fast=itertools.repeat(0.001), middle=itertools.repeat(0.1), slow=itertools.repeat(10.0))
    assert [len(t.seconds) for t in found] == [200, 20, 5]


def test_methods_take_turns_in_an_order_that_changes(fake):
    found, calls = fake(a=itertools.repeat(0.01), b=itertools.repeat(0.01))
    rounds = calls[-100:]
    pairs = [tuple(rounds[i : i + 2]) for i in range(0, 100, 2)]
    assert set(pairs) == {("a", "b"), ("b", "a")}
    assert {t.session for t in found} == {found[0].session}


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: (_ for _ in ()).throw(RuntimeError("CUDA error: device lost\nmore")), "CUDA error: device lost more"),
    ],
)
def test_what_a_method_does_wrong_is_recorded_and_the_others_go_on(work, message):
    calls = iter(range(12))

    def break_down():  # a device that disappears in the middle
        if next(calls, None) is None:
            work()

    good, bad = measure([make("good", lambda: None), make("bad", break_down)], synthetic(8, 8, 2), CPU_CONTEXT, 1)
    assert (good.status, len(good.seconds) >= 50) == ("ok", True)
    assert bad.status == "failed"
    assert message in bad.message


def test_a_wrong_output_and_a_scale_that_is_not_supported():
    class Wrong(Method):
        card = MethodCard(name="wrong", title="", year=2026, family="", paper="", colour="any", scales=(2, 3))

        def upscale(self, lr, scale):
            return lr if scale == 2 else lr.repeat(1, 1, 3, 3) * math.nan

    messages = [measure([(Wrong(), "")], synthetic(8, 8, scale), CPU_CONTEXT, 1)[0] for scale in (2, 3, 4)]
    assert [t.status for t in messages] == ["failed", "failed", "not supported"]
    assert "(1, 3, 8, 8) instead of (1, 3, 16, 16)" in messages[0].message
    assert "NaN" in messages[1].message


def test_the_cpu_clock_pins_threads_and_measures_seconds():
    before = torch.get_num_threads()
    seen = []
    start = time.perf_counter()
    seconds = CpuClock(3)(lambda: (seen.append(torch.get_num_threads()), time.sleep(0.02)))
    assert seen == [3]
    assert 0.02 <= seconds <= time.perf_counter() - start
    assert torch.get_num_threads() == before


def test_luma_methods_are_fed_one_channel():
    assert synthetic(8, 6, 2).input_for(make("y", None, "luma")[0]).shape == (1, 1, 6, 8)
    assert synthetic(8, 6, 2).input_for(make("c", None, "rgb")[0]).shape == (1, 3, 6, 8)


@pytest.mark.parametrize("text", ["", "320", "320x", "axb", "0x3", "3x3x3", "-3x3", "٣x٣"])
def test_sizes_that_are_none(text):
    with pytest.raises(SrbenchError, match="is not a size"):
        parse_size(text)


# -- cost ----------------------------------------------------------------------------------------------------------


def test_srcnn_by_hand():
    method = plugins.instantiate(plugins.find("srcnn")[0])
    per_pixel = 81 * 64 + 25 * 64 * 32 + 25 * 32  # the network works at the output's size
    assert cost.mult_adds(method, 4) == 1280 * 720 * per_pixel  # 52.7 G, as papers print
    assert cost.parameters(method, 4) == per_pixel + 64 + 32 + 1


@pytest.mark.parametrize("method", shipped(), ids=lambda m: m.card.name)
def test_counts_from_shapes_are_those_of_a_real_call(method):
    from torch.utils.flop_counter import FlopCounterMode

    counter, module = FlopCounterMode(display=False), method.module(4)
    lr = torch.rand(1, cost.channels(method), 24, 20)
    inputs = []
    handle = module.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with torch.no_grad():
        method.upscale(lr, 4)
    handle.remove()
    counted = cost.mult_adds(method, 4, (24, 20))
    if not inputs:  # a sampler takes its network apart, and no single call of it is what an image costs
        assert (method.card.family, counted) == ("autoregressive", None)
        return
    with torch.no_grad(), counter:
        module(inputs[0])
    if method.card.name == "sparse-coding":  # it works on patches one batch after the other, which shapes do not tell
        assert counted is None
    else:
        assert counted == counter.get_total_flops() // 2 > 0


def test_methods_without_a_network_have_no_counts():
    method = plugins.instantiate(plugins.find("bicubic")[0])
    assert (cost.parameters(method, 4), cost.mult_adds(method, 4)) == (None, None)


# -- store and command line ----------------------------------------------------------------------------------------


def test_timings_are_stored_whole_and_an_old_folder_has_none(go, results):
    go("nearest")
    with Store(results) as store, Reader(results) as reader:
        assert reader.timings() == []
        first, second = record([1.0, 2.0], machine={"torch": "2"}), record([3.0], status="failed", message="boom")
        store.add_timings(1, [first])
        store.add_timings(1, [second])
        assert [replace(t, lr_size=tuple(t.lr_size)) for t in reader.timings()] == [first, second]


def test_run_with_time(go, results):
    summary = go("bicubic", "nearest", time=True)
    with Reader(results) as reader:
        found = reader.timings()
    assert [(t.method, t.subject, t.image, t.scale, t.threads) for t in found] == [
        ("bicubic", "pictures", "b", 2, 1),
        ("nearest", "pictures", "b", 2, 1),
    ]
    assert len(summary.timings) == 2
    assert all(t.status == "ok" and len(t.seconds) >= 50 and min(t.seconds) > 0 for t in found)
    assert found[0].lr_size == [16, 14]


def test_time_runs_from_a_bare_checkout(tmp_path):
    blocked = ("pandas", "matplotlib", "sqlalchemy", "platformdirs", "jinja2", "spandrel", "torchvision")
    arguments = ["time", "bicubic", "fsrcnn", "--size", "24x16", "--threads", "1", "--output", str(tmp_path / "t.json")]
    hook = f"""
import sys
sys.modules.update(dict.fromkeys({(*blocked, "threadpoolctl", "skimage")!r}))
sys.argv = ["srbench", *{arguments!r}]
from srbench.cli import main
main()
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SRBENCH")}
    result = subprocess.run(
        [sys.executable, "-c", hook], capture_output=True, text=True, cwd=CHECKOUT, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "LR 24x16 to 96x64" in result.stdout
    assert "0.72 G" in result.stdout
    assert [entry["method"] for entry in json.loads((tmp_path / "t.json").read_text())] == ["bicubic", "fsrcnn"]


def test_a_spread_too_wide_is_said_and_a_failure_is_exit_code_one(monkeypatch, write_plugin):
    def noisy(methods, subject, device, threads):
        machine = {"processor": "p", "processors": 2, "torch": "2", "load_before": 9.0}
        return [record([0.1, 0.9, 1.7], machine=machine), record([], status="failed", message="boom", machine=machine)]

    monkeypatch.setattr(timing, "measure", noisy)
    result = CliRunner().invoke(app, ["time", "bicubic"])
    assert result.exit_code == 1
    assert "about 9e+02 (too noisy)" in result.stdout
    assert "other load before it began: 9.0 processes on 2 processors" in result.stdout
    assert "failed: m on 8x8 x2 (cpu, fp32): boom" in result.stderr


@pytest.fixture
def timed(monkeypatch):
    """Names of the methods that ``srbench time`` would time, and what it says on stderr."""

    def call(*arguments):
        names = []

        def none(methods, subject, device, threads):
            names[:] = [method.card.name for method, _ in methods]
            return [record([0.1], machine={"processor": "p", "processors": 2, "torch": "2", "load_before": 0.0})]

        with monkeypatch.context() as patch:
            patch.setattr(timing, "measure", none)
            result = CliRunner().invoke(app, ["time", *arguments])
        return names, result

    return call


def test_all_are_the_methods_of_a_run_with_its_notes(timed, monkeypatch, tmp_path):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "broken_one.py").write_text("1 / 0\n")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    monkeypatch.setattr(methods, "__path__", paths.search_path("methods"))
    for scales in ((4,), (2, 3)):
        notes = []
        of_run = load_methods(["all"], scales, notes.append)
        names, result = timed("all", "--scale", ",".join(map(str, scales)))
        assert names == [method.card.name for method, _ in of_run]
        assert [line.removeprefix("note: ") for line in result.stderr.splitlines() if "note: " in line] == notes
        assert any("broken-one" in line and "is broken and left out: ZeroDivisionError" in line for line in notes)
    assert "pixelcnn-sample" not in names


def test_a_method_that_all_leaves_out_is_timed_by_name(timed):
    assert timed("pixelcnn-sample", "bicubic")[0] == ["pixelcnn-sample", "bicubic"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bicubik"], "did you mean bicubic"),
        (["bicubic", "--size", "big"], "'big' is not a size"),
        (["bicubic", "--device", "cuda:77"], "no device 'cuda:77'"),
        (["bicubic", "--size", "8x8", "--output", "/no/such/folder/t.json"], "cannot write"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, message):
    result = CliRunner().invoke(app, ["time", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


# -- CUDA ----------------------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_events_agree_with_the_wall_clock():
    device = torch.device("cuda")
    method = plugins.instantiate(plugins.find("srcnn")[0])
    method.prepare(4, MethodContext(device))
    lr = synthetic(320, 180, 4).input_for(method)
    clock = timing.CudaClock(device)

    def wall():
        torch.cuda.synchronize()
        start = time.perf_counter()
        method.upscale(lr, 4)
        torch.cuda.synchronize()
        return time.perf_counter() - start

    with torch.no_grad():
        for _ in range(20):
            wall()
        events, walls = zip(*((clock(lambda: method.upscale(lr, 4)), wall()) for _ in range(50)), strict=True)
    assert np.median(walls) > 0.001
    assert np.median(events) == pytest.approx(np.median(walls), rel=0.05)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_networks_have_four_variants_on_cuda():
    device = torch.device("cuda")
    method = plugins.instantiate(plugins.find("fsrcnn")[0])
    found = measure([(method, "")], synthetic(64, 64, 4), MethodContext(device), 1)
    assert [t.variant for t in found] == list(timing.VARIANTS)
    assert all(t.status == "ok" and t.peak_memory > 0 for t in found)
    assert "gpu" in found[0].machine
