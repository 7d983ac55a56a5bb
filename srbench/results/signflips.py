"""Which differences between methods are more than chance: tests by joint sign flips of images.

If two methods were equally good, their difference on an image could as well have had the other sign. Every assignment
of signs to the images, one for all comparisons at once, gives the statistics that chance could have given; jointly, so
what methods have in common (an image that is hard for all) does not weaken the tests, nor do more methods.

* differences: step-down maxima (Westfall and Young 1993, algorithm 2.8; Romano and Wolf 2005): among all comparisons
  of one call the chance of even one false finding is at most the level
* intervals: all differences that the same test would not reject, so an interval leaves out zero exactly where the
  difference is certain
* which methods may be the best: multiple comparisons with the best (Hsu 1981), by the same flips
* ranks as intervals: from 1 + the methods that are certainly better to all but those that are certainly worse

The statistic of a comparison is T(s) = sum_b s_b A_b / sqrt(sum_b A_b^2), where A_b is the weighted sum of the
differences in block b. Its denominator does not depend on the signs. Weights make the mean that of the datasets' means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.05
EXACT = 13  # blocks up to which all 2^n signs are tried
DRAWS = 4_999  # seeded signs beyond, in addition to those that were seen
_SEED = 20_061_994
_TIES = 1e-9  # statistics that differ by less are equal but for rounding
_HALVINGS = 60  # of the stretch in which the end of an interval lies


@dataclass(frozen=True)
class Sample:
    """The images on which methods are compared.

    Args:
        datasets: of each image; every dataset weighs the same, whatever the number of its images.
        blocks: of each image; images of one block (frames of a clip) are not independent and flip together. By default
            every image is a block.
    """

    datasets: tuple[str, ...]
    blocks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.blocks and len(self.blocks) != len(self.datasets):
            raise ValueError(f"{len(self.blocks)} blocks for {len(self.datasets)} images")

    @property
    def independent(self) -> int:
        """The number of blocks."""
        return len(set(self.blocks)) if self.blocks else len(self.datasets)

    @property
    def smallest_p(self) -> float:
        """The smallest two-sided p-value that these images can give."""
        return 2.0 ** (1 - self.independent) if self.independent <= EXACT else 1 / (1 + DRAWS)

    def can_tell(self, level: float = LEVEL) -> bool:
        """Whether any difference on these images could be certain: the smallest two-sided p-value is 2 / 2^n, which
        is 0.0625 on the five images of Set5."""
        return self.smallest_p <= level


@dataclass(frozen=True)
class Difference:
    """One comparison: its weighted mean over images, the simultaneous interval, and the adjusted p-value.

    ``low`` and ``high`` are infinite where the images are too few to bound them. Without a common image all are NaN.
    """

    mean: float
    low: float
    high: float
    p: float
    images: int

    def certain(self, level: float = LEVEL) -> bool:
        return self.p <= level

    @property
    def turned(self) -> Difference:
        """The same comparison the other way round."""
        return replace(self, mean=-self.mean, low=-self.high, high=-self.low)


@dataclass(frozen=True)
class Standing:
    """Where a method stands among others: ranks from ``first`` to ``last`` (1 is the best) and whether it may be the
    best of all."""

    first: int
    last: int
    may_be_best: bool

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


def differences(values: Floats, sample: Sample, level: float = LEVEL) -> list[Difference]:
    """Test rows of differences against zero, all of them together.

    Args:
        values: (comparisons, images); NaN where a comparison lacks an image. More images in one comparison than in
            another are no harm: each is tested on its own.
        level: of the tests and the intervals; the chance of even one false finding among the rows.

    >>> [row] = differences(np.array([[0.3, 0.2, 0.4, 0.3, 0.2, 0.3, 0.1]]), Sample(("set5",) * 7))
    >>> row.p, row.certain(), row.low > 0
    (0.015625, True, True)
    """
    if len(values) == 0:
        return []
    sums = _Sums.of(values, sample)
    tested = _StepDown(sums, level)
    images = np.isfinite(values).sum(axis=1)
    return [
        Difference(float(sums.means[c]), *tested.interval(c), float(tested.p[c]), int(images[c]))
        if images[c]
        else Difference(math.nan, math.nan, math.nan, math.nan, 0)
        for c in range(len(values))
    ]


def standings(values: Floats, sample: Sample, level: float = LEVEL) -> list[Standing]:
    """Ranks of methods, from tests of all pairs; and which of them may be the best.

    Args:
        values: (methods, images) finite, more is better.

    Where the images cannot tell anything (:meth:`Sample.can_tell`), all methods have all ranks.
    """
    count = len(values)
    if not sample.can_tell(level):
        return [Standing(1, count, True)] * count
    better = np.zeros((count, count), bool)  # [a, b]: a is certainly better than b
    pairs = list(combinations(range(count), 2))
    if pairs:
        first, second = np.array(pairs).T
        sums = _Sums.of(values[first] - values[second], sample)
        p = _StepDown(sums, level).p
        for (a, b), certain, mean in zip(pairs, p <= level, sums.means, strict=True):
            if certain:
                better[(a, b) if mean > 0 else (b, a)] = True
    best = _may_be_best(values, sample, level)
    return [Standing(1 + int(better[:, m].sum()), count - int(better[m].sum()), bool(best[m])) for m in range(count)]


def _may_be_best(values: Floats, sample: Sample, level: float) -> NDArray[np.bool_]:
    """Methods of which it is not certain that another one is better.

    Nothing is adjusted for the number of methods: the only error is to leave out the one that is truly the best.
    """
    found = np.ones(len(values), bool)
    for m in range(len(values)):
        others = np.delete(np.arange(len(values)), m)
        if len(others) == 0:
            continue
        sums = _Sums.of(values[others] - values[m], sample)
        by_chance = sums.statistics().max(axis=1)
        found[m] = _share(by_chance, by_chance[0]) > level
    return found


@dataclass(frozen=True)
class _Sums:
    """What the statistics need of comparisons: per block and comparison the weighted sums of the differences, and the
    weights themselves."""

    sums: Floats  # (blocks, comparisons)
    weights: Floats  # (blocks, comparisons)
    means: Floats  # (comparisons,)
    signs: Floats  # (flips, blocks); the first are those that were seen

    @classmethod
    def of(cls, values: Floats, sample: Sample) -> _Sums:
        there = np.isfinite(values)
        weights = _weights(there, sample)
        weighted = np.where(there, values, 0.0) * weights
        blocks = sample.blocks or tuple(map(str, range(len(sample.datasets))))
        member = np.array([[own == block for block in dict.fromkeys(blocks)] for own in blocks], float)
        return cls(member.T @ weighted.T, member.T @ weights.T, weighted.sum(axis=1), _signs(member.shape[1]))

    def statistics(self) -> Floats:
        """T(s) of every comparison, (flips, comparisons); zero where nothing differs."""
        deviation = np.sqrt((self.sums**2).sum(axis=0))
        scaled = np.divide(self.sums, deviation, out=np.zeros_like(self.sums), where=deviation > 0)
        result: Floats = self.signs @ scaled
        return result


def _weights(there: NDArray[np.bool_], sample: Sample) -> Floats:
    """(comparisons, images): 1 / (datasets x images in the image's own), of those that the comparison has."""
    result = np.zeros(there.shape)
    names = np.array(sample.datasets)
    for name in dict.fromkeys(sample.datasets):
        own = there & (names == name)
        count = own.sum(axis=1, keepdims=True)
        result += np.divide(own, count, out=np.zeros(there.shape), where=count > 0)
    total = result.sum(axis=1, keepdims=True)  # the number of datasets that the comparison has
    return np.divide(result, total, out=np.zeros_like(result), where=total > 0)


@lru_cache(maxsize=8)
def _signs(blocks: int) -> Floats:
    """(flips, blocks): all assignments of signs, or seeded ones; the first has only ones."""
    if blocks <= EXACT:
        numbers = np.arange(2**blocks)[:, None]
        return 1.0 - 2.0 * (numbers >> np.arange(blocks) & 1)
    drawn = np.random.default_rng(_SEED).integers(0, 2, (DRAWS, blocks))
    return np.concatenate([np.ones((1, blocks)), 1.0 - 2.0 * drawn])


def _share(by_chance: Floats, seen: float) -> float:
    """The share of flips whose statistic is at least the one that was seen: a p-value."""
    return float(np.mean(by_chance >= seen - _TIES))


class _StepDown:
    """Two-sided tests of all comparisons, the largest statistic first, each against the maxima of what is left."""

    def __init__(self, sums: _Sums, level: float) -> None:
        self._sums, self._level = sums, level
        statistics = np.abs(sums.statistics())
        self._order = np.argsort(-statistics[0], kind="stable")
        ordered = statistics[:, self._order]
        maxima = np.maximum.accumulate(ordered[:, ::-1], axis=1)[:, ::-1]
        steps = [_share(maxima[:, k], ordered[0, k]) for k in range(ordered.shape[1])]
        self.p = np.empty(len(steps))
        self.p[self._order] = np.maximum.accumulate(steps)
        self._ordered, self._maxima = ordered, maxima
        self._place = np.argsort(self._order)
        self._stopped = int((self.p <= level).sum())  # the step at which the first is not rejected

    def interval(self, comparison: int) -> tuple[float, float]:
        """All values that the difference may have: those that its test does not reject, while the other comparisons
        are tested against zero."""
        others = self._others(int(self._place[comparison]))
        end = _End(self._sums, comparison, others, self._level)
        return end.at(-1), end.at(1)

    def _others(self, place: int) -> Floats:
        """(flips,): maxima of the statistics beside which the comparison at ``place`` is tested: of those that were
        left when it was, or when the tests came to their end."""
        if place < self._stopped:
            is_last = place + 1 == self._ordered.shape[1]
            return np.zeros(len(self._ordered)) if is_last else self._maxima[:, place + 1]
        left = np.delete(self._ordered[:, self._stopped :], place - self._stopped, axis=1)
        result: Floats = left.max(axis=1, initial=0.0)
        return result


class _End:
    """The ends of one interval."""

    def __init__(self, sums: _Sums, comparison: int, others: Floats, level: float) -> None:
        own, weights = sums.sums[:, comparison], sums.weights[:, comparison]
        self._own, self._weights, self._others, self._level = own, weights, others, level
        # T(s) of values from which theta is subtracted has a numerator that is linear in theta.
        self._flipped, self._flipped_weights = sums.signs @ own, sums.signs @ weights
        self._mean = float(own.sum())
        spread = np.abs(own - self._mean * weights).sum() / weights.max() if weights.any() else 0.0
        self._reach = float(spread) or abs(self._mean) or 1.0

    def at(self, side: int) -> float:
        """The end below (-1) or above (1) the mean; infinite where there is none. Zero is inside where the test does
        not reject it, and outside where it does, whatever else the test says near the mean."""
        inner, far = self._mean, math.inf
        if side * self._mean < 0:  # zero lies on this side
            if self._may_be(0.0):
                inner = 0.0
            else:
                far = abs(self._mean)
        if far == math.inf and (far := self._rejected(inner, side)) == math.inf:
            return side * math.inf
        near = 0.0
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            near, far = (middle, far) if self._may_be(inner + side * middle) else (near, middle)
        return inner + side * near

    def _rejected(self, inner: float, side: int) -> float:
        """A distance from ``inner`` at which the test rejects; infinite if it never does."""
        step = self._reach
        for _ in range(_HALVINGS):
            if not self._may_be(inner + side * step):
                return step
            step *= 2
        return math.inf

    def _may_be(self, theta: float) -> bool:
        """Whether the test does not reject that the difference is ``theta``."""
        deviation = float(np.sqrt(((self._own - theta * self._weights) ** 2).sum()))
        if deviation <= 1e-12 * (abs(theta) + float(np.abs(self._own).sum())):
            return True
        by_chance = np.abs(self._flipped - theta * self._flipped_weights) / deviation
        return _share(np.maximum(by_chance, self._others), float(by_chance[0])) > self._level
