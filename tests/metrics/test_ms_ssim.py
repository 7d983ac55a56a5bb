"""MS-SSIM against pyiqa, and against its definition."""

import importlib.util
import warnings

import numpy as np
import pytest
import torch

import srbench
from srbench.errors import ImageError, SrbenchWarning
from srbench.metrics import get
from srbench.metrics.ms_ssim import MIN_SIZE, grey, ms_ssim

needs_pyiqa = pytest.mark.skipif(
    importlib.util.find_spec("pyiqa") is None, reason="no pyiqa: pip install 'srbench[iqa]'"
)
# Between processors pyiqa's own value moves by up to 2.5e-6 (AVX2 to AVX-512), srbench's by nothing that shows.
LIVE = 5e-6
# What pyiqa 0.1.16 gives for the first three of the fixture's ten pairs, for machines without it.
RECORDED = (0.96068637, 0.942774627, 0.927769114)


@pytest.fixture
def one_thread():
    """pyiqa's convolutions of doubles take twenty times as long where two threads wait for a busy processor."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@needs_pyiqa
@pytest.mark.filterwarnings("ignore")  # pyiqa's own
@pytest.mark.usefixtures("one_thread")
def test_equals_pyiqa_on_ten_images(sample_pairs, as_comparison):
    import pyiqa

    model = pyiqa.create_metric("ms_ssim", device="cpu")
    assert len(sample_pairs) == 10
    for sr, hr in sample_pairs:
        batch = [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in (sr, hr)]
        assert get("ms-ssim").compute(as_comparison(sr, hr)) == pytest.approx(model(*batch).item(), abs=LIVE)


def test_the_values_that_pyiqa_gave(sample_pairs, as_comparison):
    for (sr, hr), value in zip(sample_pairs, RECORDED, strict=False):
        assert get("ms-ssim").compute(as_comparison(sr, hr)) == pytest.approx(value, abs=1e-6)


@needs_pyiqa
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("shape", [(161, 161), (163, 170), (176, 177)])
def test_odd_sides_are_pyiqas(shape, rng):
    import pyiqa

    sr, hr = rng.integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    batch = [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in (sr, hr)]
    expected = pyiqa.create_metric("ms_ssim", device="cpu")(*batch).item()
    assert srbench.score("ms-ssim", sr, hr) == pytest.approx(expected, abs=LIVE)


def test_identical_images_give_one_and_worse_ones_less(sample_pairs, rng):
    hr = sample_pairs[0][1]
    little, much = (np.clip(hr + rng.normal(0, s, hr.shape), 0, 255).astype(np.uint8) for s in (4, 40))
    best, good, bad = (srbench.score("ms-ssim", sr, hr) for sr in (hr, little, much))
    assert best == pytest.approx(1, abs=1e-12)
    assert 0 < bad < good < best
    assert srbench.score("ms-ssim", hr, little) == pytest.approx(good, abs=1e-12)


def test_flat_images_have_only_the_last_levels_luminance():
    a, b, c1 = 100.0, 120.0, 6.5025
    size = 176  # no level has an odd side, which would be padded
    value = ms_ssim(torch.full((size, size), a), torch.full((size, size), b))
    assert value == pytest.approx(((2 * a * b + c1) / (a * a + b * b + c1)) ** 0.1333, abs=1e-9)


def test_grey_is_that_of_yiq_rounded(rng):
    pixels = torch.from_numpy(rng.integers(0, 256, (3, 50, 60), dtype=np.uint8))
    exact = (pixels.double() * torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(3, 1, 1)).sum(0)
    assert (grey(pixels) - exact).abs().max() <= 0.5 + 1e-4
    assert torch.equal(grey(pixels[:1].expand(3, -1, -1)), pixels[0].double())


def test_grey_images_are_three_equal_channels(rng):
    sr, hr = rng.integers(0, 256, (2, 170, 165), dtype=np.uint8)
    with pytest.warns(SrbenchWarning, match="three equal channels"):
        value = srbench.score("ms-ssim", sr, hr)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value == srbench.score("ms-ssim", *(np.repeat(x[..., None], 3, axis=2) for x in (sr, hr)))


def test_the_smallest_image(rng):
    sr, hr = rng.integers(0, 256, (2, MIN_SIZE, MIN_SIZE, 3), dtype=np.uint8)
    assert 0 < srbench.score("ms-ssim", sr, hr) < 1
    with pytest.raises(ImageError, match="needs at least 161 pixels a side, this image has 161x160"):
        srbench.score("ms-ssim", sr[1:], hr[1:])
    with pytest.raises(ImageError, match="at least 161x161"):
        ms_ssim(torch.zeros(160, 200), torch.zeros(160, 200))


def test_the_card():
    card = get("ms-ssim")
    assert (card.version, card.higher_is_better, card.unit, card.digits, card.bounds) == (1, True, "", 4, (0, 1))
    assert "Asilomar 2003" in card.source
