"""The timing protocol. Nothing here needs a quiet machine: clocks are faked; ratios of real ones are in
tests/benchmarks."""

import itertools
import math

import pytest
import torch

from srbench.method import Method, MethodCard, MethodContext, MultiFrameMethod, plugins
from srbench.timing import measure as timing
from srbench.timing.measure import measure
from srbench.timing.subjects import synthetic

CPU_CONTEXT = MethodContext()


def make(name, work, colour="any"):
    class Made(Method):
        card = MethodCard(name=name, title=name, year=2026, family="test", paper="none", colour=colour)

        def upscale(self, lr, scale):
            work()
            return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)

    return Made(), "hash"


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


@pytest.mark.parametrize(("frames", "given"), [("any", 5), ((3, 5, 7), 5), ((2,), 2)])
def test_a_method_of_several_frames_is_given_as_many_as_suit_it(monkeypatch, frames, given):
    shapes = []

    class Several(MultiFrameMethod):
        card = MethodCard(name="several", title="", year=2026, family="test", paper="none", colour="any", frames=frames)

        def upscale_frames(self, frames, target, scale, shifts=None):
            shapes.append((*frames.shape, target))
            return frames[:, target].repeat_interleave(scale, -1).repeat_interleave(scale, -2)

    def clock(call):
        call()
        return 0.01

    monkeypatch.setattr(timing, "CpuClock", lambda threads: clock)
    (found,) = measure([(Several(), "hash")], synthetic(10, 8, 2), CPU_CONTEXT, threads=1)
    assert (found.status, len(found.seconds)) == ("ok", 50)
    assert set(shapes) == {(1, given, 3, 8, 10, given // 2)}


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


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_networks_have_four_variants_on_cuda():
    device = torch.device("cuda")
    method = plugins.instantiate(plugins.find("fsrcnn")[0])
    found = measure([(method, "")], synthetic(64, 64, 4), MethodContext(device), 1)
    assert [t.variant for t in found] == list(timing.VARIANTS)
    assert all(t.status == "ok" and t.peak_memory > 0 for t in found)
    assert "gpu" in found[0].machine
