"""SSIM against scikit-image, and its properties."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.metrics import get
from srbench.metrics.ssim import WINDOW, ssim, window_mean
from srbench.protocol.base import BASICSR, CLASSIC

SETTINGS = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def reference(sr, hr):
    """scikit-image's mean leaves out the 5 border pixels in which its window is cut: the valid region."""
    return structural_similarity(hr, sr, **SETTINGS)


def ours(sr, hr):
    return ssim(torch.from_numpy(sr), torch.from_numpy(hr)).item()


def random_pair(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (2, height, width)).astype(float)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(11, 40), st.integers(11, 40))
def test_equals_scikit_image_on_random_images(seed, height, width):
    sr, hr = random_pair(seed, height, width)
    assert ours(sr, hr) == pytest.approx(reference(sr, hr), abs=1e-9)


@pytest.mark.parametrize("height", [27, 28, 29, 43, 44, 60])
def test_equals_scikit_image_where_strips_meet(height, monkeypatch):
    """Large images are filtered in strips, here of about 16 rows."""
    monkeypatch.setattr("srbench.metrics.ssim._STRIP_CPU", 160)
    monkeypatch.setattr("srbench.metrics.ssim._LOW", 8)
    sr, hr = random_pair(height, height, 20)
    assert ours(sr, hr) == pytest.approx(reference(sr, hr), abs=1e-9)


def test_the_memory_of_strips_is_used_again_at_other_sizes_and_outside_of_inference_mode():
    for shape in ((30, 40), (90, 200), (30, 40), (11, 900), (90, 200)):
        sr, hr = random_pair(sum(shape), *shape)
        with torch.inference_mode():
            value = ours(sr, hr)
        assert value == ours(sr, hr) == pytest.approx(reference(sr, hr), abs=1e-9)


def test_threads_do_not_share_memory():
    pairs = [random_pair(seed, 200, 150 + seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        values = list(threads.map(lambda pair: ours(*pair), pairs * 5))
    assert values == [ours(*pair) for pair in pairs] * 5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(11, 40), st.integers(11, 40))
def test_the_window_mean_is_a_gaussian_filter(seed, height, width):
    image = random_pair(seed, height, width)[0]
    mean = window_mean(torch.from_numpy(image))
    expected = gaussian_filter(image, 1.5, truncate=3.5)[5:-5, 5:-5]
    assert mean.shape == (height - 10, width - 10)
    assert np.allclose(mean.numpy(), expected, rtol=0, atol=1e-9)


def test_a_mean_of_hr_that_is_at_hand_is_used():
    sr, hr = (torch.from_numpy(x) for x in random_pair(4, 40, 33))
    mean = window_mean(hr)
    assert ssim(sr, hr, hr_mean=mean).item() == ssim(sr, hr).item()
    assert abs(ssim(sr, hr, hr_mean=mean + 1).item() - ssim(sr, hr).item()) > 1e-3


@pytest.mark.parametrize("rules", [BASICSR, CLASSIC], ids=lambda rules: rules.name)
def test_the_mean_of_hr_is_made_once_for_all_scales(rules, monkeypatch):
    made = []

    def counting(x):
        made.append(x.shape)
        return window_mean(x)

    monkeypatch.setattr("srbench.metrics.ssim.window_mean", counting)
    pixels = dataset.find("sample").images[0].read()[:101, :97]
    image = HrImage(pixels, rules)
    for scale in (2, 3, 4):
        for shift in (0, 1):
            example = Example(image, scale, Bicubic())
            pair = compare(example.hr.roll(shift, -1), example)
            value = get("ssim").compute(pair)
            assert value == pytest.approx(reference(pair.sr_luma.numpy(), pair.hr_luma.numpy()), abs=1e-9)
    assert made == [(101, 97)]


def test_equals_scikit_image_on_photographs(rng):
    for image in dataset.find("sample").images:
        hr = image.read().astype(float)
        hr = hr if hr.ndim == 2 else hr[..., 1]
        sr = np.clip(hr + rng.normal(0, 5, hr.shape), 0, 255)
        assert ours(sr, hr) == pytest.approx(reference(sr, hr), abs=1e-9)


@pytest.mark.data("set5")
def test_equals_scikit_image_on_set5():
    for image in dataset.find("set5").images:
        hr = image.read()[..., 1].astype(float)
        assert ours(hr[1:], hr[:-1]) == pytest.approx(reference(hr[1:], hr[:-1]), abs=1e-9)


def test_identical_images_give_one():
    hr = random_pair(0, 30, 30)[0]
    assert ours(hr, hr) == pytest.approx(1.0, abs=1e-12)


def test_two_flat_images_by_hand():
    # Without variance only the luminance term is left: (2ab + c1) / (a^2 + b^2 + c1), c1 = (0.01 * 255)^2.
    a, b, c1 = 100.0, 120.0, 6.5025
    value = ssim(torch.full((16, 16), a), torch.full((16, 16), b)).item()
    assert value == pytest.approx((2 * a * b + c1) / (a * a + b * b + c1), abs=1e-12)


def test_an_inverted_image_is_negative():
    hr = random_pair(1, 40, 40)[0]
    assert ours(255 - hr, hr) < -0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999))
