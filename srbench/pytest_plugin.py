"""The pytest plugin: a method's own repository tests its quality and its speed (docs/ci.md).

    def test_quality(srbench):
        srbench.evaluate("my_method.py", "sample", scale=4).assert_at_least(psnr=28.0)

    def test_speed(srbench_benchmark):
        srbench_benchmark("my_method.py", size="320x180", scale=4)

pytest loads this module wherever srbench is installed, so nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pandas as pd
    import torch


class Evaluation:
    """The scores of one method on one dataset. ``frame`` has a row per image and metric."""

    def __init__(self, frame: pd.DataFrame, title: str) -> None:
        self.frame = frame
        self.title = title

    def values(self, metric: str) -> dict[str, float]:
        """By image; NaN where the method failed or there is no finite value.

        Raises:
            UnknownNameError: an unknown metric.
        """
        from srbench import metrics

        metrics.get(metric)
        own = self.frame[self.frame["metric"] == metric]
        found = {str(image): math.nan for image in self.frame["image"]}
        finite = own[own["status"] == "ok"]
        return found | dict(zip(finite["image"].map(str), finite["value"].map(float), strict=True))

    def mean(self, metric: str) -> float:
        """Over all images; NaN if one of them has no value."""
        values = self.values(metric)
        return sum(values.values()) / len(values) if values else math.nan

    def assert_at_least(self, bounds: Mapping[str, float] | None = None, /, **metrics: float) -> Evaluation:
        """Fail the test unless the mean of each metric is at least its bound; NaN fails. Give bounds as keywords
        (``psnr=28.0``) or, for names that are none, as a mapping (``{"lpips-vgg": 0.3}``)."""
        __tracebackhide__ = True
        self._assert({**(bounds or {}), **metrics}, lambda value, bound: value >= bound, "at least")
        return self

    def assert_at_most(self, bounds: Mapping[str, float] | None = None, /, **metrics: float) -> Evaluation:
        """Fail the test unless the mean of each metric is at most its bound; NaN fails."""
        __tracebackhide__ = True
        self._assert({**(bounds or {}), **metrics}, lambda value, bound: value <= bound, "at most")
        return self

    def assert_each_at_least(self, bounds: Mapping[str, float] | None = None, /, **metrics: float) -> Evaluation:
        """Fail the test unless every image is at or above the bound: one collapsed image does not hide in a mean."""
        __tracebackhide__ = True
        limits = {**(bounds or {}), **metrics}
        self._require(limits)
        for metric, bound in limits.items():
            bad = {image: value for image, value in self.values(metric).items() if not value >= bound}
            if bad:
                worst = min(bad, key=lambda image: (not math.isnan(bad[image]), bad[image]))
                pytest.fail(
                    f"{self.title}: {metric} of '{worst}' is {self._show(worst, bad[worst])}, not at least {bound:g} "
                    f"({len(bad)} of {len(self.values(metric))} images fall short)",
                    pytrace=False,
                )
        return self

    def _assert(self, limits: Mapping[str, float], holds: Callable[[float, float], bool], words: str) -> None:
        __tracebackhide__ = True
        self._require(limits)
        faults = []
        for metric, bound in limits.items():
            mean = self.mean(metric)
            if not holds(mean, bound):  # NaN holds nothing
                lost = [image for image, value in self.values(metric).items() if math.isnan(value)]
                cause = f" (no value for '{lost[0]}': {self._show(lost[0], math.nan)})" if lost else ""
                faults.append(f"{metric} is {mean:.4f}, not {words} {bound:g}{cause}")
        if faults:
            pytest.fail(f"{self.title}: {'; '.join(faults)}", pytrace=False)

    def _require(self, limits: Mapping[str, float]) -> None:
        __tracebackhide__ = True
        if not limits:
            pytest.fail("no bound given, for example psnr=28.0", pytrace=False)
        for metric, bound in limits.items():
            if math.isnan(bound):
                pytest.fail(f"the bound of {metric} is NaN", pytrace=False)
            self.values(metric)
            if metric not in set(self.frame["metric"]) and set(self.frame["status"]) == {"ok"}:
                pytest.fail(f"{metric} was not computed: evaluate(..., metrics=[{metric!r}])", pytrace=False)

    def _show(self, image: str, value: float) -> str:
        if not math.isnan(value):
            return f"{value:.4f}"
        row = self.frame[self.frame["image"] == image].iloc[0]
        return str(row["message"] or row["status"])


class Evaluator:
    """What the fixture ``srbench`` is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def evaluate(
        self,
        method: str,
        dataset: str,
        scale: float = 4,
        metrics: Sequence[str] = ("psnr", "ssim"),
        protocol: str = "basicsr",
        device: str = "auto",
    ) -> Evaluation:
        """Evaluate one method; see :func:`srbench.evaluate`. A relative path is looked for in the current folder,
        then beside the test file."""
        from srbench import protocol as protocols
        from srbench.api import evaluate
        from srbench.machine import available_processors

        what = locate(method, self._folder), locate(dataset, self._folder)
        protocol = locate(protocol, self._folder) if protocols.is_file(protocol) else protocol
        named = protocols.get(protocol).name  # one: means are never over several
        frame = evaluate(*what, scale, metrics, protocol, device, workers=available_processors())
        return Evaluation(frame, f"{Path(method).stem} on {Path(dataset).name} x{scale} ({named})")


