"""The arithmetic of joint sign flips: step-down p-values, and intervals by inverting the test.

A comparison is a difference between two rows of a table. Flips of its blocks give the statistics that chance could have
given; :mod:`srbench.results.signflips` says what they mean. Comparisons are worked through one by one, the smallest
statistic first with the maxima of all before it, so memory grows with the number of rows and of flips, not with that of
comparisons: 4,950 pairs of 100 methods need less than 100 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Places = NDArray[np.intp]

TIES = 1e-9  # statistics that differ by less are equal but for rounding
_NOTHING = 1e-12
_NOTHING_SINGLE = 1e-6  # in single precision, of numbers around 1


class _Flipped(NamedTuple):
    """Weights under all flips: what numerators move by when a value is subtracted from all differences."""

    weights: Floats
    always: Places  # flips that give what was seen whatever is subtracted: of no block, of all, of those without weight
    above: Singles  # 1 / (1 + weights), 1 for those
    below: Singles  # 1 / (1 - weights)

    @classmethod
    def of(cls, weights: Floats) -> _Flipped:
        always = np.abs(weights) >= 1 - _NOTHING
        apart = np.where(always, 0.0, weights)
        above, below = ((1 / (1 + sign * apart)).astype(np.float32) for sign in (1, -1))
        return cls(weights, np.flatnonzero(always), above, below)


@dataclass(frozen=True)
class Comparisons:
    """Differences between rows.

    Args:
        rows: (rows, blocks) weighted sums of the values of each block.
        weights: (comparisons, blocks), or (1, blocks) where all have the same; they add up to 1.
        signs: (flips, blocks); of a flip and its opposite one is enough. The first are those that were seen: ones.
        first: (comparisons,) rows from which others are subtracted.
        second: (comparisons,) those that are.
    """

    rows: Floats
    weights: Floats
    signs: Floats
    first: Places
    second: Places

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def sums(self) -> Floats:
        """(comparisons, blocks)."""
        result: Floats = self.rows[self.first] - self.rows[self.second]
        return result

    @cached_property
    def means(self) -> Floats:
        """(comparisons,)."""
        result: Floats = self.sums.sum(axis=1)
        return result

    @cached_property
    def scale(self) -> Floats:
        """(comparisons,): what makes a statistic of a numerator; zero where nothing differs."""
        deviation = np.sqrt((self.sums**2).sum(axis=1))
        result: Floats = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
        return result

    @cached_property
    def flipped(self) -> Floats:
        """(rows, flips)."""
        result: Floats = self.rows @ self.signs.T
        return result

    def numerator(self, comparison: int) -> Floats:
        """(flips,)."""
        result: Floats = self.flipped[self.first[comparison]] - self.flipped[self.second[comparison]]
        return result

    def statistic(self, comparison: int) -> Floats:
        """(flips,)."""
        result: Floats = self.numerator(comparison) * self.scale[comparison]
        return result

    def size(self, comparison: int) -> Floats:
        """(flips,): the statistic without its sign."""
        result = self.statistic(comparison)
        np.abs(result, out=result)
        return result

    def flipped_weights(self, comparison: int) -> _Flipped:
        if len(self.weights) == 1:
            return self._common_weights
        return _Flipped.of(self.signs @ self.weights[comparison])

    @cached_property
    def _common_weights(self) -> _Flipped:
        return _Flipped.of(self.signs @ self.weights[0])


class StepDown:
    """Two-sided tests of all comparisons, the largest statistic first, each against the maxima of what is left.

    Attributes:
        p: (comparisons,) adjusted p-values.
        largest: (flips,) maxima of the statistics of all comparisons, without their signs.
    """

    def __init__(self, comparisons: Comparisons, level: float) -> None:
        self._level = level
        seen = np.abs(comparisons.means) * comparisons.scale
        self._order = np.argsort(seen, kind="stable")
        at_least, self.largest = np.empty(len(comparisons)), np.zeros(len(comparisons.signs))
        for comparison in self._order.tolist():
            np.maximum(self.largest, comparisons.size(comparison), out=self.largest)
            at_least[comparison] = np.count_nonzero(self.largest >= seen[comparison] - TIES)
        self.p = np.empty_like(at_least)
        self.p[self._order] = np.maximum.accumulate(at_least[self._order][::-1])[::-1] / len(self.largest)

    def intervals(self, comparisons: Comparisons) -> tuple[Floats, Floats]:
        """(comparisons,) lower and upper ends: of all values that the difference may have, which its test does not
        reject while the other comparisons are tested against zero. Infinite where the flips are too few to bound it.

        Zero is inside where the p-value is above the level, and outside where it is not.

        Args:
            comparisons: those that were tested; they are not kept, for what they remember is large.
        """
        ends = np.empty((2, len(comparisons)))
        distances = _Distances(comparisons)
        for comparison, others in self._beside(comparisons):
            for side, reach in enumerate(distances.reach(comparison, others)):
                ends[side, comparison] = self._end(reach)
        size, zero_is_below = np.abs(comparisons.means), comparisons.means >= 0
        to_zero = np.where(self.p <= self._level, np.minimum(ends, size * (1 - _NOTHING)), np.maximum(ends, size))
        low, high = np.where([zero_is_below, ~zero_is_below], to_zero, ends)
        return comparisons.means - low, comparisons.means + high

    def _beside(self, comparisons: Comparisons) -> Iterator[tuple[int, Floats]]:
        """Comparisons, and the maxima beside which each was tested: one that was rejected beside those that had smaller
        statistics, the others beside all others of them."""
        rejected = self.p[self._order] <= self._level
        kept, size, flips = self._order[~rejected].tolist(), comparisons.size, len(comparisons.signs)
        leader, largest, second = np.full(flips, -1, np.intp), np.zeros(flips), np.zeros(flips)
        for comparison in kept:
            own = size(comparison)
            np.maximum(second, np.minimum(largest, own), out=second)
            leader[own > largest] = comparison
            np.maximum(largest, own, out=largest)
        for comparison in kept:
            others = largest.copy()
            led = np.flatnonzero(leader == comparison)
            others[led] = second[led]
            yield comparison, others
        for comparison in self._order[rejected].tolist():
            yield comparison, largest
            largest = np.maximum(largest, size(comparison))

    def _end(self, reach: Singles) -> float:
        """The last distance at which more flips count than the level allows."""
        place = len(reach) - 1 - int(self._level * len(reach))
        reach.partition(place)
        return float(reach[place])


class _Distances:
    """How far from a comparison's mean each flip counts, that is, gives a statistic no smaller than the one that was
    seen, when the difference is taken to be that far from its mean. Single precision will do for ends of intervals."""

    def __init__(self, comparisons: Comparisons) -> None:
        self._all = comparisons
        centred = comparisons.sums - comparisons.means[:, None] * comparisons.weights
        self._spread: list[float] = (centred**2).sum(axis=1).tolist()
        self._tilt: list[float] = (centred * comparisons.weights).sum(axis=1).tolist()
        total = (comparisons.weights**2).sum(axis=1)
        self._total: list[float] = np.broadcast_to(total, len(comparisons)).tolist()

    def reach(self, comparison: int, others: Floats) -> tuple[Singles, Singles]:
        """(flips,) below and above the mean.

        At a distance d from the mean, to the side s, the numerator of what was seen is d, and that of a flip with the
        weight w is |a - s d w|; they have one denominator. By its own statistic it counts up to a / (1 + s w) for
        a >= 0, and -a / (1 - s w) else; by the maxima of the ``others`` up to where d / denominator(d) exceeds them.
        """
        weights, always, above, below = self._all.flipped_weights(comparison)
        apart = (self._all.numerator(comparison) - self._all.means[comparison] * weights).astype(np.float32)
        above, below = apart * above, apart * below
        lower, upper = self._reach_of(others.astype(np.float32), comparison)
        for reach, near, far in ((lower, below, above), (upper, above, below)):
            np.maximum(reach, near, out=reach)
            np.maximum(reach, np.negative(far), out=reach)
            reach[always] = np.inf
        return lower, upper

    def _reach_of(self, others: Singles, comparison: int) -> tuple[Singles, Singles]:
        """The distances up to which the statistic that was seen is at most ``others``: roots of a quadratic. Infinite
        where it stays below them far from the mean (beside images of much larger weight), whether or not it exceeds
        them between: the interval is rather too wide."""
        spread, tilt, total = self._spread[comparison], self._tilt[comparison], self._total[comparison]
        squared = others * others
        room = squared * -total
        room += 1
        unbounded = np.flatnonzero(room <= _NOTHING_SINGLE)
        room[unbounded] = 1.0
        root = squared * (tilt * tilt - total * spread)
        root += spread
        np.sqrt(np.maximum(root, 0.0, out=root), out=root)
        root *= others
        squared *= tilt
        lower, upper = (root + squared) / room, (root - squared) / room
        lower[unbounded] = upper[unbounded] = np.inf
        return lower, upper
