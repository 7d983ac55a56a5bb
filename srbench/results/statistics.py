"""Means over images with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
_SEED = 20_061_994
_BLOCK = 2000  # resamples at once
_MEANS = 64  # means whose intervals are computed at once


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
