"""Every field of a protocol decides what it says it decides."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from srbench import degradation, metrics
from srbench.errors import NotSupportedError
from srbench.evaluation import Example, HrImage, compare, measure, super_resolve
from srbench.evaluation.inference import lr_of
from srbench.imaging.color import luma, round_half_up
from srbench.method import Method, MethodCard
from srbench.protocol.base import BASICSR, CLASSIC, MATLAB_RGB
from srbench.resize import imresize


class Mine(Method):
    """Bicubic, which leaves 0..1 at edges."""

    card = MethodCard("mine", "Mine", 2024, "test", "none", "any")

    def upscale(self, lr, scale):
        return imresize(lr, scale) * 1.3 - 0.1


def example(pixels, protocol=BASICSR, scale=2, degrade="bicubic", **changes):
    return Example(HrImage(pixels, replace(protocol, **changes)), scale, degradation.get(degrade))


@pytest.fixture
def rgb(make_picture):
    return make_picture(40, 44, 1)


@pytest.fixture
def grey(make_picture):
    return make_picture(40, 44, 1, channels=1)


def test_pillow_makes_the_lr_image_that_pillow_makes(rgb):
    expected = np.array(Image.fromarray(rgb).resize((22, 20), Image.Resampling.BICUBIC))
    assert np.array_equal(example(rgb, resize="pillow").lr_pixels.permute(1, 2, 0).numpy(), expected)
    luma_of_it = example(rgb, CLASSIC, resize="pillow").lr_luma
    assert luma_of_it.dtype == torch.float64
    assert luma_of_it.shape == (20, 22)
    assert (luma_of_it - example(rgb, CLASSIC).lr_luma).abs().max() < 2  # much the same kernel


def test_opencv_does_not_widen_its_kernel(rgb):
    """At scale 2 it weighs the four nearest pixels of each axis by the cubic of a = -0.75 at 0.5 and 1.5."""
    taps = np.array([-0.09375, 0.59375, 0.59375, -0.09375])
    block = rgb[9:13, 19:23, 0].astype(float)  # around output pixel (5, 10)
    expected = np.clip(np.floor(taps @ block @ taps + 0.5), 0, 255)
    lr = example(rgb, resize="opencv").lr_pixels
    assert lr.dtype == torch.uint8
    assert lr.shape == (3, 20, 22)
    assert lr[0, 5, 10] == expected


@pytest.mark.parametrize("program", ["pillow", "opencv"])
def test_other_programs_make_bicubic_images_alone(rgb, program):
    with pytest.raises(NotSupportedError, match=f"bicubic-noise has no {program}"):
        _ = example(rgb, degrade="bicubic-noise", resize=program).lr_pixels


def test_full_range_y_is_that_of_pillow(rgb):
    found = example(rgb, space="full-range", luma_rounded=True)
    expected = np.array(Image.fromarray(rgb).convert("L")).astype(float)
    assert np.abs(found.hr_measured.numpy() - expected).max() <= 1  # Pillow's weights have 16 bits
    assert np.array_equal(found.hr_luma, round_half_up(luma(torch.from_numpy(rgb).permute(2, 0, 1))))


def test_all_channels_are_measured_together(rgb):
    found = example(rgb, space="rgb")
    sr = super_resolve(Mine(), found)
    difference = (sr.double() - found.hr.double())[:, 2:-2, 2:-2]
    expected = 10 * torch.log10(255**2 / (difference**2).mean())
    assert measure(metrics.get("psnr"), compare(sr, found)).value == pytest.approx(float(expected), abs=1e-9)


def test_a_grey_image_read_as_grey_has_one_measure(grey):
    values = set()
    for space in ("luma", "full-range", "rgb"):
        found = example(grey, grey_as_rgb=False, space=space)
        values.add(measure(metrics.get("psnr"), compare(super_resolve(Mine(), found), found)).value)
    assert len(values) == 1


def test_sr_that_is_not_rounded_is_clipped(rgb):
    found = example(rgb, sr_rounded=False)
    sr = super_resolve(Mine(), found)
    assert sr.dtype == torch.float64
    assert sr.max() == 255 < 255 * Mine().upscale(found.lr_rgb / 255, 2).max()
    assert not torch.equal(sr, sr.round())
    pair = compare(sr, found)
    assert torch.equal(pair.sr_luma, luma(sr)[2:-2, 2:-2])
    assert pair.sr_rgb.max() == 255  # metrics of colour take 8 bits
    classic = example(rgb, CLASSIC, sr_rounded=False)
    y = super_resolve(Mine(), classic)
    assert torch.equal(compare(y, classic).sr_luma, y[0, 2:-2, 2:-2])


def as_matlab_does(method, hr, fed, scale):
    """PSNR by the steps of LapSRN's evaluate_SR.m and SR_LapSRN.m, written out; ``fed`` says what the method sees.

    What is that near below a half is a half: colour methods answer in single precision.
    """
    weights, black, half = np.array([65.481, 128.553, 24.966]) / 255, 16, 1e-4 if fed == "rgb" else 1e-9
    hr = hr.astype(float)
    lr = imresize(torch.from_numpy(hr).permute(2, 0, 1), 1 / scale)
    if fed == "rgb":
        sr = method.upscale(lr / 255, scale) * 255
    else:  # Y by the method, Cb and Cr by bicubic
        y = torch.tensordot(torch.from_numpy(weights), lr, 1) + black
        grown, mine = imresize(lr, scale), method.upscale(y[None] / 255, scale)[0] * 255
        # The inverse of rgb2ycbcr adds a change of Y to all channels alike.
        sr = grown + (mine - torch.tensordot(torch.from_numpy(weights), grown, 1) - black) * 255 / 219
    sr = np.floor(np.clip(sr.permute(1, 2, 0).numpy(), 0, 255) + 0.5 + half)
    error = ((sr - hr) @ weights)[scale:-scale, scale:-scale]
    return 10 * np.log10(255**2 / np.mean(error**2))


@pytest.mark.parametrize("fed", ["rgb", "luma"])
def test_matlab_rgb_is_what_lapsrns_script_does(rgb, fed):
    class Fed(Mine):
        card = replace(Mine.card, colour=fed)

        def upscale(self, lr, scale):
            return imresize(lr, scale)

    values = {}
    for protocol in (MATLAB_RGB, CLASSIC, BASICSR):
        found = example(rgb, protocol)
        values[protocol.name] = measure(metrics.get("psnr"), compare(super_resolve(Fed(), found), found)).value
    expected = as_matlab_does(Fed(), rgb, fed, 2)
    assert values["matlab-rgb"] == pytest.approx(expected, abs=1e-4)  # methods are fed single precision
    assert min(abs(values[name] - expected) for name in ("classic", "basicsr")) > 1e-3


def test_matlab_rgb_feeds_grey_images_as_classic_does(grey):
    class Luma(Mine):
        card = replace(Mine.card, colour="luma")

    for method in (Mine(), Luma()):
        mine, other = example(grey, MATLAB_RGB), example(grey, CLASSIC)
        assert torch.equal(lr_of(method, mine), lr_of(method, other))
        assert torch.equal(super_resolve(method, mine), super_resolve(method, other))


def test_a_grey_lr_image_is_rounded_where_the_protocol_rounds_lr(grey):
    found = example(grey, BASICSR, grey_as_rgb=False)
    assert torch.equal(found.lr_luma, found.lr_rgb[0])
    assert torch.equal(found.lr_luma, found.lr_luma.round())


def test_the_border_may_be_given_in_pixels(rgb):
    assert compare(*shaved(rgb, shave_pixels=6)).hr_luma.shape == (40 - 2 * 8, 44 - 2 * 8)
    assert compare(*shaved(rgb, shave=0)).hr_luma.shape == (40, 44)


def shaved(pixels, **changes):
    found = example(pixels, **changes)
    return super_resolve(Mine(), found), found


def test_what_two_protocols_read_alike_is_shared(rgb):
    image = HrImage(rgb, BASICSR)
    other = image.under(replace(BASICSR, shave=0, sr_rounded=False, ssim="uniform", resize="opencv"))
    assert other.planes is image.planes
    assert other.protocol.shave == 0
    assert image.protocol is BASICSR
    for changes in ({"grey_as_rgb": False}, {"luma_rounded": True}, {"space": "rgb"}):
        with pytest.raises(ValueError, match="does not read"):
            image.under(replace(BASICSR, **changes))