def locate(name: str, folder: Path) -> str:
    """``name``, or the path of the file or folder of that name in ``folder`` if there is none here; of NAME=FILE,
    NETWORK:FILE and FILE.py:NAME it is FILE that is looked for."""
    if Path(name).exists():
        return name
    if (folder / name).exists():
        return str(folder / name)
    given, equals, file = name.partition("=")
    if equals:
        return f"{given}={locate(file, folder)}"
    network, colon, file = name.partition(":")
    if not colon:
        return name
    return f"{locate(network, folder) if network.endswith('.py') else network}:{locate(file, folder)}"


@pytest.fixture
def srbench(request: pytest.FixtureRequest) -> Evaluator:
    """Evaluates methods: ``srbench.evaluate("my_method.py", "sample", scale=4).assert_at_least(psnr=28.0)``."""
    return Evaluator(request.path.parent)


@pytest.fixture
def srbench_benchmark(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Times a method through pytest-benchmark: ``srbench_benchmark("my_method.py", size="320x180", scale=4)``.

    Everything of pytest-benchmark (``--benchmark-save``, ``--benchmark-compare-fail``) works on the numbers.
    ``extra_info`` gets parameters, Mult-Adds, memory and device. A time that is NaN, infinite or zero fails.
    """
    if not request.config.pluginmanager.hasplugin("benchmark"):
        pytest.fail("srbench_benchmark needs pytest-benchmark: pip install pytest-benchmark", pytrace=False)
    if "benchmark" not in request.node.funcargs:
        request.node.add_marker(pytest.mark.benchmark(timer=device_time))
    benchmark = request.getfixturevalue("benchmark")
    folder = request.path.parent

    def run(
        method: str,
        size: str = "320x180",
        scale: float = 4,
        device: str = "auto",
        rounds: int = 20,
        warmup_rounds: int = 3,
        threads: int = 1,
    ) -> Any:
        __tracebackhide__ = True
        import torch

        from srbench.api import load
        from srbench.machine import resolve_device
        from srbench.method.base import MethodContext, prepare
        from srbench.scale import checked
        from srbench.timing.subjects import parse_size, synthetic

        scale = checked(scale)
        chosen = load(locate(method, folder))
        chosen.require_scale(scale)
        prepare(chosen, scale, MethodContext(resolve_device(device)))
        lr = synthetic(*parse_size(size), scale).input_for(chosen)
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with torch.no_grad():
                benchmark.extra_info.update(_extra(chosen, lr, scale, threads))
                result = benchmark.pedantic(
                    chosen.upscale, args=(lr, scale), rounds=rounds, warmup_rounds=warmup_rounds
                )
        finally:
            torch.set_num_threads(before)
        if benchmark.stats is not None:  # None under --benchmark-disable
            require_finite(benchmark.stats.stats.data)
        return result

    return run


def device_time() -> float:
    """Seconds, read when the current CUDA device has done all its work."""
    import time

    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    return time.perf_counter()


def require_finite(seconds: Sequence[float]) -> None:
    """Fail the test if a time is no positive finite number: pytest-benchmark's own gate lets NaN through."""
    __tracebackhide__ = True
    bad = [value for value in seconds if not (math.isfinite(value) and value > 0)]
    if bad or not seconds:
        pytest.fail(f"{len(bad)} of {len(seconds)} times are not positive and finite: {bad[:3]}", pytrace=False)


def _extra(method: Any, lr: torch.Tensor, scale: float, threads: int) -> dict[str, Any]:
    from srbench.machine import describe_device
    from srbench.timing import cost
    from srbench.timing.clocks import peak_memory

    device = method.device
    facts = describe_device(device, threads)
    return {
        "method": method.card.name,
        "lr_size": f"{lr.shape[-1]}x{lr.shape[-2]}",
        "scale": scale,
        "parameters": cost.parameters(method, scale),
        "mult_adds": cost.mult_adds(method, scale),
        "peak_memory": peak_memory(lambda: method.upscale(lr, scale), device),
        "device": str(device),
        "device_name": facts.get("gpu", facts["processor"]),
        "torch": facts["torch"],
        "threads": threads,
    }
