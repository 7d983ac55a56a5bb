"""What another frame says beyond the target, laid down on the HR grid."""

import pytest
import torch

from srbench.imaging.flow import lucas_kanade
from srbench.imaging.subpixel import laid_down


def waves(dy, dx):
    """(1, 1, 40, 44) of waves that are not aliased, seen from (dy, dx): 0.8 between their highest and lowest values."""
    y, x = torch.meshgrid(torch.arange(40.0) + dy, torch.arange(44.0) + dx, indexing="ij")
    return (0.5 + 0.1 * (torch.sin(y / 2) + torch.cos(x / 3) + torch.sin((x - y) / 4) + torch.cos((x + y) / 5)))[
        None, None
    ]


def moved(dy, dx):
    """The flow from :func:`waves` seen from (dy, dx) to those seen from (0, 0)."""
    return torch.tensor([dy, dx]).view(1, 2, 1, 1).expand(1, 2, 40, 44)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_equal_frame_says_nothing_new_at_the_middle_of_each_pixel(scale):
    errors, shares = laid_down(waves(0, 0), waves(0, 0), moved(0.0, 0.0), scale)
    assert errors.shape == shares.shape == (1, scale**2, 40, 44)
    assert errors.abs().max() < 1e-5
    middle = torch.zeros(scale, scale)
    if scale % 2:
        middle[1, 1] = 1
    else:  # the centre of an LR pixel lies between four HR pixels
        middle[scale // 2 - 1 : scale // 2 + 1, scale // 2 - 1 : scale // 2 + 1] = 0.25
    assert torch.allclose(shares, middle.view(1, -1, 1, 1).expand_as(shares), atol=1e-5)


@pytest.mark.parametrize("shift", [(0.25, 0.0), (0.0, -0.5), (1.25, 0.75), (-2.1, 0.3)])
def test_samples_lie_where_they_were_taken(shift):
    errors, shares = laid_down(waves(0, 0), waves(*shift), moved(*shift), 4)
    inner = (..., slice(8, -8), slice(8, -8))
    assert errors[inner].abs().max() < 0.005  # frames of the same scene agree
    fine = torch.nn.functional.pixel_shuffle(shares, 4)[0, 0, 32:-32, 32:-32]
    assert fine.mean() == pytest.approx(1 / 16)
    for axis, distance in enumerate(shift):  # where between four HR pixels, as an angle
        line = fine.sum(1 - axis)
        angle = torch.angle((line * 1j ** torch.arange(len(line))).sum()).item() * 2 / torch.pi
        assert (angle - 1.5 - 4 * distance + 2) % 4 - 2 == pytest.approx(0, abs=0.05)  # shares are of whole pixels


def test_what_differs_is_told_at_its_place():
    other = waves(0.5, 0.0)
    other[0, 0, 20, 30] += 0.2
    errors, _ = laid_down(waves(0, 0), other, moved(0.5, 0.0), 4)
    fine = torch.nn.functional.pixel_shuffle(errors, 4)[0, 0]
    assert fine[60:100, 100:140].sum() == pytest.approx(0.2, abs=0.05)
    rows, columns = (fine > 0.04).nonzero().T
    # Pixel 20 lies half a pixel below row 20 of the target: HR row (20.5 + 0.5) * 4 - 0.5 = 83.5, column 121.5.
    assert rows.tolist() == [83, 83, 84, 84]
    assert columns.tolist() == [121, 122, 121, 122]


def test_what_lies_outside_the_image_is_left_out():
    _, shares = laid_down(waves(0, 0), waves(0, 0), moved(100.0, 0.0), 4)
    assert torch.count_nonzero(shares) == 0


def test_a_flow_that_is_nearly_right_is_refined():
    other, target = waves(0.6, -0.3), waves(0, 0)
    begun = moved(0.9, 0.1)
    found = lucas_kanade(other, target, start=begun)[..., 8:-8, 8:-8]
    assert (found - moved(0.6, -0.3)[..., 8:-8, 8:-8]).abs().median() < 0.06
    assert torch.equal(lucas_kanade(other, target, iterations=0, start=begun), begun)
