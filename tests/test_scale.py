"""Scales are exact fractions; only whole ones can be evaluated."""

from fractions import Fraction

import numpy as np
import pytest

from srbench.errors import SrbenchError
from srbench.scale import Scale, ScaleSet, checked


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("4", Fraction(4), "x4"),
        ("10", Fraction(10), "x10"),
        ("100", Fraction(100), "x100"),
        ("2.5", Fraction(5, 2), "x2.5"),
        ("2.50", Fraction(5, 2), "x2.5"),
        ("4.0", Fraction(4), "x4"),
        ("8/2", Fraction(4), "x4"),
        ("10/3", Fraction(10, 3), "x10/3"),
        ("1/8", Fraction(1, 8), "x0.125"),
    ],
)
def test_a_scale_is_what_is_written(text, value, shown):
    scale = Scale.parse(text)
    assert (scale.value, str(scale)) == (value, shown)
    assert scale == Scale(value)


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "1/0", "-2", "x4", "2,5", "1e3", "nan", "²", "٤", "2.", " 2", "9" * 5000]
)
def test_what_is_no_scale_is_refused(text):
    with pytest.raises(SrbenchError, match="is not a scale; give whole numbers"):
        Scale.parse(text)


def test_scales_compare_by_value():
    assert Scale.parse("10/3") > Scale.parse("3.3") > Scale.parse("3")
    assert len({Scale.parse("4"), Scale.parse("4.0"), Scale.parse("8/2")}) == 1


def test_a_set_keeps_the_order_and_no_doubles():
    assert ScaleSet.parse("4, 2,3,4,2.0").whole() == (4, 2, 3)
    assert str(ScaleSet.of((2, 3, 4))) == "x2, x3, x4"
    with pytest.raises(SrbenchError, match="no scale given"):
        ScaleSet.parse(" ,")


def test_one_that_is_not_whole_cannot_be_evaluated():
    with pytest.raises(SrbenchError, match=r"x2\.5 is no whole number, and other scales cannot be evaluated"):
        ScaleSet.parse("2,2.5").whole()


@pytest.mark.parametrize("text", ["257", "256.5", "1000000", "9" * 25, "100000/3"])
def test_scales_have_an_end(text):
    with pytest.raises(SrbenchError, match="more than the largest scale, 256"):
        Scale.parse(text)
    assert Scale.parse("256").whole() == 256


@pytest.mark.parametrize("scale", [0, -1, 257, 10**30, 2.5, 2.0, "2", None, [], True, float("nan"), np.float64(2)])
def test_a_number_that_is_no_scale_is_refused(scale):
    with pytest.raises(SrbenchError, match="is not a scale; give a whole number from 1 to 256"):
        checked(scale)


@pytest.mark.parametrize("scale", [1, 4, 256, np.int64(3), np.uint8(2)])
def test_whole_numbers_of_every_type_are_scales(scale):
    assert checked(scale) == int(scale)
    assert type(checked(scale)) is int
