"""Ratings on the five-point scale: a panel of simulated raters, and what is made of ratings, simulated or not.

A rater's opinion of a stimulus is its latent quality plus the rater's bias plus noise of the rater's inconsistency (the
subject model of ITU-T P.913 and of Li and Bampis, Recover subjective quality scores from noisy measurements, 2017),
rounded to the nearest of 1..5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ratings = NDArray[np.int64]

# Assumed, not measured: the SRGAN paper prints only means. They are of the size that studies on five-point scales
# report for raters.
BIAS_SPREAD = 0.3
INCONSISTENCY = (0.4, 0.8)


@dataclass(frozen=True)
class Panel:
    """Raters with their bias and inconsistency, both in steps of the scale. Biases sum to zero."""

    bias: Array
    inconsistency: Array

    @classmethod
    def draw(cls, raters: int, seed: int) -> Panel:
        """``raters`` raters, the same for the same seed."""
        random = np.random.default_rng(seed)
        bias = random.normal(0, BIAS_SPREAD, raters)
        return cls(bias - bias.mean(), random.uniform(*INCONSISTENCY, raters))

    def expected(self, quality: Array) -> Array:
        """The mean rating of the panel, in 1..5, for latent qualities of any shape."""
        from scipy.special import ndtr

        steps = np.arange(1.5, 5)
        above = (np.asarray(quality)[..., None, None] + self.bias[:, None] - steps) / self.inconsistency[:, None]
        mean: Array = 1 + ndtr(above).sum(axis=-1).mean(axis=-1)
        return mean

    def rate(self, quality: float, seed: int) -> Ratings:
        """One rating of 1..5 per rater; the same for the same seed."""
        noise = np.random.default_rng(seed).normal(0, 1, len(self.bias))
        opinion = quality + self.bias + self.inconsistency * noise
        return np.clip(np.floor(opinion + 0.5), 1, 5).astype(np.int64)


def interval(ratings: Ratings | Array) -> tuple[float, float]:
    """The 95% interval of the mean over raters (ITU-R BT.500: mean ± 1.96 s / sqrt(N))."""
    half = 1.96 * float(np.std(ratings, ddof=1)) / len(ratings) ** 0.5 if len(ratings) > 1 else float("nan")
    mean = float(np.mean(ratings))
    return mean - half, mean + half


@dataclass(frozen=True)
class SubjectModel:
    """What the subject model recovers from ratings (raters, stimuli)."""

    quality: Array  # of each stimulus, free of bias, raters weighted by their consistency
    bias: Array  # of each rater
    inconsistency: Array  # of each rater


def subject_model(ratings: Ratings | Array, rounds: int = 100) -> SubjectModel:
    """Quality, bias and inconsistency by alternating projection, as ITU-T P.913 (2021) describes it in 12.6.

    Raises:
        ValueError: fewer than two raters or two stimuli.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"the subject model needs at least two raters and two stimuli, not {table.shape}")
    quality = table.mean(axis=0)
    bias = np.zeros(len(table))
    spread = np.ones(len(table))
    for _ in range(rounds):
        before = quality
        bias = (table - quality).mean(axis=1)
        bias -= bias.mean()
        rest = table - quality - bias[:, None]
        spread = np.maximum(rest.std(axis=1), 1e-3)
        weight = spread**-2
        quality = ((table - bias[:, None]) * weight[:, None]).sum(axis=0) / weight.sum()
        if np.abs(quality - before).max() < 1e-9:
            break
    return SubjectModel(quality, bias, spread)


def rejected(ratings: Ratings | Array) -> list[int]:
    """Indices of raters that the screening of ITU-R BT.500 (annex 1, 2.3) rejects: too often far above *and* far below
    the others. Raters that are only strict, or only mild, stay.

    Args:
        ratings: (raters, stimuli).
    """
    table = np.asarray(ratings, dtype=np.float64)
    mean, spread = table.mean(axis=0), table.std(axis=0, ddof=1)
    central = table - mean
    second = (central**2).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = np.where(second > 0, (central**4).mean(axis=0) / second**2, 3.0)
    normal = (kurtosis >= 2) & (kurtosis <= 4)
    reach = np.where(normal, 2.0, 20**0.5) * spread
    high = ((table >= mean + reach) & (spread > 0)).sum(axis=1)
    low = ((table <= mean - reach) & (spread > 0)).sum(axis=1)
    both = high + low
    share = both / table.shape[1]
    balance = np.abs(high - low) / np.maximum(both, 1)
    return [int(i) for i in np.flatnonzero((share > 0.05) & (balance < 0.3))]
