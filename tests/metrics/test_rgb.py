"""PSNR and SSIM on RGB against BasicSR's formulas, written independently, and against a protocol that measures RGB."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import correlate1d

import srbench
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, NotSupportedError, SrbenchWarning
from srbench.evaluation.example import planes_of
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.metrics import get
from srbench.protocol.base import BASICSR


def psnr_of(sr, hr, border=0):
    """BasicSR's ``calculate_psnr`` with ``test_y_channel=False``."""
    cut = slice(border, -border or None)
    error = (sr[cut, cut].astype(float) - hr[cut, cut].astype(float)) ** 2
    return 10 * math.log10(255.0**2 / error.mean())


def ssim_of(sr, hr, border=0):
    """BasicSR's ``calculate_ssim`` with ``test_y_channel=False``: the mean over channels of the valid region's mean."""
    cut = slice(border, -border or None)
    window = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(x):
        return correlate1d(correlate1d(x, window, axis=0), window, axis=1)[5:-5, 5:-5]

    values = []
    for channel in range(3):
        x, y = (image[cut, cut, channel].astype(float) for image in (sr, hr))
        a, b = mean(x), mean(y)
        va, vb, cov = mean(x * x) - a * a, mean(y * y) - b * b, mean(x * y) - a * b
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        values.append((((2 * a * b + c1) * (2 * cov + c2)) / ((a * a + b * b + c1) * (va + vb + c2))).mean())
    return float(np.mean(values))


FORMULAS = {"psnr-rgb": psnr_of, "ssim-rgb": ssim_of}


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_basicsrs_formula_on_ten_images(name, sample_pairs, as_comparison):
    for sr, hr in sample_pairs:
        for scale in (1, 4):  # basicsr shaves as many pixels
            value = get(name).compute(as_comparison(sr, hr, scale))
            assert value == pytest.approx(FORMULAS[name](sr, hr, scale), abs=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_the_metric_of_y_under_a_protocol_that_measures_rgb(name, sample_pairs):
    sr, hr = sample_pairs[0]
    on_rgb = Example(HrImage(hr, replace(BASICSR, space="rgb")), 2, Bicubic())
    on_y = Example(HrImage(hr, BASICSR), 2, Bicubic())
    plain = get(name.removesuffix("-rgb")).compute(compare(planes_of(sr), on_rgb))
    assert get(name).compute(compare(planes_of(sr), on_y)) == pytest.approx(plain, abs=1e-12)
    assert get(name).compute(compare(planes_of(sr), on_rgb)) == pytest.approx(plain, abs=1e-12)


def test_ssims_window_is_not_the_protocols(sample_pairs):
    sr, hr = sample_pairs[0]
    values = {
        get("ssim-rgb").compute(compare(planes_of(sr), Example(HrImage(hr, protocol), 1, Bicubic())))
        for protocol in (replace(BASICSR, shave=0), replace(BASICSR, shave=0, ssim="uniform"))
    }
    assert len(values) == 1


def test_one_error_for_all_channels_not_a_mean_of_three_psnrs():
    hr = np.full((20, 20, 3), 100, np.uint8)
    sr = hr + np.array([1, 2, 30], np.uint8)
    assert srbench.score("psnr-rgb", sr, hr) == pytest.approx(10 * math.log10(255**2 / ((1 + 4 + 900) / 3)), abs=1e-9)


def test_identical_images_have_the_best_value(sample_pairs):
    hr = sample_pairs[0][1]
    assert srbench.score("psnr-rgb", hr, hr) == math.inf
    assert srbench.score("ssim-rgb", hr, hr) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_grey_images_are_three_equal_channels(name, rng):
    sr, hr = rng.integers(0, 256, (2, 40, 44), dtype=np.uint8)
    with pytest.warns(SrbenchWarning, match="three equal channels"):
        grey = srbench.score(name, sr, hr)
    colour = FORMULAS[name](*(np.repeat(x[..., None], 3, axis=2) for x in (sr, hr)))
    assert grey == pytest.approx(colour, abs=1e-9)


@pytest.mark.parametrize("name", FORMULAS)
def test_tiny_images(name, rng):
    size = get(name).min_size
    sr, hr = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    assert srbench.score(name, sr, hr) == pytest.approx(FORMULAS[name](sr, hr), abs=1e-9)
    if size > 1:
        with pytest.raises(ImageError, match=f"needs at least {size} pixels a side"):
            srbench.score(name, sr[1:], hr[1:])
        with pytest.raises(ImageError, match=f"SSIM needs at least {size}x{size} pixels after the border is shaved"):
            srbench.score(name, sr, hr, shave=1)


@pytest.mark.parametrize("name", FORMULAS)
def test_it_needs_colour(name, rng):
    image = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    with pytest.raises(NotSupportedError, match="needs colour"):
        srbench.score(name, image, image, protocol="classic")


@pytest.mark.parametrize(("name", "unit", "digits"), [("psnr-rgb", "dB", 2), ("ssim-rgb", "", 4)])
def test_the_card(name, unit, digits):
    card = get(name)
    assert (card.unit, card.digits, card.version, card.higher_is_better) == (unit, digits, 1, True)
    assert card.source.startswith("BasicSR")
