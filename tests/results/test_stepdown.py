"""Intervals against bisection with the test itself, and what the arithmetic costs."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench.results.signflips import LEVEL, AllPairs, Sample, differences

NEAR = 1e-4  # of the distance between the mean and the end of an interval


class ByHand:
    """The step-down test with every one of the 2^n assignments of signs, and its inversion by trying values."""

    def __init__(self, rows, weights):
        self.rows, self.weights = rows * weights, weights
        self.signs = np.array(list(itertools.product((1, -1), repeat=rows.shape[1])))
        statistics = np.stack([self.statistic(c, 0.0) for c in range(len(rows))])
        order = sorted(range(len(rows)), key=lambda c: -statistics[c][0])
        self.others = {}
        for k, c in enumerate(order):
            beside = statistics[order[k + 1 :]].max(axis=0, initial=0.0)
            if np.mean(np.maximum(statistics[c], beside) >= statistics[c][0] - 1e-9) > LEVEL:
                for kept in order[k:]:  # those that are not rejected are tested beside one another
                    left = [other for other in order[k:] if other != kept]
                    self.others[kept] = statistics[left].max(axis=0, initial=0.0)
                break
            self.others[c] = beside

    def statistic(self, c, theta):
        values = self.rows[c] - theta * self.weights
        deviation = math.sqrt((values**2).sum())
        return np.abs(self.signs @ values) / deviation if deviation else np.zeros(len(self.signs))

    def may_be(self, c, theta):
        own = self.statistic(c, theta)
        return np.mean(np.maximum(own, self.others[c]) >= own[0] - 1e-9) > LEVEL


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(3, 9), st.floats(-2, 2), st.integers(0, 1000))
def test_ends_are_where_the_test_begins_to_reject(comparisons, count, shift, seed):
    rows = np.random.default_rng(seed).normal(shift, 1, (comparisons, count))
    brute = ByHand(rows, np.full(count, 1 / count))
    for c, found in enumerate(differences(rows, Sample(("set14",) * count))):
        for end in (found.low, found.high):
            if math.isinf(end):
                assert brute.may_be(c, found.mean + math.copysign(1e6, end))
            else:
                assert brute.may_be(c, end - NEAR * (end - found.mean))
                assert not brute.may_be(c, end + NEAR * (end - found.mean))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(3, 6), st.floats(-2, 2), st.integers(0, 1000))
def test_what_lies_outside_is_rejected_where_images_weigh_differently(comparisons, few, many, shift, seed):
    rows = np.random.default_rng(seed).normal(shift, 1, (comparisons, few + many))
    brute = ByHand(rows, np.array([0.5 / few] * few + [0.5 / many] * many))
    for c, found in enumerate(differences(rows, Sample(("set5",) * few + ("set14",) * many))):
        for end in (found.low, found.high):
            if math.isfinite(end):
                assert not brute.may_be(c, end + NEAR * (end - found.mean))


def test_ends_are_where_the_test_begins_to_reject_with_two_datasets_of_usual_sizes():
    rows = np.random.default_rng(1).normal(0.5, 1, (4, 11))
    brute = ByHand(rows, np.array([0.1] * 5 + [0.5 / 6] * 6))
    for c, found in enumerate(differences(rows, Sample(("set5",) * 5 + ("set14",) * 6))):
        for end in (found.low, found.high):
            assert brute.may_be(c, end - NEAR * (end - found.mean))
            assert not brute.may_be(c, end + NEAR * (end - found.mean))


def test_pairs_of_methods_are_the_rows_of_their_differences():
    values = np.random.default_rng(3).normal(0, 1, (5, 9)) + np.arange(5)[:, None]
    sample = Sample(("set5",) * 4 + ("set14",) * 5)
    pairs = list(itertools.combinations(range(5), 2))
    expected = differences(np.stack([values[a] - values[b] for a, b in pairs]), sample)
    together = AllPairs(values, sample)
    for (a, b), row in zip(pairs, expected, strict=True):
        found = together.difference(a, b)
        assert (found.mean, found.low, found.high) == pytest.approx((row.mean, row.low, row.high), rel=1e-5)
        assert (found.p, found.images) == (pytest.approx(row.p), 9)
        assert together.certain(b, a) == row.certain()


def test_all_pairs_of_a_hundred_methods_need_little_memory_and_agree_on_what_is_certain():
    rng = np.random.default_rng(2)
    values = rng.normal(28, 3, 100) + rng.normal(0, 0.3, (100, 100)) + np.linspace(1, 0, 100)[:, None]
    together = AllPairs(values, Sample(("bsd100",) * 100))
    tracemalloc.start()
    found = [together.difference(a, b) for a, b in itertools.combinations(range(100), 2)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(row.certain() == (row.low > 0 or row.high < 0) for row in found)
    assert peak < 100e6
