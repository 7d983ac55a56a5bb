"""Means over images with bootstrap intervals."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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
