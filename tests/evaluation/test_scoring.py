"""One cell: which arrays a method is fed, what it may return, which arrays metrics see."""

import math

import numpy as np
import pytest
import torch

from srbench import degradation, metrics
from srbench.errors import ImageError, NotSupportedError, OutputError
from srbench.evaluation import Example, HrImage, compare, measure, super_resolve
from srbench.evaluation.inference import output
from srbench.foreign.contained import PluginError
from srbench.imaging.color import luma, round_half_up
from srbench.method import Method, MethodCard
from srbench.metrics import Comparison
from srbench.protocol.base import BASICSR, CLASSIC
from srbench.resize import imresize

BICUBIC = degradation.get("bicubic")


def method(upscale=lambda lr, scale: imresize(lr, scale), **card):
    """A method of that function, which keeps what it was fed."""
    facts = {"name": "probe", "title": "Probe", "year": 0, "family": "test", "paper": "none", "colour": "any"}

    class Probe(Method):
        fed = None

        def upscale(self, lr, scale):
            self.fed = lr
            return upscale(lr, scale)

    Probe.card = MethodCard(**(facts | card))
    return Probe()


@pytest.fixture
def rgb(make_picture):
    return make_picture(30, 33, 1)


@pytest.fixture
def grey(make_picture):
    return make_picture(30, 33, 1, channels=1)


def example(pixels, protocol, scale=2):
    return Example(HrImage(pixels, protocol), scale, BICUBIC)


# -- Example -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_hr_is_cut_to_a_multiple_of_the_scale_from_the_top_left(rgb, scale):
    hr = example(rgb, BASICSR, scale).hr
    height, width = 30 // scale * scale, 33 // scale * scale
    assert np.array_equal(hr.permute(1, 2, 0).numpy(), rgb[:height, :width])


def test_classic_compares_rounded_luma_and_degrades_it_unrounded(rgb):
    found = example(rgb, CLASSIC)
    expected = round_half_up(luma(torch.from_numpy(rgb[:30, :32]).permute(2, 0, 1)))
    assert torch.equal(found.hr_luma, expected)
    assert torch.equal(found.lr_luma, imresize(expected, 0.5))
    assert not torch.equal(found.lr_luma, found.lr_luma.round())


def test_basicsr_compares_unrounded_luma_and_degrades_uint8_rgb(rgb):
    found = example(rgb, BASICSR)
    assert not torch.equal(found.hr_luma, found.hr_luma.round())
    assert np.array_equal(found.lr_rgb.permute(1, 2, 0).numpy(), imresize(rgb[:30, :32], 0.5))


def test_classic_does_not_round_the_rgb_lr_image(rgb):
    lr = example(rgb, CLASSIC).lr_rgb
    expected = imresize(rgb[:30, :32].astype(float), 0.5)
    assert lr.permute(1, 2, 0).numpy() == pytest.approx(expected, abs=1e-12)


def test_a_grey_image_is_used_as_it_is_by_classic(grey):
    found = example(grey, CLASSIC)
    assert found.hr.shape == (1, 30, 32)
    assert np.array_equal(found.hr_luma.numpy(), grey[:30, :32])


def test_a_grey_image_is_rgb_to_basicsr(grey):
    found = example(grey, BASICSR)
    assert found.hr.shape == (3, 30, 32)
    assert found.hr_luma.numpy() == pytest.approx(16 + grey[:30, :32].astype(float) * 219 / 255, abs=1e-9)


def test_reading_grey_as_rgb_raises_psnr_by_the_studio_range(grey):
    """20 log10(255 / 219) = 1.32 dB: why Set14 rows of the two families cannot be compared."""
    psnr = metrics.get("psnr")
    values = []
    for protocol in (CLASSIC, BASICSR):
        found = example(grey, protocol)
        values.append(psnr.compute(compare(super_resolve(method(), found), found)))
    assert values[1] - values[0] == pytest.approx(1.32, abs=0.1)


