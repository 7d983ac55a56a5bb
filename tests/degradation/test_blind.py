"""The degradations of Real-ESRGAN and BSRGAN: one set of images, drawn from the published ranges."""

from dataclasses import replace

import numpy as np
import PIL
import pytest
import torch

from srbench import degradation, protocol
from srbench.api import load
from srbench.degradation import Bsrgan, Pipeline, RealEsrgan, blind
from srbench.degradation.blind import BsrganRanges, Order, RealEsrganRanges
from srbench.errors import NotSupportedError
from srbench.evaluation.example import Example, HrImage
from srbench.imaging.color import luma, round_half_up
from srbench.method import MethodContext

NAMES = ("realesrgan", "bsrgan")


@pytest.fixture
def images(make_picture):
    return [torch.from_numpy(make_picture(48, 64, seed)).permute(2, 0, 1) for seed in range(6)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1, 2, 2.5, 4])
def test_lr_images_have_their_size_at_every_scale(images, name, scale):
    made = degradation.get(name)
    hr = images[0][:, :45, :60] if scale == 2.5 else images[0]
    lr = made(hr, scale)
    assert lr.dtype == torch.uint8
    assert lr.shape == (3, round(hr.shape[1] / scale), round(hr.shape[2] / scale))


@pytest.mark.parametrize("name", NAMES)
def test_lr_images_depend_on_seed_and_image_alone(images, name):
    first = [degradation.get(name)(image, 4) for image in images]
    again = [degradation.get(name)(image, 4) for image in images[::-1]][::-1]
    assert all(map(torch.equal, first, again))
    other = [degradation.get(name, seed=1)(image, 4) for image in images]
    assert not any(map(torch.equal, first, other))
    # Neither changes brightness but by noise that is clipped.
    assert all(abs(lr.double().mean() - hr.double().mean()) < 15 for lr, hr in zip(first, images, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_y_is_that_of_the_rgb_lr_image_under_every_protocol(make_picture, name):
    pixels = make_picture(48, 64, 3)
    rgb = Example(HrImage(pixels, protocol.BASICSR), 4, degradation.get(name)).lr_pixels
    on_y = Example(HrImage(pixels, protocol.CLASSIC), 4, degradation.get(name))
    assert torch.equal(on_y.lr_pixels, rgb)
    assert torch.equal(on_y.lr_luma, round_half_up(luma(rgb)))


def test_the_keys_hold_the_ranges_and_the_version_of_pillow():
    keys = [degradation.get(name).key for name in NAMES]
    assert all(f"pillow-{PIL.__version__}/seed=0" in key for key in keys)
    other = RealEsrgan(replace(RealEsrganRanges(), last_sinc=0.5))
    assert other.key != RealEsrgan().key
    assert Bsrgan(replace(BsrganRanges(), jpeg=0.5)).key != Bsrgan().key


def test_no_method_can_invert_them(images):
    made = degradation.get("realesrgan")
    assert made.noise_sigma() is None
    assert [made.has_operator, degradation.get("down > jpeg:40").has_operator] == [False, True]
    method = load("back-projection")
    method.prepare(4, MethodContext(degradation=made))
    with pytest.raises(NotSupportedError, match="no operator to invert"):
        method.upscale(torch.rand(1, 3, 12, 16), 4)


def test_without_chance_real_esrgan_is_the_chain_that_its_parts_make(images):
    """With every probability at 0 or 1 and ranges of one value, all that is left to draw is how images are resized."""
    still = Order(0.0, (1, 1), (0, 0, 1), (1, 1), (0, 0), (0, 0))
    ranges = RealEsrganRanges(still, still, gaussian_noise=1.0, quality=(90, 90), last_sinc=0.0)
    made = Pipeline("x", (RealEsrgan(ranges),))(images[0], 1)
    twice = degradation.get("jpeg:90 > jpeg:90")(images[0], 1)
    assert torch.equal(made, twice)


@pytest.mark.parametrize(("step", "names"), [(RealEsrgan(), ("bell", "plateau", "sinc")), (Bsrgan(), ("bell",))])
def test_kernels_and_noise_are_drawn_within_their_ranges(monkeypatch, images, step, names):
    seen = {name: [] for name in (*names, "white", "photons", "resampled")}
    for name, calls in seen.items():
        real = getattr(blind.drawn, name)
        monkeypatch.setattr(blind.drawn, name, lambda *a, real=real, calls=calls, **k: calls.append(a) or real(*a, **k))
    qualities = []
    real_jpeg = blind.through_jpeg
    monkeypatch.setattr(blind, "through_jpeg", lambda x, q, s: qualities.append(q) or real_jpeg(x, q, s))
    rng = np.random.default_rng(0)
    for _ in range(15):
        for image in images[:2]:
            step(image, 4, rng)
    assert all(seen[name] for name in names)
    assert min(qualities) >= 30
    assert max(qualities) <= 95
    assert len(set(qualities)) > 10
    sigmas = [call[2] for call in seen["white"]]
    assert 1 <= min(sigmas) < max(sigmas) <= 30
    sides = {call[0] for name in names for call in seen[name]}
    assert min(sides) >= 7
    assert max(sides) <= 25
    assert all(side % 2 for side in sides)
    if isinstance(step, RealEsrgan):
        assert max(sides) == 21
        spread = [sigma for name in ("bell", "plateau") for call in seen[name] for sigma in call[1]]
        assert 0.2 <= min(spread) < max(spread) <= 3
        assert 0.5 <= min(call[3] for call in seen["bell"]) <= max(call[3] for call in seen["bell"]) <= 4
        assert seen["photons"]
