"""Methods against each other: who is ahead by a metric on a dataset, or on all of them, and what is certain of it.

All that shows ranks, differences between methods or who may be the best asks here, so that page, tables, exports and
terminal say the same. The tests are those of :mod:`srbench.results.signflips`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from srbench.records import ScoreState
from srbench.results.clips import clip_of, mean, noun, told
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.signflips import AllPairs, Difference, Image, Sample, Standing, differences
from srbench.results.stepdown import Floats
from srbench.results.view import VIEW

ALL = "all"  # the group of all datasets together


@dataclass(frozen=True)
class Contest:
    """Methods against each other by one metric on one group of images.

    Attributes:
        group: a dataset, or ALL.
        datasets: those that the images are of.
        images: those that every competing method has a value on, by dataset and name.
        unused: others that some method has a value on; too few have one (:func:`_common`).
        labels: of the competing methods, best mean first.
        values: (labels, images) in the metric's own unit and direction.
        left_out: methods that lack some of the images, which are not ranked: how many.
        mean: of each competing method, the mean of the datasets' means.
    """

    metric: MetricFacts
    group: str
    datasets: tuple[str, ...]
    images: tuple[Image, ...]
    unused: tuple[Image, ...]
    labels: tuple[str, ...]
    values: Floats = field(repr=False)
    left_out: Mapping[str, int]
    mean: Mapping[str, float]

    @property
    def higher(self) -> bool:
        """Whether higher values are better."""
        return self.metric.higher_is_better is not False

    @property
    def can_tell(self) -> bool:
        """Whether the images are enough for any difference to be certain; if not, all methods have all ranks."""
        return self._sample.can_tell()

    @property
    def smallest_p(self) -> float:
        """The smallest p-value that these images can give: 0.0625 on the five of Set5."""
        return self._sample.smallest_p

    @property
    def too_few_clips(self) -> bool:
        """Whether there are clips, and too few of them for a test: then there is no p-value."""
        return self._sample.too_few_clips

    @property
    def of_clips(self) -> bool:
        """Whether some of the images are frames of clips."""
        return any(clip_of(name) for _, name in self.images)

    @property
    def told(self) -> str:
        """How many images there are, in words: '5 images', '2 clips of 81 frames'."""
        return told([name for _, name in self.images])

    @property
    def noun(self) -> str:
        """What one of the images is: 'image' or 'frame'."""
        return noun(name for _, name in self.images)

    @cached_property
    def standings(self) -> Mapping[str, Standing]:
        """Of every competing method: its ranks, and whether it may be the best."""
        return dict(zip(self.labels, self._pairs.standings, strict=True))

    def pair(self, a: str, b: str) -> Difference:
        """Mean of ``a`` minus mean of ``b``, in the metric's own unit and direction. The interval and the p-value hold
        for all pairs of methods at once.

        Raises:
            KeyError: one of them does not compete.
        """
        i, j = self._place[a], self._place[b]
        if i == j:
            return Difference(0.0, 0.0, 0.0, 1.0, len(self.images))
        found = self._pairs.difference(i, j)
        return found if self.higher else found.turned

    def certain(self, a: str, b: str) -> bool:
        """Whether it is certain that the two differ."""
        return a != b and self._pairs.certain(self._place[a], self._place[b])

    def better(self, a: str, b: str) -> bool:
        """Whether it is certain that ``a`` is better than ``b``."""
        return self.certain(a, b) and (self.mean[a] > self.mean[b]) == self.higher

    def against(self, reference: str) -> Mapping[str, Difference]:
        """Mean of each other method minus mean of ``reference``. Intervals and p-values hold for these comparisons at
        once, which are fewer than all pairs, so more is certain. The reference must not be chosen by these very
        values: bicubic, or a method of one's own, but not the best that was seen.

        Raises:
            KeyError: the reference does not compete.
        """
        if reference not in self._against:
            own = self.values[self._place[reference]]
            others = [label for label in self.labels if label != reference]
            rows = np.array([self.values[self._place[label]] - own for label in others]).reshape(-1, len(self.images))
            self._against[reference] = dict(zip(others, differences(rows, self._sample), strict=True))
        return self._against[reference]

    def wins(self, a: str, b: str) -> tuple[int, int, int]:
        """The number of images on which ``a`` is better, ``b`` is better, and the two are equal."""
        apart = self.values[self._place[a]] - self.values[self._place[b]]
        above, below = int((apart > 0).sum()), int((apart < 0).sum())
        won, lost = (above, below) if self.higher else (below, above)
        return won, lost, len(apart) - won - lost

    @cached_property
    def _against(self) -> dict[str, dict[str, Difference]]:
        return {}

    @cached_property
    def _sample(self) -> Sample:
        return Sample.of(self.images)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {label: i for i, label in enumerate(self.labels)}

    @cached_property
    def _pairs(self) -> AllPairs:
        return AllPairs(self.values if self.higher else -self.values, self._sample)


def contests(images: pd.DataFrame, facts: FolderFacts) -> dict[tuple[str, str], Contest]:
    """All contests of one view, by metric and group, in the order of tables: ALL first where there are two datasets or
    more, then every dataset.

    A method competes if it has a value on every image of the group, but for images that only a few methods have
    (:func:`_common`). A metric whose better direction nobody knows has no contest, nor has a group without values.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives it, of one scale, protocol and degradation.
        facts: of the folder.

    Raises:
        ValueError: the rows are of several scales, protocols or degradations, which are never averaged together.
    """
    if len(images[VIEW].drop_duplicates()) > 1:
        raise ValueError("rows of one scale, protocol and degradation")
    scored = images[images["status"] == ScoreState.OK]
    found = {}
    for name in sorted(set(scored["metric"]) - {""}, key=facts.metric_order):
        metric = facts.metric(name)
        if metric.higher_is_better is None:
            continue
        own = scored[scored["metric"] == name]
        values: dict[str, dict[Image, float]] = {}
        columns = (own[column].tolist() for column in ("method", "dataset", "image", "value"))
        for label, dataset, image, value in zip(*columns, strict=True):
            values.setdefault(label, {})[dataset, image] = value
        datasets = sorted(set(own["dataset"]), key=facts.dataset_order)
        groups = {group: [group] for group in datasets}
        if len(datasets) > 1:  # a user's dataset of that name has no contest of its own beside others
            groups = {ALL: datasets, **{group: own for group, own in groups.items() if group != ALL}}
        for group, members in groups.items():
            if contest := _contest(metric, group, members, values):
                found[name, group] = contest
    return found


def _contest(
    metric: MetricFacts, group: str, datasets: list[str], values: Mapping[str, Mapping[Image, float]]
) -> Contest | None:
    own = {label: frozenset(image for image in scores if image[0] in datasets) for label, scores in values.items()}
    own = {label: images for label, images in own.items() if images}
    common = _common(own.values(), min(2, len(datasets)))
    if not common:
        return None
    order = {name: i for i, name in enumerate(datasets)}
    images = tuple(sorted(common, key=lambda image: (order[image[0]], image[1])))
    used = tuple(name for name in datasets if any(image[0] == name for image in images))
    competing = sorted(label for label, has in own.items() if common <= has)
    table = np.array([[values[label][image] for image in images] for label in competing])
    of_dataset = np.array([image[0] for image in images])
    names = {name: [image[1] for image in images if image[0] == name] for name in used}
    means = np.mean([mean(table[:, of_dataset == name], names[name]) for name in used], axis=0)
    best_first = np.argsort(means if metric.higher_is_better is False else -means, kind="stable")
    labels = tuple(competing[i] for i in best_first)
    return Contest(
        metric,
        group,
        used,
        images,
        tuple(sorted(frozenset().union(*own.values()) - common)),
        labels,
        table[best_first],
        {label: len(common - has) for label, has in sorted(own.items()) if not common <= has},
        dict(zip(labels, means[best_first].tolist(), strict=True)),
    )


def _common(own: Collection[frozenset[Image]], datasets: int) -> frozenset[Image]:
    """The images to compare on: the largest set of images, of at least so many datasets, that half of the methods (two
    at least) have whole; if there is none, that which the most have.

    One method that failed on an image is thus left out, and does not take the image from all others; nor does one
    that alone ran on a dataset leave out all others.
    """
    enough = max(2, math.ceil(len(own) / 2))

    def weight(candidate: frozenset[Image]) -> tuple[int, int, list[Image]]:
        have = sum(candidate <= has for has in own)
        return min(have, enough), len(candidate), sorted(candidate)

    candidates = {has for has in (*own, frozenset.intersection(*own)) if len({name for name, _ in has}) >= datasets}
    return max(candidates, key=weight, default=frozenset())
