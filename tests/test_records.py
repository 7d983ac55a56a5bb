"""Statistics of timings."""

import math

import numpy as np
import pytest


def test_statistics_of_the_calls(record):
    found = record([1, 2, 3, 4, 5])
    assert (found.median, found.quartiles, found.mean) == (3, (2, 4), 3)
    assert found.p95 == pytest.approx(4.8)
    assert found.megapixels_per_second == pytest.approx(1 / 3)
    assert found.noisy
    assert not record([3.0, 3.1, 3.2]).noisy
    assert record([]).noisy
    assert math.isnan(record([]).median)


def test_without_warm_up_one_call_lifts_the_mean_and_not_the_median(record):
    # A published result file of an efficiency challenge: 1033.8 ms for the first of 200 images, 9.82 ms on average
    # for the others, a median of 10.8 ms.
    published = record([1033.8, *[9.82] * 99, *[10.8] * 100])
    assert published.mean / np.mean(published.seconds[1:]) > 1.4
    assert published.median == 10.8
