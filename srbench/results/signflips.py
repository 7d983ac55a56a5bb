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

A clip is one block: its frames flip together. Flips of runs of frames would allow tests on two clips, but frames are
alike for longer than such runs, and two equal methods would be told apart too often (docs/results.md). So fewer than
six clips give no p-value at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from srbench.results.clips import clip_of
from srbench.results.stepdown import TIES, Comparisons, Floats, StepDown

Image = tuple[str, str]  # dataset, name

LEVEL = 0.05
EXACT = 13  # blocks up to which all 2^n signs are tried
DRAWS = 4_999  # seeded signs beyond, in addition to those that were seen
_SEED = 20_061_994


@dataclass(frozen=True)
class Sample:
    """The images on which methods are compared.

    Args:
        datasets: of each image; every dataset weighs the same, whatever the number of its images.
        blocks: of each image; images of one block (frames of a clip) are not independent and flip together. Every
            block of a dataset weighs the same. By default every image is a block.
        clips: of each image, whether it is a frame of a clip.
    """

    datasets: tuple[str, ...]
    blocks: tuple[str, ...] = ()
    clips: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        for own, what in ((self.blocks, "blocks"), (self.clips, "clips")):
            if own and len(own) != len(self.datasets):
                raise ValueError(f"{len(own)} {what} for {len(self.datasets)} images")

    @classmethod
    def of(cls, images: Sequence[Image]) -> Sample:
        """Images by their names: the frames of a clip are one block, every still image is one."""
        datasets = tuple(dataset for dataset, _ in images)
        clips = tuple(clip_of(name) for _, name in images)
        if not any(clips):
            return cls(datasets)
        # No name of a still image or a frame ends in a slash.
        own = (f"{clip}/" if clip else name for clip, (_, name) in zip(clips, images, strict=True))
        return cls(datasets, tuple(map("/".join, zip(datasets, own, strict=True))), tuple(map(bool, clips)))

    @property
    def independent(self) -> int:
        """The number of blocks."""
        return len(set(self.blocks)) if self.blocks else len(self.datasets)

    @property
    def smallest_p(self) -> float:
        """The smallest two-sided p-value that these images can give."""
        return 2.0 ** (1 - self.independent) if self.independent <= EXACT else 1 / (1 + DRAWS)

    @property
    def too_few_clips(self) -> bool:
        """Whether there are clips, and nothing can be certain for want of more of them (or of other images)."""
        return any(self.clips) and not self.can_tell()

    def can_tell(self, level: float = LEVEL) -> bool:
        """Whether any difference on these images could be certain: the smallest two-sided p-value is 2 / 2^n, which
        is 0.0625 on the five images of Set5."""
        return self.smallest_p <= level


