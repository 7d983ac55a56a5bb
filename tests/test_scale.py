"""Scales are exact fractions of at least 1, stored as numbers that tell them apart."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.errors import SrbenchError
from srbench.scale import FINEST, LARGEST, Scale, ScaleRange, ScaleSet, checked, enlarged, exact, reduced


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
        ("1", Fraction(1), "x1"),
        ("1.001", Fraction(1001, 1000), "x1.001"),
    ],
)
def test_a_scale_is_what_is_written(text, value, shown):
    scale = Scale.parse(text)
    assert (scale.value, str(scale)) == (value, shown)
    assert scale == Scale(value)


@pytest.mark.parametrize("text", ["", "0", "0.0", "1/0", "-2", "x4", "2,5", "1e3", "nan", "²", "٤", "2.", " 2"])
def test_what_is_no_scale_is_refused(text):
    with pytest.raises(SrbenchError, match=r"is not a scale; give numbers of at least 1, for example 4, 2\.5 or 10/3"):
        Scale.parse(text)


def test_scales_compare_by_value():
    assert Scale.parse("10/3") > Scale.parse("3.3") > Scale.parse("3")
    assert len({Scale.parse("4"), Scale.parse("4.0"), Scale.parse("8/2")}) == 1


def test_a_set_keeps_the_order_and_no_doubles():
    assert ScaleSet.parse("4, 2,3,4,2.0").whole() == (4, 2, 3)
    assert str(ScaleSet.of((2, 3, 4))) == "x2, x3, x4"
    with pytest.raises(SrbenchError, match="no scale given"):
        ScaleSet.parse(" ,")


def test_one_that_is_not_whole_is_named_where_whole_ones_are_needed():
    with pytest.raises(SrbenchError, match=r"x2\.5 is no whole number; give whole numbers"):
        ScaleSet.parse("2,2.5").whole()
    numbers = ScaleSet.parse("2,2.5,4.0,10/3").numbers
    assert numbers == (2, 2.5, 4, 10 / 3)
    assert [type(number) for number in numbers] == [int, float, int, float]


@pytest.mark.parametrize("text", ["0.5", "1/8", "999/1000"])
def test_scales_below_1_are_refused(text):
    with pytest.raises(SrbenchError, match=f"'{text}' is a scale below 1, at which SR images"):
        Scale.parse(text)


@pytest.mark.parametrize("text", ["1.0001", "2.3333333", "1503/1001"])
def test_finer_fractions_are_refused(text):
    with pytest.raises(SrbenchError, match="is a fraction with a denominator of more than 1,000"):
        Scale.parse(text)
    assert Scale.parse("2002/1001").number == 2


@pytest.mark.parametrize("text", ["2.3333333333333333333333333", "1.5" + "0" * 25])
def test_digits_without_end_are_refused(text):
    with pytest.raises(SrbenchError, match="is not a scale"):
        Scale.parse(text)


FRACTIONS = st.integers(1, FINEST).flatmap(lambda q: st.integers(q, LARGEST * q).map(lambda p: Fraction(p, q)))


@given(FRACTIONS)
def test_a_number_gives_the_fraction_back(value):
    scale = Scale(value)
    assert exact(scale.number) == value
    assert Scale.parse(str(value)) == Scale.parse(str(scale)[1:]) == scale
    assert json.loads(json.dumps(scale.number)) == scale.number
    assert checked(scale.number) == scale.number
    assert isinstance(scale.number, int) == (value.denominator == 1)


@given(FRACTIONS, st.integers(1, 10_000))
def test_an_lr_image_has_the_size_of_which_the_hr_image_was_made(value, length):
    scale = Scale(value).number
    assert reduced(enlarged(length, scale), scale) == length
    assert abs(enlarged(length, scale) - length * value) <= Fraction(1, 2)


def test_ranges_of_cards():
    assert all(scale in ScaleRange() for scale in (1, 1.001, 2, 256))
    assert [scale in ScaleRange(2, 4) for scale in (1.9, 2, 3.3, 4, 4.1)] == [False, True, True, True, False]
    assert (str(ScaleRange()), str(ScaleRange(1, 4))) == ("every scale of at least x1", "x1 to x4")


@pytest.mark.parametrize("text", ["257", "256.5", "1000000", "9" * 20, "9" * 25, "9" * 5000, "100000/3"])
def test_scales_have_an_end(text):
    with pytest.raises(SrbenchError, match="more than the largest scale, 256"):
        Scale.parse(text)
    assert Scale.parse("256").whole() == 256


@pytest.mark.parametrize(
    "scale", [0, -1, 0.5, 257, 10**30, 10**400, "2", None, [], True, float("nan"), float("inf"), 1.00001, 2j]
)
def test_a_number_that_is_no_scale_is_refused(scale):
    with pytest.raises(SrbenchError, match="is not a scale; give a number from 1 to 256"):
        checked(scale)


@pytest.mark.parametrize("scale", [1, 4, 256, np.int64(3), np.uint8(2), 2.0, np.float64(4), Fraction(3)])
def test_whole_numbers_of_every_type_are_scales(scale):
    assert checked(scale) == int(scale)
    assert type(checked(scale)) is int


@pytest.mark.parametrize("scale", [2.5, 10 / 3, np.float64(1.5), Fraction(7, 3)])
def test_other_numbers_are_scales_as_floats(scale):
    assert checked(scale) == float(scale)
    assert type(checked(scale)) is float
