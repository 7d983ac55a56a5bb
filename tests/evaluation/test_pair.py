"""Pairs: what methods are fed of a given LR image under every protocol, and what of the HR image is measured."""

import numpy as np
import pytest
import torch

from srbench import degradation, protocol
from srbench.errors import ImageError
from srbench.evaluation import GivenExample, HrImage
from srbench.imaging.color import luma, round_half_up

GIVEN = degradation.get("given")


def example(hr, lr, rules, scale=4):
    return GivenExample(HrImage(hr, protocol.get(rules)), scale, GIVEN, lr)


@pytest.fixture
def pair(make_picture):
    return make_picture(41, 50, 0), make_picture(10, 12, 1)


@pytest.mark.parametrize("rules", ["basicsr", "classic", "matlab-rgb"])
def test_the_lr_image_is_uint8_rgb_under_every_protocol(pair, rules):
    own = example(*pair, rules)
    assert torch.equal(own.lr_pixels.to(torch.float64), torch.from_numpy(pair[1]).permute(2, 0, 1).to(torch.float64))
    assert (own.lr_pixels.dtype == torch.uint8) is own.protocol.lr_rounded


def test_luma_is_rounded_where_the_protocol_rounds_y(pair):
    y = luma(torch.from_numpy(pair[1]).permute(2, 0, 1))
    assert torch.equal(example(*pair, "classic").lr_luma, round_half_up(y))
    assert torch.equal(example(*pair, "matlab-rgb").lr_luma, y)


@pytest.mark.parametrize("stored_as", ["grey", "RGB"])
def test_of_an_hr_image_that_is_read_as_grey_so_is_the_lr_image(make_picture, stored_as):
    low = make_picture(10, 10, 1, channels=1)
    given = low if stored_as == "grey" else np.stack([low] * 3, axis=-1)
    own = example(make_picture(40, 40, 0, channels=1), given, "classic")
    assert torch.equal(own.lr_luma, torch.from_numpy(low).to(torch.float64))


@pytest.mark.parametrize(
    ("scale", "lr", "hr"), [(4, (10, 12), (40, 48)), (2.5, (16, 20), (40, 50)), (1, (41, 50), (41, 50))]
)
def test_the_hr_image_is_cut_to_what_the_lr_image_explains(make_picture, scale, lr, hr):
    whole = make_picture(41, 50, 0)
    own = example(whole, make_picture(*lr, 1), "basicsr", scale)
    assert torch.equal(own.hr, torch.from_numpy(whole[: hr[0], : hr[1]]).permute(2, 0, 1))


def test_an_lr_image_of_a_larger_hr_image_is_an_error(make_picture):
    with pytest.raises(ImageError, match="an LR image of 13x10 is that of 52x40 at x4, and the HR image has 50x41"):
        example(make_picture(41, 50, 0), make_picture(10, 13, 1), "basicsr")
