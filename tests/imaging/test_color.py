"""BT.601 as MATLAB's rgb2ycbcr, and its rounding."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench.imaging.color import (
    grey,
    levels,
    luma,
    luma_of_levels,
    rgb_to_ycbcr,
    round_half_up,
    to_uint8,
    ycbcr_to_rgb,
)


def pixel(*rgb):
    return torch.tensor(rgb, dtype=torch.float64).reshape(3, 1, 1)


# rgb2ycbcr(uint8) of MATLAB: the colours of a test card.
@pytest.mark.parametrize(
    ("rgb", "ycbcr"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81, 90, 240)),
        ((0, 255, 0), (145, 54, 34)),
        ((0, 0, 255), (41, 240, 110)),
        ((255, 255, 0), (210, 16, 146)),
        ((0, 255, 255), (170, 166, 16)),
        ((255, 0, 255), (106, 202, 222)),
        ((128, 128, 128), (126, 128, 128)),
    ],
)
def test_known_values(rgb, ycbcr):
    assert to_uint8(rgb_to_ycbcr(pixel(*rgb))).flatten().tolist() == list(ycbcr)
    assert to_uint8(luma(pixel(*rgb))).item() == ycbcr[0]


def test_luma_has_a_gradient():
    rgb = torch.rand(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.equal(luma(rgb).detach(), luma(rgb.detach()))
    assert torch.autograd.gradcheck(luma, rgb)


def test_luma_is_the_first_channel_and_not_rounded():
    rgb = torch.randint(0, 256, (2, 3, 5, 7))
    y = luma(rgb)
    assert (y.shape, y.dtype) == ((2, 5, 7), torch.float64)
    assert torch.allclose(y, rgb_to_ycbcr(rgb)[:, 0], atol=1e-12)
    expected = 16 + (65.481 * 10 + 128.553 * 20 + 24.966 * 30) / 255
    assert luma(pixel(10, 20, 30)).item() == pytest.approx(expected, abs=1e-12)


def true_luma(red, green, blue):
    return Fraction(16) + Fraction(65481 * red + 128553 * green + 24966 * blue, 255000)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_luma_of_whole_numbers_is_within_an_ulp_of_the_true_value(dtype, rgb):
    true = true_luma(*rgb)
    # Many pixels, so that every loop of a matrix product takes part.
    y = luma_of_levels(torch.tensor(rgb, dtype=dtype).reshape(3, 1, 1).expand(3, 7, 11))
    assert y.dtype == torch.float64
    (value,) = y.unique().tolist()
    assert abs(Fraction(value) - true) <= Fraction(math.ulp(float(true)))


def test_luma_of_extreme_pixels_side_by_side():
    levels = torch.tensor([0, 1, 127, 128, 254, 255], dtype=torch.uint8)
    rgb = torch.cartesian_prod(levels, levels, levels).T.reshape(3, 12, 18)
    for y, pixel in zip(luma(rgb).flatten().tolist(), rgb.flatten(1).T.tolist(), strict=True):
        true = true_luma(*pixel)
        assert abs(Fraction(y) - true) <= Fraction(math.ulp(float(true)))
    assert luma(rgb)[-1, -1] == 235


def test_luma_does_not_change_its_input():
    rgb = torch.rand(3, 4, 4, dtype=torch.float64)
    before = rgb.clone()
    luma(rgb)
    grey(rgb)
    assert torch.equal(rgb, before)


def test_round_trip():
    rgb = torch.rand(4, 3, 6, 6, dtype=torch.float64) * 255
    assert torch.allclose(ycbcr_to_rgb(rgb_to_ycbcr(rgb)), rgb, atol=1e-9)


def test_grey_of_a_grey_picture_is_itself():
    ramp = torch.arange(256.0).expand(3, 1, 256)
    assert torch.allclose(grey(ramp), torch.arange(256.0, dtype=torch.float64), atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_halves_round_up_and_the_rest_is_clipped(dtype):
    x = torch.tensor([-7.0, -0.5, 0.49, 0.5, 1.5, 2.5, 254.4, 254.5, 255.5, 999.0], dtype=dtype)
    assert to_uint8(x).tolist() == [0, 0, 0, 1, 2, 3, 254, 255, 255, 255]
    assert round_half_up(x).dtype == dtype
    assert round_half_up(x).tolist() == [0, 0, 0, 1, 2, 3, 254, 255, 255, 255]


def test_a_half_that_arithmetic_made_a_little_smaller_is_a_half():
    assert to_uint8(torch.tensor([0.5 - 1e-12], dtype=torch.float64)).item() == 1
    assert to_uint8(torch.tensor([0.5 - 1e-5], dtype=torch.float32)).item() == 1
    assert to_uint8(torch.tensor([0.49], dtype=torch.float64)).item() == 0


@settings(max_examples=50, deadline=None)
@given(st.floats(-10, 265))
def test_rounding_is_the_nearest_whole_number(value):
    expected = min(max(math.floor(value + 0.5 + 1e-9), 0), 255)
    assert to_uint8(torch.tensor([value], dtype=torch.float64)).item() == expected


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_levels_are_the_rounded_0_to_1(dtype):
    x = torch.tensor([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 7.0], dtype=dtype)
    assert levels(x).dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert levels(x).tolist() == [0, 0, 64, 128, 191, 255, 255]
    # Every level comes back, as does what float32 makes a little smaller than a half.
    whole = torch.arange(256, dtype=torch.float64)
    assert torch.equal(levels(whole / 255), whole)
    assert torch.equal(levels(((whole[:-1] + 0.5) / 255).float()).double(), whole[1:])


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.1, 1.1))
def test_levels_are_what_rounding_gives(value):
    x = torch.tensor([value], dtype=torch.float64)
    assert levels(x).item() == to_uint8(x * 255).item()


def test_rounding_does_not_change_its_input():
    x = torch.tensor([0.7, 300.0])
    to_uint8(x)
    levels(x)
    assert x.tolist() == [pytest.approx(0.7), 300.0]
