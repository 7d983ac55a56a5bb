"""Regressions put into methods on purpose: the gate catches each and its message names it."""

import numpy as np
import pytest

from srbench import dataset
from srbench.gate import Recording, check, collect, read, write
from srbench.gate.thresholds import LATENCY, Threshold, ThresholdsFile
from srbench.imaging.images import as_rgb, write_image
from srbench.method import TorchMethod, plugins
from srbench.resize import imresize
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

SCALE = 4
NOISY = [  # those of them that ship with weights
    name
    for name in ("srcnn", "fsrcnn", "vdsr", "edsr")
    if name in {p.name for p in plugins.discover()} and plugins.instantiate(plugins.find(name)[0]).supports(SCALE)
]
WRAPPED = """
import torch
from dataclasses import replace
from srbench.method import plugins
from srbench.method import Method
from srbench.resize import imresize

class Mine(Method):
    inner = plugins.instantiate(plugins.find({base!r})[0])
    card = replace(inner.card, name="mine", published=())
    def prepare(self, scale, context):
        super().prepare(scale, context)
        self.inner.prepare(scale, context)
        {prepare}
    def upscale(self, lr, scale):
        sr = self.inner.upscale(lr, scale)
        {body}
        return sr
"""
NOISE = """
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for p in self.inner.module(scale).parameters():
                p *= 1 + {level} * torch.randn(p.shape, generator=generator)
"""


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Twelve 96x96 crops of the colour images of the embedded sample."""
    folder = tmp_path_factory.mktemp("crops")
    images = [image for image in dataset.find("sample").images if image.read().ndim == 3]
    for i in range(12):
        pixels = as_rgb(images[i % len(images)].read())
        top, left = (np.array(pixels.shape[:2]) - 96) * (i + 1) // 14
        write_image(folder / f"crop{i:02d}.png", np.ascontiguousarray(pixels[top : top + 96, left : left + 96]))
    return folder


@pytest.fixture
def gate(tmp_path, crops):
    """Evaluates 'mine', a built-in method with changes; the first call writes the baseline, the next are checked."""
    baseline = tmp_path / "baseline.toml"
    calls = []

    def go(base, prepare="", body="", colour="", folder=crops, recording=None, scale=SCALE):
        calls.append(base)
        text = WRAPPED.format(base=base, prepare=prepare or "pass", body=body or "pass")
        path = tmp_path / "mine.py"
        path.write_text(text.replace('name="mine"', f'name="mine", colour="{colour}"') if colour else text)
        out = tmp_path / f"results{len(calls)}"
        run(RunOptions((str(path),), (str(folder),), (scale,), ("psnr",), device="cpu", threads=1, out=out))
        with Reader(out) as reader:
            evidence = collect(reader)
        if not baseline.exists():
            write(evidence, baseline, recording or Recording(image_margins={"psnr": 0.1}, pixels=1))
        return {v.metric: v for v in check(evidence, read(baseline))}

    return go


@pytest.mark.sampled(6)
@pytest.mark.parametrize("base", [pytest.param(name, marks=[pytest.mark.slow] * (name == "vdsr")) for name in NOISY])
def test_noise_on_weights(gate, base):
    assert isinstance(plugins.instantiate(plugins.find(base)[0]), TorchMethod)
    assert all(v.holds for v in gate(base).values())
    assert all(v.holds for v in gate(base).values())  # a second run of the same method
    strong = gate(base, prepare=NOISE.format(level=0.02))
    # vdsr adds to bicubic a residual only: 2% of it moves pixels, and PSNR by 0.01 dB.
    limit = "pixels" if base == "vdsr" else "psnr"
    assert not strong[limit].holds
    assert "mine" in str(strong[limit])
    assert any(
        text in strong[limit].reason for text in ("worse than the baseline's", "image 'crop", "'crop00' differs")
    )
    weak = gate(base, prepare=NOISE.format(level=0.01))
    assert not weak["pixels"].holds
    assert "images have other pixels: 'crop00' differs by up to" in weak["pixels"].reason


@pytest.mark.parametrize(
    ("body", "colour"),
    [
        ("sr = (sr + sr.roll(1, -1)) / 2", "any"),
        ("sr = sr[:, [2, 1, 0]]", "rgb"),
        ("sr = (sr * 255).round() % 256 / 255", "any"),  # uint8 without a clip wraps around
    ],
    ids=["half a pixel", "BGR", "no clip"],
)
def test_a_changed_output(gate, body, colour):
    assert all(v.holds for v in gate("bicubic", colour=colour).values())
    found = gate("bicubic", body=body, colour=colour)
    assert not found["pixels"].holds
    assert not found["psnr"].holds
    assert "worse than the baseline's" in found["psnr"].reason
    assert found["psnr"].short > 0.02


def test_one_collapsed_image_of_100(gate, tmp_path, crops):
    folder = tmp_path / "hundred"
    sources = sorted(crops.glob("*.png"))
    for i in range(100):
        pixels = dataset.ImageFile("crop", sources[i % len(sources)]).read()
        width = 30 if i == 57 else 32
        write_image(folder / f"image{i:03d}.png", np.ascontiguousarray(pixels[i // 4 : i // 4 + 32, :width]))
    wide = Recording(margins={"psnr": 0.5}, image_margins={"psnr": 1.0})
    assert gate("bicubic", folder=folder, recording=wide, scale=2)["psnr"].holds
    found = gate("bicubic", body="sr = sr * 0.4 if lr.shape[-1] == 15 else sr", folder=folder, scale=2)["psnr"]
    assert not found.holds
    assert found.images == ("image057",)
    assert "worse than the baseline" not in found.reason  # the mean alone would have let it pass
    assert "image 'image057' at" in found.reason


BUSY = """
import time
from srbench.method import Method, MethodCard
from srbench.resize import imresize