@pytest.mark.parametrize(("height", "width"), [(4, 30), (30, 4), (5, 5), (1, 1)])
def test_an_image_of_which_nothing_is_left_is_an_error(height, width):
    with pytest.raises(ImageError, match=rf"{width}x{height} is too small at x2"):
        example(np.zeros((height, width, 3), np.uint8), BASICSR)


def test_the_smallest_image_has_pixels_left():
    found = example(np.zeros((6, 6, 3), np.uint8), BASICSR)
    assert compare(super_resolve(method(), found), found).sr_luma.shape == (2, 2)


# -- what methods are fed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("colour", "protocol", "kind", "channels"),
    [
        ("any", CLASSIC, "rgb", 1),
        ("any", CLASSIC, "grey", 1),
        ("any", BASICSR, "rgb", 3),
        ("any", BASICSR, "grey", 3),
        ("luma", CLASSIC, "rgb", 1),
        ("luma", CLASSIC, "grey", 1),
        ("luma", BASICSR, "rgb", 1),
        ("luma", BASICSR, "grey", 1),
        ("rgb", CLASSIC, "rgb", 3),
        ("rgb", CLASSIC, "grey", 3),
        ("rgb", BASICSR, "rgb", 3),
        ("rgb", BASICSR, "grey", 3),
    ],
)
def test_channels_that_a_method_is_fed(request, colour, protocol, kind, channels):
    probe = method(colour=colour)
    found = example(request.getfixturevalue(kind), protocol)
    sr = super_resolve(probe, found)
    assert probe.fed.shape == (1, channels, 15, 16)
    assert probe.fed.dtype == torch.float32
    assert 0 <= probe.fed.min() <= probe.fed.max() <= 1
    assert sr.is_floating_point()
    assert torch.equal(sr, sr.round())
    expected = 1 if protocol is CLASSIC and colour != "rgb" else 3
    assert sr.shape == (expected, 30, 32)
    pair = compare(sr, found)
    assert pair.sr_luma.shape == pair.hr_luma.shape == (26, 28)
    # Bicubic is much the same picture, whichever way it is fed: the ranges of SR and HR agree.
    assert (pair.sr_luma - pair.hr_luma).abs().mean() < 12
    assert abs(pair.sr_luma.mean() - pair.hr_luma.mean()) < 1


def test_a_luma_method_is_fed_y_of_the_full_scale(rgb):
    probe = method(colour="luma")
    found = example(rgb, BASICSR)
    super_resolve(probe, found)
    expected = luma(found.lr_rgb) / 255
    assert torch.allclose(probe.fed[0, 0].double(), expected, atol=1e-6)


def test_chroma_of_a_luma_method_is_bicubic(rgb):
    """A luma method that is bicubic itself gives, but for rounding, the picture of bicubic on RGB."""
    found = example(rgb, BASICSR)
    through_luma, direct = super_resolve(method(colour="luma"), found), super_resolve(method(), found)
    assert (through_luma.int() - direct.int()).abs().max() <= 1


def test_a_colour_method_under_classic_is_rounded_to_rgb_first(rgb):
    found = example(rgb, CLASSIC)
    sr = super_resolve(method(colour="rgb"), found)
    pair = compare(sr, found)
    assert torch.equal(pair.sr_luma, round_half_up(luma(sr))[2:-2, 2:-2])


@pytest.mark.parametrize("protocol", [CLASSIC, BASICSR], ids=lambda p: p.name)
def test_sr_is_clipped_and_rounded(rgb, protocol):
    found = example(rgb, protocol)
    sr = super_resolve(method(lambda lr, scale: imresize(lr, scale) * 40 - 20), found)
    assert (sr.min(), sr.max()) == (0, 255)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("protocol", [CLASSIC, BASICSR], ids=lambda p: p.name)
