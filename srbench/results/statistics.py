"""Means over images with bootstrap intervals; which methods paired tests can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
_SEED = 20_061_994
_BLOCK = 2000  # resamples at once
_MEANS = 64  # means whose intervals are computed at once
_AT_ONCE = 1 << 20  # differences that are tested at once, so that memory does not grow with the number of pairs


@lru_cache(maxsize=32)
def _draws(n: int) -> NDArray[np.uint8]:
    """(RESAMPLES, n): how often each of n images is drawn in each resample. One fixed seed, so that an interval
    repeats exactly, and methods are resampled on the same images. That an image is drawn 256 times is less likely than
    1e-500."""
    rng = np.random.default_rng(_SEED)
    share = np.full(n, 1 / n)
    # In blocks, which give the same numbers: one that holds all takes eight times the memory of the result.
    return np.concatenate([rng.multinomial(n, share, size=_BLOCK).astype(np.uint8) for _ in range(RESAMPLES // _BLOCK)])


def mean_interval(values: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean over images and its percentile bootstrap interval (Efron 1979): (mean, low, high).

    Args:
        values: (n,) finite.

    With a single image there is nothing to resample: low and high are NaN. Without any, all three are.

    >>> mean_interval(np.array([28.0, 28.0, 28.0]))
    (28.0, 28.0, 28.0)
    """
    return mean_intervals([values], confidence)[0]


def mean_intervals(rows: Sequence[NDArray[np.float64]], confidence: float = 0.95) -> list[tuple[float, float, float]]:
    """As :func:`mean_interval`, of many at once, in less time."""
    found = [(float(np.mean(values)) if len(values) else float("nan"), float("nan"), float("nan")) for values in rows]
    by_size: dict[int, list[int]] = {}
    for i, values in enumerate(rows):
        if len(values) > 1:
            by_size.setdefault(len(values), []).append(i)
    tail = (1 - confidence) / 2
    for members in by_size.values():
        for block in (members[i : i + _MEANS] for i in range(0, len(members), _MEANS)):
            means = np.array([found[i][0] for i in block])
            # Centred first: a constant then has an interval of exactly zero width.
            centred = np.stack([rows[i] for i in block]) - means[:, None]
            low, high = means + np.quantile(_resampled(centred), [tail, 1 - tail], axis=1)
            for i, *ends in zip(block, low.tolist(), high.tolist(), strict=True):
                found[i] = (found[i][0], ends[0], ends[1])
    return found


def _resampled(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, RESAMPLES) means of resamples of values (k, n)."""
    n = centred.shape[1]
    draws = _draws(n)
    blocks = (draws[i : i + _BLOCK].astype(np.float64) / n for i in range(0, RESAMPLES, _BLOCK))
    return np.concatenate([centred @ block.T for block in blocks], axis=1)


EXACT = 50  # images up to which a signed-rank test is exact, as in scipy


def signed_rank(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p-values of Wilcoxon's signed-rank test (Wilcoxon 1945), one per row.

    Args:
        differences: (tests, images) finite; images where two methods are equal are zero and say nothing.

    Images whose differences are equally large share the mean of their ranks. Up to EXACT images that differ, the
    p-value is exact, with ties too: twice the smaller tail of the rank sum over all 2^n signs. Beyond, it is the normal
    approximation with the variance of the tied ranks. A row of zeros, and a single image, have p = 1.
    With n images no p-value is below 2 / 2^n: 0.0625 on the five images of Set5.

    >>> signed_rank(np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 0.0, 0.0, 0.0]])).tolist()
    [0.0625, 1.0]
    """
    from scipy.special import ndtr  # scipy takes longer to import than a table of means to print

    tests, images = differences.shape
    result = np.ones(tests)
    if images == 0:
        return result
    zero = differences == 0
    # Zeros are the smallest: without them all ranks are lower by their number.
    ranks = np.where(zero, 0, _doubled_ranks(np.abs(differences)) - 2 * zero.sum(axis=1, keepdims=True))
    positive = np.where(differences > 0, ranks, 0).sum(axis=1)
    total = ranks.sum(axis=1)
    smaller = np.minimum(positive, total - positive)  # the distribution is symmetric
    exact = (~zero).sum(axis=1) <= EXACT
    if exact.any():  # most rows have the same ranks, those without ties
        kinds, kind = np.unique(np.sort(ranks[exact], axis=1), axis=0, return_inverse=True)
        places, kind = np.flatnonzero(exact), kind.ravel()
        for i, own in enumerate(kinds):
            rows = places[kind == i]
            result[rows] = np.minimum(1.0, 2 * _tails(own[own > 0].tobytes())[smaller[rows]])
    rough = ~exact
    deviation = np.sqrt((ranks[rough] ** 2).sum(axis=1))  # of the difference between the two rank sums
    result[rough] = 2 * ndtr((2 * smaller[rough] - total[rough]) / deviation)
    return result