class Mine(Method):
    card = MethodCard(name={name!r}, title="", year=2026, family="test", paper="none", colour="any")
    def upscale(self, lr, scale):
        for _ in range({times}):
            sr = imresize(lr, scale)
        return sr
"""


class CountingClock:
    """As many milliseconds as a call enlarges images, give or take 2%."""

    def __init__(self):
        self.count, self.rng = 0, np.random.default_rng(0)

    def imresize(self, *arguments, **options):
        self.count += 1
        return imresize(*arguments, **options)

    def __call__(self, call):
        before = self.count
        call()
        return (self.count - before) / 1000 * self.rng.uniform(0.98, 1.02)


@pytest.mark.parametrize(("times", "outcome"), [(20, "pass"), (40, "fail")])
def test_a_method_twice_as_slow(tmp_path, crops, times, outcome, monkeypatch):
    """By a clock that no other load slows down; by the real one in tests/benchmarks."""
    clock = CountingClock()
    monkeypatch.setattr("srbench.resize.imresize", clock.imresize)
    monkeypatch.setattr("srbench.timing.measure.CpuClock", lambda threads: clock)
    for name, count in (("reference", 10), ("mine", times)):
        (tmp_path / f"{name}.py").write_text(BUSY.format(name=name, times=count))
    methods = tuple(str(tmp_path / f"{name}.py") for name in ("reference", "mine"))
    out = tmp_path / "results"
    run(RunOptions(methods, (str(crops),), (SCALE,), ("psnr",), device="cpu", threads=1, out=out, time=True))
    with Reader(out) as reader:
        evidence = collect(reader)
    # Before the regression it took twice the reference's time; half as much again is allowed.
    limit = Threshold("mine", crops.name, SCALE, LATENCY, relative_to="reference", max_ratio=3.0)
    (found,) = check(evidence, ThresholdsFile(tmp_path / "t.toml", (limit,)))
    assert found.outcome == outcome, found.reason
    assert found.measured == pytest.approx(times / 10, rel=0.05)
    assert ("times reference" in found.reason) == (outcome == "fail")
