"""Bootstrap intervals against scipy's, and the cases with nothing to resample."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from srbench.results.statistics import mean_interval

values = st.lists(st.floats(5, 60), min_size=2, max_size=30).map(np.array)


@pytest.mark.parametrize("n", [5, 14, 100])
def test_equals_scipy(n):
    sample = np.random.default_rng(n).normal(29, 3, n)
    result = bootstrap((sample,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1))
    mean, low, high = mean_interval(sample)
    assert mean == pytest.approx(sample.mean(), abs=1e-12)
    tolerance = 0.05 * (high - low)
    assert low == pytest.approx(result.confidence_interval.low, abs=tolerance)
    assert high == pytest.approx(result.confidence_interval.high, abs=tolerance)


def test_one_image_has_a_mean_but_no_interval():
    mean, low, high = mean_interval(np.array([31.5]))
    assert mean == 31.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_no_image_has_nothing():
    assert all(math.isnan(value) for value in mean_interval(np.array([])))


@pytest.mark.parametrize("value", [28.0, 0.1 + 0.2, 1e-9])
def test_a_constant_has_an_interval_of_no_width(value):
    mean, low, high = mean_interval(np.full(7, value))
    assert (mean, low, high) == pytest.approx((value,) * 3, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(values)
def test_the_interval_holds_the_mean_and_stays_within_the_values(sample):
    mean, low, high = mean_interval(sample)
    slack = 1e-9
    assert sample.min() - slack <= low <= mean + slack
    assert mean - slack <= high <= sample.max() + slack


@settings(max_examples=10, deadline=None)
@given(values)
def test_it_repeats_exactly(sample):
    assert mean_interval(sample) == mean_interval(sample.copy())


@settings(max_examples=10, deadline=None)
@given(values, st.floats(-5, 5))
def test_it_moves_with_the_values(sample, shift):
    moved = [value + shift for value in mean_interval(sample)]
    assert mean_interval(sample + shift) == pytest.approx(moved, abs=1e-9)


def test_more_confidence_is_wider():
    sample = np.random.default_rng(0).normal(29, 3, 20)
    _, low95, high95 = mean_interval(sample)
    _, low50, high50 = mean_interval(sample, confidence=0.5)
    assert low95 < low50 < high50 < high95