def test_as_many_pixels_as_the_scale_are_shaved(rgb, protocol, scale):
    found = example(rgb, protocol, scale)
    pair = compare(super_resolve(method(), found), found)
    height, width = (length // scale * scale - 2 * scale for length in (30, 33))
    assert pair.hr_luma.shape == pair.sr_luma.shape == (height, width)
    assert torch.equal(pair.hr_luma, found.hr_luma[scale:-scale, scale:-scale])


def test_gradients_are_not_recorded(rgb):
    weight = torch.nn.Parameter(torch.ones(1))
    sr = output(method(lambda lr, scale: imresize(lr, scale) * weight), example(rgb, BASICSR).lr_rgb, 2)
    assert not sr.requires_grad


def test_an_example_is_not_changed_by_a_method(rgb):
    found = example(rgb, BASICSR)
    before = found.lr_rgb.clone()
    super_resolve(method(lambda lr, scale: imresize(lr.mul_(0), scale)), found)
    assert torch.equal(found.lr_rgb, before)


# -- what methods may return ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upscale", "message"),
    [
        (lambda lr, scale: lr, "shape"),
        (lambda lr, scale: imresize(lr, scale)[:, :1], "shape"),
        (lambda lr, scale: imresize(lr, scale)[0], "shape"),
        (lambda lr, scale: imresize(lr, scale)[..., :-1], "shape"),
        (lambda lr, scale: imresize(lr, scale).numpy(), "ndarray"),
        (lambda lr, scale: None, "NoneType"),
        (lambda lr, scale: imresize(lr, scale).long(), "int64"),
        (lambda lr, scale: imresize(lr, scale) * math.nan, "NaN or infinite"),
        (lambda lr, scale: imresize(lr, scale) / 0, "NaN or infinite"),
    ],
)
def test_other_things_are_errors_that_name_the_method(rgb, upscale, message):
    with pytest.raises(OutputError, match=rf"probe returned.*{message}"):
        super_resolve(method(upscale), example(rgb, BASICSR))


def test_one_nan_pixel_is_enough(rgb):
    def upscale(lr, scale):
        sr = imresize(lr, scale)
        sr[0, 0, 3, 3] = math.nan
        return sr

    with pytest.raises(OutputError, match="returned 1 NaN"):
        super_resolve(method(upscale), example(rgb, BASICSR))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.bfloat16])
def test_any_floating_type_will_do(rgb, dtype):
    sr = super_resolve(method(lambda lr, scale: imresize(lr, scale).to(dtype)), example(rgb, BASICSR))
    assert sr.is_floating_point()
    assert torch.equal(sr, sr.round())
    assert 1 < sr.max() <= 255


def test_a_scale_that_is_not_supported_names_those_that_are(rgb):
    with pytest.raises(NotSupportedError, match=r"does not support x2.*x3, x4"):
        super_resolve(method(scales=(3, 4)), example(rgb, BASICSR))


def test_an_lr_image_that_is_too_small_is_not_supported(rgb):
    with pytest.raises(NotSupportedError, match=r"at least 16 pixels.*16x15"):
        super_resolve(method(min_size=16), example(rgb, BASICSR))


def test_errors_of_the_method_come_through(rgb):
    def upscale(lr, scale):
        raise ZeroDivisionError("mine")

    with pytest.raises(PluginError, match=r"^ZeroDivisionError: mine$"):
        super_resolve(method(upscale), example(rgb, BASICSR))


# -- measure -------------------------------------------------------------------------------------------------------


def pair(sr, hr):
    return Comparison(sr_luma=sr.to(torch.float64), hr_luma=hr.to(torch.float64))


def test_a_value_is_ok():
    score = measure(metrics.get("psnr"), pair(torch.zeros(16, 16), torch.full((16, 16), 16)))
    assert (score.metric, score.version, score.status) == ("psnr", 1, "ok")
    assert score.value == pytest.approx(24.0484, abs=1e-4)


def test_infinite_psnr_is_identical():
    assert measure(metrics.get("psnr"), pair(torch.ones(16, 16), torch.ones(16, 16))).status == "identical"


def test_nan_is_a_status():
    assert measure(metrics.get("ssim"), pair(torch.full((16, 16), math.nan), torch.ones(16, 16))).status == "nan"


def test_too_small_is_a_status():
    score = measure(metrics.get("ssim"), pair(torch.ones(10, 30), torch.ones(10, 30)))
    assert score.status == "too small"
    assert math.isnan(score.value)
