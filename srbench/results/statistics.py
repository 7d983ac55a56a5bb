"""Means over images with bootstrap intervals; which methods paired tests can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

RESAMPLES = 10_000
_SEED = 20_061_994


@lru_cache(maxsize=32)
def _resampling(n: int) -> NDArray[np.float64]:
    """(RESAMPLES, n): how often each of n images is drawn in each resample, over n. One fixed seed, so that an
    interval repeats exactly and methods are resampled on the same images."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n


def mean_interval(values: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean over images and its percentile bootstrap interval (Efron 1979): (mean, low, high).

    Args:
        values: (n,) finite.

    With a single image there is nothing to resample: low and high are NaN. Without any, all three are.

    >>> mean_interval(np.array([28.0, 28.0, 28.0]))
    (28.0, 28.0, 28.0)
    """
    if len(values) == 0:
        return (float("nan"),) * 3
    mean = float(np.mean(values))
    if len(values) == 1:
        return mean, float("nan"), float("nan")
    # Centred first: a constant then has an interval of exactly zero width.
    means = mean + _resampling(len(values)) @ (values - mean)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return mean, float(low), float(high)


def signed_rank(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p-values of Wilcoxon's signed-rank test (Wilcoxon 1945), one per row.

    Args:
        differences: (tests, images) finite; images where two methods are equal are zero and say nothing.

    Exact up to 50 images without ties, as scipy decides. A row of zeros, and a single image, have p = 1.
    With n images no p-value is below 2 / 2^n: 0.0625 on the five images of Set5.

    >>> signed_rank(np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 0.0, 0.0, 0.0]])).tolist()
    [0.0625, 1.0]
    """
    tests, images = differences.shape
    result = np.ones(tests)
    if images < 2:
        return result
    size = np.sort(np.abs(differences), axis=1)
    plain = (size[:, 0] > 0) & (np.diff(size, axis=1) > 0).all(axis=1)
    if plain.any():  # all at once: scipy takes an axis where neither zeros nor ties ask for a closer look
        result[plain] = wilcoxon(differences[plain], axis=1).pvalue
    for row in np.flatnonzero(~plain & (size[:, -1] > 0)):
        values = differences[row][differences[row] != 0]
        result[row] = wilcoxon(values).pvalue if len(values) > 1 else 1.0
    return result


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
    pairs = list(combinations(methods, 2))
    p = np.ones(len(pairs))
    by_images: dict[bytes, list[int]] = {}
    for k, (a, b) in enumerate(pairs):
        by_images.setdefault((scored[a] & scored[b]).tobytes(), []).append(k)
    for mask, members in by_images.items():
        common = np.frombuffer(mask, bool)
        first, second = np.array([pairs[k] for k in members]).T
        p[members] = signed_rank(values[first][:, common] - values[second][:, common])
    better = [0] * len(values)
    tied: list[list[int]] = [[] for _ in values]
    for (a, b), adjusted in zip(pairs, holm(p), strict=True):
        if adjusted > level:
            tied[a].append(b)
            tied[b].append(a)
            continue
        common = scored[a] & scored[b]
        a_wins = (np.mean(values[a, common]) > np.mean(values[b, common])) == higher_is_better
        better[b if a_wins else a] += 1
    ranks = tuple(1 + better[i] if scored[i].any() else None for i in range(len(values)))
    return Ranking(ranks, tuple(map(tuple, tied)))