@dataclass(frozen=True)
class Difference:
    """One comparison: its weighted mean over images, the simultaneous interval, and the adjusted p-value.

    ``low`` and ``high`` are infinite where the images are too few to bound them. Without a common image all are NaN;
    ``p`` is NaN too where there are too few clips for a test (:attr:`Sample.too_few_clips`).
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
    images = np.isfinite(values).sum(axis=1)
    rows, weights, signs = _summed(values, sample)
    rows = np.concatenate([rows, np.zeros((1, rows.shape[1]))])
    count = np.arange(len(values))
    comparisons = Comparisons(rows, weights, signs, count, np.full_like(count, len(count)))
    tested = StepDown(comparisons, level)
    few = [own.too_few_clips for own in _parts(sample, values)]
    p = np.where(few, math.nan, tested.p)
    columns = (comparisons.means, *tested.intervals(comparisons), p)
    numbers = np.where(images > 0, np.stack(columns), math.nan).tolist()
    return [Difference(*own) for own in zip(*numbers, images.tolist(), strict=True)]


def of_images(rows: Sequence[Mapping[Image, float]], images: Sequence[Image]) -> list[Difference]:
    """As :func:`differences`, of comparisons that are told by image and may lack some.

    Args:
        images: all of them, in the order in which they are given their signs.
    """
    place = {image: i for i, image in enumerate(images)}
    values = np.full((len(rows), len(images)), math.nan)
    for row, own in zip(values, rows, strict=True):
        for image, difference in own.items():
            row[place[image]] = difference
    return differences(values, Sample.of(images))


def _parts(sample: Sample, values: Floats) -> list[Sample]:
    """Of every comparison, the images that it has; only looked for where there are clips."""
    if not sample.clips:
        return [sample] * len(values)
    datasets, blocks, clips = sample.datasets, sample.blocks, sample.clips
    return [
        Sample(tuple(compress(datasets, own)), tuple(compress(blocks, own)), tuple(compress(clips, own)))
        for own in np.isfinite(values)
    ]


class AllPairs:
    """Methods against each other on the same images: tests of all pairs together.

    Ranks, p-values and intervals are computed when they are asked for: those of 24 methods take a tenth of a second,
    the intervals most of it. The time grows with the number of pairs, the memory hardly does.

    Args:
        values: (methods, images) finite, more is better.
    """

    def __init__(self, values: Floats, sample: Sample, level: float = LEVEL) -> None:
        self._sample, self._level, self._images = sample, level, values.shape[1]
        self._rows, weights, self._signs = _summed(values, sample)
        self._weights = weights[:1]
        self._first, self._second = np.triu_indices(len(values), 1)

    @cached_property
    def standings(self) -> list[Standing]:
        """Ranks, and which methods may be the best. Where the images cannot tell anything (:meth:`Sample.can_tell`),
        all methods have all ranks."""
        count = len(self._rows)
        if count < 2 or not self._sample.can_tell(self._level):
            return [Standing(1, count, True)] * count
        better = np.zeros((count, count), bool)  # [a, b]: a is certainly better than b
        certain, ahead = self._tested.p <= self._level, self._means > 0
        better[self._first, self._second] = certain & ahead
        better[self._second, self._first] = certain & ~ahead
        above, below = better.sum(axis=0).tolist(), better.sum(axis=1).tolist()
        best = self._may_be_best()
        return [Standing(1 + above[m], count - below[m], best[m]) for m in range(count)]

    def certain(self, a: int, b: int) -> bool:
        """Whether two methods certainly differ."""
        return bool(self._tested.p[self._row(min(a, b), max(a, b))] <= self._level)

    def difference(self, a: int, b: int) -> Difference:
        """Mean of method ``a`` minus mean of method ``b``, which are two."""
        low, high = self._intervals
        row = self._row(min(a, b), max(a, b))
        mean, p = self._means[row], math.nan if self._sample.too_few_clips else self._tested.p[row]
        found = Difference(float(mean), float(low[row]), float(high[row]), float(p), self._images)
        return found if a < b else found.turned

    def _row(self, a: int, b: int) -> int:
        """Where the pair stands among all."""
        return a * len(self._rows) - a * (a + 1) // 2 + b - a - 1

    def _pairs(self) -> Comparisons:
        """Made anew for each purpose: what comparisons remember takes ten megabytes for a hundred methods."""
        return Comparisons(self._rows, self._weights, self._signs, self._first, self._second)

    @cached_property
    def _means(self) -> Floats:
        return self._pairs().means

    @cached_property
    def _tested(self) -> StepDown:
        return StepDown(self._pairs(), self._level)

    @cached_property
    def _intervals(self) -> tuple[Floats, Floats]:
        return self._tested.intervals(self._pairs())

    def _may_be_best(self) -> list[bool]:
        """Of each method whether it is not certain that another one is better.

        Nothing is adjusted for the number of methods: the only error is to leave out the one that is truly the best.
        """
        pairs, tested, count = self._pairs(), self._tested, len(self._rows)
        scale = np.zeros((count, count))
        scale[self._first, self._second] = scale[self._second, self._first] = pairs.scale
        seen = (pairs.flipped[None, :, 0] - pairs.flipped[:, None, 0]) * scale  # [a, b]: how far b is ahead of a
        enough = self._level * 2 * len(self._signs)  # the opposite flips count as well
        result = []
        for own, ahead in enumerate(seen.max(axis=1).tolist()):
            # Under no flip is another farther ahead than the two are apart that are farthest apart: most need no look.
            may = 2 * np.count_nonzero(tested.largest >= ahead - 2 * TIES) > enough
            result.append(bool(may and _reached(pairs.flipped, scale[own], own) > enough))
        return result


def _reached(flipped: Floats, scale: Floats, own: int) -> int:
    """How many flips, and their opposites, put another row at least as far ahead of this one as one was seen to be."""
    most, least = np.full(flipped.shape[1], -np.inf), np.full(flipped.shape[1], np.inf)
    for other, values in enumerate(flipped):
        if other != own:
            ahead = (values - flipped[own]) * scale[other]
            np.maximum(most, ahead, out=most)
            np.minimum(least, ahead, out=least)
    seen = most[0] - TIES
    return int(np.count_nonzero(most >= seen) + np.count_nonzero(-least >= seen))


def standings(values: Floats, sample: Sample, level: float = LEVEL) -> list[Standing]:
    """As :attr:`AllPairs.standings`."""
    return AllPairs(values, sample, level).standings


def _summed(values: Floats, sample: Sample) -> tuple[Floats, Floats, Floats]:
    """(rows, blocks) weighted sums of values and of the weights, and (flips, blocks) signs.

    Methods with the same values have the same sums to the last digit, which a matrix product would not promise.
    """
    there = np.isfinite(values)
    weights = _weights(there, sample)
    weighted = np.where(there, values, 0.0) * weights
    if sample.blocks:
        names = np.array(sample.blocks)
        own = [names == name for name in dict.fromkeys(sample.blocks)]
        weighted, weights = (
            np.stack([table[:, members].sum(axis=1) for members in own], axis=1) for table in (weighted, weights)
        )
    return weighted, weights, _signs(weighted.shape[1])


def _weights(there: NDArray[np.bool_], sample: Sample) -> Floats:
    """(comparisons, images): 1 / (datasets x images in the image's own), of those that the comparison has; with blocks
    1 / (datasets x blocks in its dataset x images in its block)."""
    if sample.blocks:
        return _block_weights(there, sample)
    result = np.zeros(there.shape)
    names = np.array(sample.datasets)
    for name in dict.fromkeys(sample.datasets):
        own = there & (names == name)
        count = own.sum(axis=1, keepdims=True)
        result += np.divide(own, count, out=np.zeros(there.shape), where=count > 0)
    total = result.sum(axis=1, keepdims=True)  # the number of datasets that the comparison has
    weights: Floats = np.divide(result, total, out=np.zeros_like(result), where=total > 0)
    return weights


def _block_weights(there: NDArray[np.bool_], sample: Sample) -> Floats:
    result = np.zeros(there.shape)
    places: dict[str, dict[str, list[int]]] = {}
    for place, (dataset, block) in enumerate(zip(sample.datasets, sample.blocks, strict=True)):
        places.setdefault(dataset, {}).setdefault(block, []).append(place)
    for blocks in places.values():
        counts = np.stack([there[:, own].sum(axis=1) for own in blocks.values()])
        here = np.maximum((counts > 0).sum(axis=0), 1)  # blocks that a comparison has of the dataset
        for own, count in zip(blocks.values(), counts, strict=True):
            result[:, own] = there[:, own] / (np.maximum(count, 1) * here)[:, None]
    total = result.sum(axis=1, keepdims=True)  # the number of datasets that the comparison has
    weights: Floats = np.divide(result, total, out=np.zeros_like(result), where=total > 0)
    return weights


@lru_cache(maxsize=8)
def _signs(blocks: int) -> Floats:
    """(flips, blocks): signs of the blocks; the first has only ones. All assignments, of which and their opposites one
    is enough, or seeded ones."""
    if blocks <= EXACT:
        negative = np.arange(2 ** max(0, blocks - 1))[:, None] >> np.arange(blocks) & 1
    else:
        negative = np.random.default_rng(_SEED).integers(0, 2, (1 + DRAWS, blocks))
        negative[0] = 0
    return np.where(negative == 1, -1.0, 1.0)