def test_symmetric_and_within_bounds(seed):
    sr, hr = random_pair(seed, 15, 19)
    assert ours(sr, hr) == pytest.approx(ours(hr, sr), abs=1e-12)
    low, high = get("ssim").bounds
    assert low <= ours(sr, hr) <= high


def test_mirrored_and_turned_pairs_have_the_same_index():
    sr, hr = random_pair(3, 21, 33)
    for turn in (np.fliplr, np.flipud, np.transpose):
        assert ours(turn(sr).copy(), turn(hr).copy()) == pytest.approx(ours(sr, hr), abs=1e-12)


def test_views_have_the_same_index():
    sr, hr = (torch.from_numpy(x) for x in random_pair(9, 60, 44))
    value = ssim(sr[10:50, 4:40].clone(), hr[10:50, 4:40].clone())
    assert torch.equal(ssim(sr[10:50, 4:40], hr[10:50, 4:40]), value)
    assert ssim(sr[10:50, 4:40].T, hr[10:50, 4:40].T).item() == pytest.approx(value.item(), abs=1e-12)
    assert ssim(sr[10:50, 4:40].T, hr[10:50, 4:40].T.clone()).item() == pytest.approx(value.item(), abs=1e-12)


def test_a_batch_gives_one_value_per_image():
    pairs = np.stack([random_pair(seed, 24, 26) for seed in range(4)])
    values = ssim(torch.from_numpy(pairs[:, 0]), torch.from_numpy(pairs[:, 1]))
    assert values.shape == (4,)
    assert values.tolist() == pytest.approx([reference(*pair) for pair in pairs], abs=1e-9)


def test_inputs_stay_as_they_were():
    sr, hr = (torch.from_numpy(x) for x in random_pair(5, 20, 20))
    before = sr.clone(), hr.clone()
    ssim(sr, hr)
    assert torch.equal(sr, before[0])
    assert torch.equal(hr, before[1])


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (1, 1)])
def test_an_image_smaller_than_the_window_is_an_error(shape):
    with pytest.raises(ImageError, match=rf"at least {WINDOW}x{WINDOW}.*{shape[1]}x{shape[0]}"):
        ssim(torch.zeros(shape), torch.zeros(shape))


def test_one_window_is_enough():
    sr, hr = random_pair(8, WINDOW, WINDOW)
    assert -1 <= ours(sr, hr) <= 1


def test_the_card():
    card = get("ssim")
    assert (card.name, card.version, card.higher_is_better, card.digits, card.min_size) == ("ssim", 1, True, 4, 11)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_agrees():
    sr, hr = (torch.from_numpy(x) for x in random_pair(6, 300, 40))
    assert ssim(sr.cuda(), hr.cuda()).item() == pytest.approx(ssim(sr, hr).item(), abs=1e-12)
