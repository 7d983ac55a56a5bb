"""Bootstrap intervals and paired tests against scipy's and by hand, and the cases with nothing to resample or test."""

import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, rankdata, wilcoxon

from srbench.results.statistics import holm, mean_interval, rank, signed_rank

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


@pytest.mark.parametrize("n", [2, 5, 14, 50, 51, 119])
def test_signed_rank_equals_scipy_row_by_row(n):
    rows = np.random.default_rng(n).normal(0.2, 1, (40, n))
    rows[3, 0] = 0  # equal on one image
    for p, row in zip(signed_rank(rows), rows, strict=True):
        kept = row[row != 0]
        assert p == pytest.approx(1.0 if len(kept) < 2 else wilcoxon(kept).pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [2, 5, 9, 13, 51, 119])
def test_signed_rank_with_ties_equals_scipy(n):
    # Up to 13 images scipy goes through all signs; beyond 50 it takes the normal approximation.
    rows = np.random.default_rng(n).integers(-3, 6, (4, n)).astype(float)
    if n > 50:
        rows[rows == 0] = 1
    for p, row in zip(signed_rank(rows), rows, strict=True):
        kept = row[row != 0]
        assert p == pytest.approx(1.0 if len(kept) < 2 else wilcoxon(kept).pvalue, abs=1e-12)


def by_all_signs(differences):
    """Twice the smaller share of the 2^n signs whose rank sum is as small, or as large, as that of ``differences``."""
    kept = differences[differences != 0]
    ranks = rankdata(np.abs(kept))
    sums = np.array([ranks[np.array(signs, bool)].sum() for signs in itertools.product((0, 1), repeat=len(kept))])
    observed = ranks[kept > 0].sum()
    return min(1.0, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=10))
def test_signed_rank_with_ties_and_zeros_counts_all_signs(values):
    differences = np.array(values, float)
    assert signed_rank(differences[None])[0] == pytest.approx(by_all_signs(differences), abs=1e-12)


@pytest.mark.parametrize("n", [14, 15])
def test_signed_rank_counts_all_signs_of_more_images_than_scipy_does(n):
    differences = np.random.default_rng(n).integers(-3, 5, n).astype(float)
    differences[differences == 0] = 1
    assert signed_rank(differences[None])[0] == pytest.approx(by_all_signs(differences), abs=1e-12)


def test_signed_rank_at_the_edge_of_the_exact_test():
    # All 50 images better by the same: one sign of 2^50 is as extreme on either side.
    assert signed_rank(np.ones((1, 50)))[0] == 2.0**-49
    row = np.r_[np.ones(50), 0.0]
    assert signed_rank(row[None])[0] == 2.0**-49  # images that differ are counted
    assert signed_rank(np.ones((1, 51)))[0] == pytest.approx(wilcoxon(np.ones(51)).pvalue, rel=1e-9)


def test_ranks_of_a_whole_table_with_ties_take_no_time():
    # Simulated opinions have few steps, so they tie: 24 methods on 13 images, ten metrics.
    opinions = np.random.default_rng(0).integers(20, 30, (10, 24, 13)) / 10 + np.linspace(0, 2, 24)[:, None]
    started = time.process_time()
    rankings = [rank(table) for table in opinions]
    assert time.process_time() - started < 3
    assert all(ranking.rank[-1] == 1 for ranking in rankings)


def test_signed_rank_where_there_is_nothing_to_test():
    assert signed_rank(np.zeros((2, 9))).tolist() == [1.0, 1.0]
    assert signed_rank(np.array([[3.0]])).tolist() == [1.0]
    assert signed_rank(np.array([[3.0, 0.0, 0.0]])).tolist() == [1.0]


def test_holm_by_hand():
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, each at least as large as the one before.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_two_methods_that_five_images_cannot_tell_apart_share_a_rank():
    # One better on every image, even by far: 2 of 2^5 signs are as extreme, p = 0.0625.
    assert rank(np.array([[30.0, 31, 32, 33, 34], [20.0, 22, 24, 26, 28]])).rank == (1, 1)
    tie = rank(np.array([[30.0, 31, 32, 33, 34], [30.1, 30.8, 32.2, 32.9, 34.1]]))
    assert (tie.rank, tie.tied) == ((1, 1), ((1,), (0,)))


def test_ten_images_tell_a_consistent_difference():
    base = np.linspace(25, 35, 10)
    step = np.linspace(0.1, 0.2, 10)
    ranking = rank(np.stack([base, base - step, np.full(10, math.nan)]))
    assert ranking.rank == (1, 2, None)
    assert ranking.tied == ((), (), ())
    assert rank(np.stack([base, base - step]), higher_is_better=False).rank == (2, 1)


def test_the_correction_makes_close_calls_ties():
    base = np.linspace(25, 35, 8)
    pair = np.stack([base, base - np.linspace(0.1, 0.2, 8)])
    assert rank(pair).rank == (1, 2)  # p = 2 / 2^8 = 0.0078
    # Among ten more methods of noise there are 66 pairs: 0.0078 x 66 is above 0.05.
    noise = base + np.random.default_rng(3).normal(0, 1, (10, 8))
    assert rank(np.vstack([pair, noise])).rank[:2] == (1, 1)


def test_a_pair_is_tested_on_the_images_that_both_have():
    base = np.linspace(25, 35, 12)
    other = base - np.linspace(0.1, 0.2, 12)
    other[:2] = math.nan
    assert rank(np.stack([base, other])).rank == (1, 2)
    other[:8] = math.nan
    assert rank(np.stack([base, other])).rank == (1, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(1, 12), st.integers(0, 1000))
def test_ranks_do_not_depend_on_the_order_of_methods(methods, images, seed):
    scores = np.random.default_rng(seed).normal(0, 1, (methods, images)) + np.arange(methods)[:, None] / 2
    ranks = rank(scores).rank
    assert min(ranks) == 1
    assert rank(scores[::-1]).rank == ranks[::-1]
