"""PSNR against scikit-image and values that can be checked by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from srbench import dataset
from srbench.metrics import get
from srbench.metrics.psnr import psnr

images = st.integers(0, 999).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (2, 17, 23)).astype(float))


def ours(sr, hr):
    return psnr(torch.from_numpy(sr), torch.from_numpy(hr)).item()


@settings(max_examples=30, deadline=None)
@given(images)
def test_equals_scikit_image_on_random_images(pair):
    assert ours(*pair) == pytest.approx(peak_signal_noise_ratio(pair[1], pair[0], data_range=255), abs=1e-9)


def test_equals_scikit_image_on_photographs(rng):
    for image in dataset.find("sample").images:
        hr = image.read().astype(float)
        hr = hr if hr.ndim == 2 else hr[..., 1]
        sr = np.clip(hr + rng.normal(0, 5, hr.shape), 0, 255)
        assert ours(sr, hr) == pytest.approx(peak_signal_noise_ratio(hr, sr, data_range=255), abs=1e-9)


@pytest.mark.data("set5")
def test_equals_scikit_image_on_set5():
    for image in dataset.find("set5").images:
        green = image.read()[..., 1].astype(float)
        sr, hr = green[1:], green[:-1]
        assert ours(sr, hr) == pytest.approx(peak_signal_noise_ratio(hr, sr, data_range=255), abs=1e-9)


@pytest.mark.parametrize(
    ("error", "value"), [(1, 48.1308036087), (16, 24.0484039556), (255, 0.0), (25.5, 20.0), (2.55, 40.0)]
)
def test_values_by_hand(error, value):
    assert psnr(torch.zeros(8, 8), torch.full((8, 8), float(error), dtype=torch.float64)).item() == pytest.approx(value)


def test_another_peak():
    assert psnr(torch.zeros(4, 4), torch.full((4, 4), 0.1, dtype=torch.float64), peak=1.0).item() == pytest.approx(20)


def test_identical_images_are_infinitely_good():
    assert psnr(torch.ones(4, 4), torch.ones(4, 4)).item() == math.inf


def test_nan_is_not_hidden():
    broken = torch.zeros(4, 4)
    broken[0, 0] = math.nan
    assert math.isnan(psnr(broken, torch.zeros(4, 4)).item())


def test_a_batch_gives_one_value_per_image_never_pooled():
    hr = torch.zeros(2, 8, 8, dtype=torch.float64)
    sr = torch.stack([torch.full((8, 8), 1.0), torch.full((8, 8), 16.0)])
    values = psnr(sr, hr)
    assert values.tolist() == [pytest.approx(48.13080361), pytest.approx(24.04840396)]
    pooled = 10 * math.log10(255**2 / ((1 + 256) / 2))
    assert values.mean().item() - pooled > 9


@settings(max_examples=30, deadline=None)
@given(images)
def test_symmetric_and_within_bounds(pair):
    assert ours(pair[0], pair[1]) == ours(pair[1], pair[0])
    low, high = get("psnr").bounds
    assert low <= ours(*pair) <= high


def test_uint8_does_not_overflow_and_inputs_stay():
    sr, hr = torch.full((4, 4), 250, dtype=torch.uint8), torch.full((4, 4), 5, dtype=torch.uint8)
    assert psnr(sr, hr).item() == pytest.approx(20 * math.log10(255 / 245))
    x = torch.ones(4, 4, dtype=torch.float64)
    psnr(x, torch.zeros(4, 4))
    assert (x == 1).all()


def test_the_card():
    card = get("psnr")
    assert (card.name, card.version, card.higher_is_better, card.unit, card.digits) == ("psnr", 1, True, "dB", 2)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_agrees():
    sr, hr = torch.rand(2, 3, 40, 40, dtype=torch.float64) * 255
    assert torch.allclose(psnr(sr.cuda(), hr.cuda()).cpu(), psnr(sr, hr), atol=1e-10)
