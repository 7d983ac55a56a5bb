"""Registration: shifts that are known are found, to some thousandths of a pixel, and places that do not fit too."""

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.degradation import get
from srbench.degradation.moves import moved
from srbench.errors import ImageError
from srbench.imaging.color import luma
from srbench.imaging.registration import agreement, shift_between

SHIFTS = [(0.5, 0.0), (0.0, -0.5), (0.25, 0.75), (-0.9, 0.3), (3.4, -2.7)]  # LR pixels


def hr_of(name="butterfly"):
    (image,) = [image for image in dataset.find("set5").images if image.name == name]
    return luma(torch.from_numpy(image.read().copy()).permute(2, 0, 1)).double()


def frames_of(hr, shift, chain="down", noise=0.0):
    """Target and moved frame, in [0, 1], of an HR image at x2."""
    made = get(chain)
    both = torch.stack([made(hr, 2), made(moved(hr, (2 * shift[0], 2 * shift[1])), 2)]) / 255
    return both + noise / 255 * torch.randn(both.shape, generator=torch.Generator().manual_seed(0))


def error_of(frames, shift):
    return float(np.abs(np.subtract(shift_between(*frames), shift)).max())


# In pixels, at most; about twice what was measured on these images: 0.002, 0.04, 0.03.
@pytest.mark.data("set5")
@pytest.mark.parametrize(
    ("chain", "noise", "most"), [("down", 0, 0.004), ("down:nearest:first", 0, 0.08), ("down", 10, 0.06)]
)
@pytest.mark.parametrize("shift", SHIFTS)
def test_known_shifts_are_found(shift, chain, noise, most):
    for name in ("butterfly", "head"):
        assert error_of(frames_of(hr_of(name), shift, chain, noise), shift) < most


@pytest.mark.data("set5")
def test_the_frame_moves_and_the_target_stays():
    hr = hr_of() / 255
    assert shift_between(hr, moved(hr, (3.0, -5.0))) == pytest.approx((3.0, -5.0), abs=1e-3)
    assert shift_between(hr, hr) == (0.0, 0.0)


@pytest.mark.data("set5")
def test_brightness_alone_is_no_shift_and_channels_are_averaged():
    grey = frames_of(hr_of(), (0.5, 0.25))
    rgb = grey[:, None].repeat(1, 3, 1, 1)
    assert shift_between(*rgb) == pytest.approx(shift_between(*grey), abs=1e-6)
    assert shift_between(*rgb.float()) == pytest.approx(shift_between(*grey), abs=1e-3)
    assert shift_between(grey[0], grey[1] + 0.1) == pytest.approx((0.5, 0.25), abs=0.02)


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_flat_images_have_no_shift(value):
    flat = torch.full((20, 24), value)
    assert shift_between(flat, flat) == (0.0, 0.0)
    assert shift_between(flat, flat + 0.2) == (0.0, 0.0)
    assert float(agreement(flat, flat, (0.0, 0.0)).min()) == 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 7), (8, 8), (8, 40)])
def test_tiny_images(size):
    image = torch.rand(size, generator=torch.Generator().manual_seed(1))
    other = torch.rand(size, generator=torch.Generator().manual_seed(2))
    for frame in (image, other):
        assert np.isfinite(shift_between(image, frame)).all()
        assert tuple(agreement(image, frame, (0.0, 0.0)).shape) == size
    assert shift_between(image, image) == (0.0, 0.0)
    if min(size) < 8:
        assert shift_between(image, other) == (0.0, 0.0)


def test_along_stripes_nothing_is_moved():
    stripes = torch.sin(torch.arange(64) * 0.4)[:, None].expand(64, 64)
    dy, dx = shift_between(stripes, torch.sin((torch.arange(64) - 0.6) * 0.4)[:, None].expand(64, 64))
    assert (dy, dx) == (pytest.approx(0.6, abs=0.03), pytest.approx(0.0, abs=1e-6))


# Measured: at least 0.93 of the frame agrees where the shift is right, aliased and noisy or not.
@pytest.mark.data("set5")
@pytest.mark.parametrize(("chain", "noise"), [("down", 0), ("down:nearest:first", 0), ("down", 10), ("down", 40)])
def test_frames_that_fit_agree(chain, noise):
    for name in ("butterfly", "head"):
        frames = frames_of(hr_of(name), (0.5, 0.5), chain, noise)
        there = agreement(*frames, shift_between(*frames))
        assert 0.9 < float(there.mean()) <= 1
        assert float(there.min()) >= 0


@pytest.mark.data("set5")
def test_a_part_that_moves_by_itself_does_not_agree_and_the_rest_does():
    hr = hr_of()
    target, frame = frames_of(hr, (0.5, 0.5))
    frame[30:70, 30:70] = frames_of(hr, (3.5, 0.5))[1, 30:70, 30:70]
    there = agreement(target, frame, shift_between(target, frame))
    assert float(there[40:60, 40:60].mean()) < 0.15
    assert float(there[90:].mean()) > 0.95


@pytest.mark.data("set5")
def test_a_wrong_shift_does_not_agree():
    target, frame = frames_of(hr_of(), (0.5, 0.5))
    shares = [float(agreement(target, frame, (0.5 + wrong, 0.5)).mean()) for wrong in (0.0, 0.2, 0.5, 1.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[2] < 0.3


def test_frames_of_two_sizes_are_refused():
    for compare in (shift_between, lambda *frames: agreement(*frames, (0.0, 0.0))):
        with pytest.raises(ImageError, match=r"\(8, 9\) and \(9, 8\)"):
            compare(torch.zeros(8, 9), torch.zeros(9, 8))
