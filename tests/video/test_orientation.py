"""Display matrices, against a pixel that is followed by hand."""

import struct
from fractions import Fraction

import numpy as np
import pytest

from srbench.video.orientation import Orientation

ONE = 1 << 16
MATRICES = [(a, 0, 0, d) for a in (ONE, -ONE) for d in (ONE, -ONE)]
MATRICES += [(0, b, c, 0) for b in (ONE, -ONE) for c in (ONE, -ONE)]


def matrix(a, b, c, d):
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("numbers", MATRICES)
def test_each_pixel_goes_where_the_matrix_says(numbers):
    a, b, c, d = (number // ONE for number in numbers)
    height, width = 3, 5
    stored = np.arange(height * width).reshape(height, width).astype(np.uint8)
    places = {(x, y): (a * x + c * y, b * x + d * y) for x in range(width) for y in range(height)}
    left, top = (min(place[axis] for place in places.values()) for axis in (0, 1))
    orientation = Orientation.of(matrix(*numbers))
    shown = orientation.upright(stored)
    assert shown.shape == orientation.size(height, width)
    for (x, y), (right, down) in places.items():
        assert shown[down - top, right - left] == stored[y, x]


def test_upright_frames_have_no_orientation():
    assert not Orientation.of(matrix(ONE, 0, 0, ONE))
    assert Orientation.of(matrix(-ONE, 0, 0, -ONE))


def test_pixels_that_are_wide_become_high():
    assert Orientation.of(matrix(0, ONE, -ONE, 0)).aspect(Fraction(4, 3)) == Fraction(3, 4)
    assert Orientation.of(matrix(-ONE, 0, 0, -ONE)).aspect(Fraction(4, 3)) == Fraction(4, 3)


def test_an_angle_that_is_no_quarter_is_not_taken_for_one():
    assert Orientation.of(matrix(46341, 46341, -46341, 46341)) is None  # 45 degrees