def _doubled_ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the ranks, from 1 on, of the values of each row; equal ones have their mean rank, twice a whole number."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(values), 1), bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), place, 0), axis=1)
    backwards = np.where(np.hstack([differs, edge]), place, values.shape[1])[:, ::-1]
    last = np.minimum.accumulate(backwards, axis=1)[:, ::-1]
    ranks = np.empty(values.shape, np.int64)
    np.put_along_axis(ranks, order, first + last + 2, axis=1)
    return ranks


@lru_cache(maxsize=256)
def _tails(ranks: bytes) -> NDArray[np.float64]:
    """Probability that the sum of randomly chosen ``ranks`` (int64, doubled) is at most 0, 1, ... their total.

    Counted rank by rank: each is in the sum or not. Up to 2^50 choices are whole numbers in double precision.
    """
    values = np.frombuffer(ranks, np.int64)
    counts = np.zeros(int(values.sum()) + 1)
    counts[0] = 1
    for value in values:
        counts[value:] += counts[: len(counts) - value].copy()
    return np.cumsum(counts) / 2.0 ** len(values)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values adjusted for being many, so that the chance of even one false finding stays below the level (Holm 1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.minimum(steps, 1.0)
    return result


@dataclass(frozen=True)
class Ranking:
    """Ranks of methods on one set of images. ``rank`` is 1 + the number of methods that are significantly better;
    None without a value. ``tied[i]`` are those that cannot be told apart from method i."""

    rank: tuple[int | None, ...]
    tied: tuple[tuple[int, ...], ...]


def rank(values: NDArray[np.float64], higher_is_better: bool = True, level: float = 0.05) -> Ranking:
    """Rank methods by paired tests over images: :func:`signed_rank` for every pair, adjusted by :func:`holm`.

    Args:
        values: (methods, images); NaN where there is no score. A pair is tested on the images that both have.
        level: the probability of a single wrong decision among all pairs that is accepted.

    The direction of a difference is that of the two means.
    """
    scored = np.isfinite(values)
    methods = [i for i in range(len(values)) if scored[i].any()]
    pairs = np.array(list(combinations(methods, 2)), np.intp).reshape(-1, 2)
    p = np.ones(len(pairs))
    first_is_higher = np.zeros(len(pairs), bool)
    for mask, members in _by_images(scored, pairs):
        scores = values[:, mask]
        mean = scores.mean(axis=1) if scores.size else np.zeros(len(values))
        step = max(1, _AT_ONCE // max(1, scores.shape[1]))
        for own in (members[i : i + step] for i in range(0, len(members), step)):
            first, second = pairs[own].T
            p[own] = signed_rank(scores[first] - scores[second])
            first_is_higher[own] = mean[first] > mean[second]
    apart = holm(p) <= level
    losers = np.where(first_is_higher == higher_is_better, pairs[:, 1], pairs[:, 0])[apart]
    better = np.bincount(losers, minlength=len(values)).tolist()
    tied: list[list[int]] = [[] for _ in values]
    for a, b in pairs[~apart].tolist():
        tied[a].append(b)
        tied[b].append(a)
    ranks = tuple(1 + better[i] if scored[i].any() else None for i in range(len(values)))
    return Ranking(ranks, tuple(map(tuple, tied)))


def _by_images(scored: NDArray[np.bool_], pairs: NDArray[np.intp]) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """The images that both methods of a pair have a score on, and the numbers of all pairs with these images."""
    own = scored[np.unique(pairs)]
    if len(pairs) and (own == own[0]).all():  # as it is nearly always
        return [(own[0], np.arange(len(pairs)))]
    found: dict[bytes, list[int]] = {}
    for k, (a, b) in enumerate(pairs):
        found.setdefault((scored[a] & scored[b]).tobytes(), []).append(k)
    return [(np.frombuffer(mask, bool), np.array(members)) for mask, members in found.items()]
