"""Sign flips against brute force and scipy, their error rates, and the cases in which nothing can be told."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from srbench.results.signflips import AllPairs, Difference, Sample, differences, standings


def images(count, dataset="set14"):
    return Sample((dataset,) * count)


def statistic(signs, row):
    return abs(np.dot(signs, row)) / math.sqrt(np.dot(row, row)) if row.any() else 0.0


def by_hand(rows):
    """Adjusted p-values: step by step, each set of signs in turn."""
    seen = [statistic(np.ones(rows.shape[1]), row) for row in rows]
    left = sorted(range(len(rows)), key=lambda c: -seen[c])
    p, before = np.empty(len(rows)), 0.0
    while left:
        at_least = [
            max(statistic(np.array(signs), rows[c]) for c in left) >= seen[left[0]] - 1e-9
            for signs in itertools.product((1, -1), repeat=rows.shape[1])
        ]
        before = max(before, float(np.mean(at_least)))
        p[left.pop(0)] = before
    return p


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(2, 6), st.integers(0, 1000))
def test_adjusted_p_values_equal_brute_force(comparisons, count, seed):
    rows = np.random.default_rng(seed).normal(0.5, 1, (comparisons, count))
    found = [row.p for row in differences(rows, images(count))]
    assert found == pytest.approx(by_hand(rows), abs=1e-12)


@pytest.mark.parametrize("count", [2, 5, 9, 12])
def test_one_comparison_is_scipys_paired_permutation_test(count):
    row = np.random.default_rng(count).normal(0.4, 1, count)
    expected = permutation_test(
        (row, np.zeros(count)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
    )
    [found] = differences(row[None], images(count))
    assert found.p == pytest.approx(expected.pvalue, abs=1e-12)
    assert found.mean == pytest.approx(row.mean())


def test_many_images_draw_signs_and_agree_with_a_t_test():
    row = np.random.default_rng(4).normal(0.2, 1, 100)
    [found] = differences(row[None], images(100))
    t = row.mean() / (row.std(ddof=1) / 10)
    assert found.p == pytest.approx(math.erfc(abs(t) / math.sqrt(2)), abs=0.01)
    half = 1.96 * row.std(ddof=1) / 10
    assert (found.low, found.high) == pytest.approx((row.mean() - half, row.mean() + half), abs=0.02)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(2, 9), st.floats(-1, 1), st.integers(0, 1000), st.booleans())
def test_certain_and_an_interval_without_zero_are_one_thing(comparisons, count, shift, seed, coarse):
    rows = np.random.default_rng(seed).normal(shift, 1, (comparisons, count))
    if coarse:  # ties and zeros, as means of whole ratings have them
        rows = rows.round()
    for row in differences(rows, images(count)):
        assert row.low <= row.mean <= row.high
        assert row.certain() == (row.low > 0 or row.high < 0)


@pytest.mark.parametrize("count", [6, 13, 40])
def test_an_interval_holds_what_its_own_test_does_not_reject(count):
    row = np.random.default_rng(count).normal(1, 1, count)
    [found] = differences(row[None], images(count))
    width = found.high - found.low
    for theta, inside in ((found.low, 1), (found.high, -1)):
        [kept] = differences(row[None] - theta - inside * 0.01 * width, images(count))
        [rejected] = differences(row[None] - theta + inside * 0.01 * width, images(count))
        assert kept.p > 0.05 >= rejected.p


def test_an_interval_moves_and_scales_with_the_values():
    row = np.random.default_rng(3).normal(1, 1, (1, 11))
    [one] = differences(row, images(11))
    [other] = differences(-2 * row, images(11))
    assert (other.low, other.high) == pytest.approx((-2 * one.high, -2 * one.low), abs=1e-9)


def test_the_same_difference_on_every_image_has_an_interval_of_no_width():
    [row] = differences(np.full((1, 8), 0.25), images(8))
    assert (row.mean, row.low, row.high) == pytest.approx((0.25,) * 3, abs=1e-9)
    assert row.certain()


def test_equal_methods_do_not_differ():
    [row] = differences(np.zeros((1, 8)), images(8))
    assert (row.mean, row.p) == (0.0, 1.0)
    assert row.low <= 0 <= row.high


def test_five_images_tell_nothing():
    sample = images(5, "set5")
    assert not sample.can_tell()
    assert sample.can_tell(level=0.0625)
    assert images(6).can_tell()
    [row] = differences(np.array([[3.0, 2.0, 4.0, 3.0, 2.0]]), sample)
    assert row.p == 0.0625
    assert (row.low, row.high) == (-math.inf, math.inf)
    methods = np.arange(15.0).reshape(3, 5)
    assert [(s.first, s.last, s.may_be_best) for s in standings(methods, sample)] == [(1, 3, True)] * 3


def test_more_methods_do_not_hide_a_winner():
    rng = np.random.default_rng(1)
    hard = rng.normal(28, 3, 8)
    two = np.stack([hard + 1 + rng.normal(0, 0.1, 8), hard])
    crowd = np.concatenate([two, hard + rng.normal(-1, 0.1, (30, 8))])
    assert str(standings(two, images(8))[0]) == "1"
    assert str(standings(crowd, images(8))[0]) == "1"
    assert [s.may_be_best for s in standings(crowd, images(8))] == [True] + [False] * 31


def test_ranks_count_those_that_are_certainly_better_and_worse():
    rng = np.random.default_rng(2)
    hard = rng.normal(28, 3, 20)
    levels = np.array([3.0, 2.0, 2.0, 0.0])[:, None]
    found = standings(hard + levels + rng.normal(0, 0.05, (4, 20)), images(20))
    assert [str(standing) for standing in found] == ["1", "2-3", "2-3", "4"]
    assert [standing.may_be_best for standing in found] == [True, False, False, False]


def test_who_may_be_the_best_is_what_every_flip_says():
    rng = np.random.default_rng(5)
    count = 9
    hard = rng.normal(28, 3, count)
    values = hard + rng.normal(0, 0.3, (16, count)) + np.linspace(0, 1, 16)[:, None]
    signs = np.array(list(itertools.product((1, -1), repeat=count)))
    expected = []
    for own in values:
        ahead = np.array([signs @ row / math.sqrt(row @ row) for row in values - own if row.any()]).max(axis=0)
        expected.append(bool(np.mean(ahead >= ahead[0] - 1e-9) > 0.05))
    assert 1 < sum(expected) < 16
    assert [standing.may_be_best for standing in standings(values, images(count))] == expected


def test_one_method_is_first():
    assert [str(s) for s in standings(np.ones((1, 8)), images(8))] == ["1"]
    assert standings(np.empty((0, 8)), images(8)) == []


def test_means_are_over_datasets():
    row = np.array([[1.0] * 9 + [3.0]])
    [found] = differences(row, Sample(("set14",) * 9 + ("set5",)))
    assert found.mean == pytest.approx(2.0)


def test_images_that_a_comparison_lacks_do_not_count():
    rng = np.random.default_rng(5)
    whole = rng.normal(0.5, 1, 9)
    rows = np.stack([whole, np.r_[whole[:7], np.nan, np.nan], np.full(9, np.nan)])
    alone = differences(whole[None, :7], images(7))[0]
    _, part, nothing = differences(rows, images(9))
    assert part.mean == pytest.approx(alone.mean)
    assert part.images == 7
    assert nothing.images == 0
    assert math.isnan(nothing.p)
    assert differences(rows[1:2], images(9))[0] == replace(alone, **_numbers(alone, rows[1:2]))


def _numbers(alone: Difference, rows):
    """The same up to rounding: signs of images that are not there double the number of flips."""
    [found] = differences(rows, images(9))
    for name in ("mean", "low", "high", "p"):
        assert getattr(found, name) == pytest.approx(getattr(alone, name), abs=1e-9)
    return {name: getattr(found, name) for name in ("mean", "low", "high", "p")}


def test_frames_of_a_clip_are_one_block():
    clips = np.random.default_rng(6).normal(0.5, 1, 8)
    frames = np.repeat(clips, 3)[None]
    blocks = tuple(f"clip {n // 3}" for n in range(24))
    [alone] = differences(clips[None], images(8))
    [found] = differences(frames, Sample(("vid4",) * 24, blocks))
    assert (found.p, found.low, found.high) == pytest.approx((alone.p, alone.low, alone.high), abs=1e-9)
    assert Sample(("vid4",) * 24, blocks).independent == 8
    with pytest.raises(ValueError, match="2 blocks for 24 images"):
        Sample(("vid4",) * 24, ("a", "b"))


@pytest.mark.slow
@pytest.mark.parametrize(("count", "draws"), [(8, 200), (20, 60)])
def test_equal_methods_are_rarely_told_apart(count, draws):
    # 24 equal methods on images that are hard for all; more draws: docs/scripts/simulate_tests.py.
    rng = np.random.default_rng(count)
    wrong = lost = 0
    for _ in range(draws):
        values = rng.normal(28, 3, count) + rng.normal(0, 0.3, (24, count))
        found = standings(values, images(count))
        wrong += any(standing.first > 1 for standing in found)
        lost += not found[0].may_be_best
    # 5% of 200 are 10, of 60 are 3; by chance more than 20, and more than 9, happen once in a thousand.
    allowed = {200: 20, 60: 9}[draws]
    assert wrong <= allowed
    assert lost <= allowed


def slowly_changing(rng, clips, frames, memory=0.95):
    """(clips x frames,) differences of two equal methods: each clip has its own level, and frames go with the one
    before."""
    found = np.empty((clips, frames))
    found[:, 0] = rng.normal(0, 1, clips)
    for t in range(1, frames):
        found[:, t] = memory * found[:, t - 1] + rng.normal(0, math.sqrt(1 - memory**2), clips)
    return found.ravel()


def frames_of(clips, frames, dataset="vid4"):
    return [(dataset, f"c{clip}/{t}") for clip in range(clips) for t in range(frames)]


def test_equal_methods_on_clips_are_rarely_told_apart():
    rng = np.random.default_rng(0)
    named = frames_of(8, 30)
    draws, wrong, as_if_independent = 200, 0, 0
    for _ in range(draws):
        values = slowly_changing(rng, 8, 30)[None]
        wrong += differences(values, Sample.of(named))[0].certain()
        as_if_independent += abs(values.mean()) > 1.96 * values.std() / math.sqrt(values.size)
    assert wrong <= 20  # 5% of 200 are 10; by chance more than 20 happen once in a thousand
    assert as_if_independent > 60


@pytest.mark.parametrize("clips", [1, 2, 4, 5])
def test_too_few_clips_give_no_p_value(clips):
    rng = np.random.default_rng(clips)
    values = rng.normal(5, 0.1, (1, clips * 30))
    sample = Sample.of(frames_of(clips, 30))
    [found] = differences(values, sample)
    assert sample.too_few_clips
    assert (sample.independent, sample.can_tell()) == (clips, False)
    assert math.isnan(found.p)
    assert not found.certain()
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert found.mean == pytest.approx(values.mean())
    pair = AllPairs(np.concatenate([values, np.zeros_like(values)]), sample)
    assert math.isnan(pair.difference(0, 1).p)
    assert not pair.certain(0, 1)
    assert [str(own) for own in pair.standings] == ["1-2", "1-2"]


def test_six_clips_and_clips_beside_images_can_tell():
    sample = Sample.of(frames_of(6, 10))
    assert not sample.too_few_clips
    assert differences(np.full((1, 60), 0.3), sample)[0].p == 2 / 2**6
    mixed = Sample.of([*[("set5", f"i{i}") for i in range(5)], *frames_of(2, 10)])
    assert mixed.independent == 7
    assert mixed.can_tell()


def test_a_clip_counts_once_however_long_it_is():
    named = [("vid4", "long/0"), ("vid4", "long/1"), ("vid4", "long/2"), ("vid4", "short/0"), ("set5", "baby")]
    [found] = differences(np.array([[1.0, 2.0, 3.0, 8.0, 9.0]]), Sample.of(named))
    assert found.mean == pytest.approx(((2 + 8) / 2 + 9) / 2)
    [lacking] = differences(np.array([[math.nan, 2.0, 4.0, math.nan, 9.0]]), Sample.of(named))
    assert lacking.mean == pytest.approx((3 + 9) / 2)


def test_rows_with_too_few_clips_beside_rows_that_can_tell():
    named = [*[("set14", f"i{i}") for i in range(8)], *frames_of(2, 4)]
    values = np.full((2, 16), 0.5)
    values[0, 8:] = math.nan
    values[1, :8] = math.nan
    stills, of_clips = differences(values, Sample.of(named))
    assert stills.certain()
    assert math.isnan(of_clips.p)


def test_still_images_are_no_clips():
    assert Sample.of([("set5", "a"), ("set5", "b")]) == Sample(("set5", "set5"))
    with pytest.raises(ValueError, match="1 clips for 2 images"):
        Sample(("a", "b"), ("x", "y"), (True,))
