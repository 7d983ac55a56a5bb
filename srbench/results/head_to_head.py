"""Two methods against each other, image by image: of one results folder or of two, under one name or under two.

An image counts where both have a value of the same version of the metric, from the same pixels, by the same protocol
and degradation; what does not count is told. All rows of one scale, protocol and degradation (each metric on each
dataset, and on all datasets together) are tested together (:mod:`srbench.results.signflips`): the chance that even one
of them is called certain by mistake is at most 5%.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from srbench.errors import SrbenchError, UnknownNameError, first_few
from srbench.records import declared_version
from srbench.results.clips import mean, noun, told
from srbench.results.contest import ALL
from srbench.results.contestant import Cell, Contestant, lacks
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.signflips import Difference, Image, Sample, of_images
from srbench.results.view import View
from srbench.wording import counted

Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "not certain", "the same", "too few images", "too few clips", "direction unknown"]


@dataclass(frozen=True)
class Only:
    """What is looked at; all of it where nothing is named."""

    metrics: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()


@dataclass(frozen=True)
class Pairing:
    """The two by one metric on one group of images: a dataset, or ALL where there are two or more.

    ``images``: in the order of the datasets, then of names; ``a`` and ``b`` are their values. ``difference`` is that
    of the means of the datasets' means, the first method minus the second, in the metric's own unit and direction.
    """

    view: View
    metric: MetricFacts
    group: str
    images: tuple[Image, ...]
    a: Floats
    b: Floats
    difference: Difference

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(dataset for dataset, _ in self.images))

    @property
    def told(self) -> str:
        """How many images there are, in words: '5 images', '2 clips of 81 frames'."""
        return told([name for _, name in self.images])

    @property
    def noun(self) -> str:
        """What one of the images is."""
        return noun(name for _, name in self.images)

    @property
    def means(self) -> tuple[float, float]:
        """Each dataset counts the same."""
        return _mean(self.images, self.a), _mean(self.images, self.b)

    @property
    def gains(self) -> Floats:
        """By image: positive where the first is better. Where nobody knows what is better, where it is higher."""
        difference = self.a - self.b
        return -difference if self.metric.higher_is_better is False else difference

    @property
    def record(self) -> tuple[int, int, int]:
        """Images won by the first, lost by it, and equal."""
        gains = self.gains
        return int((gains > 0).sum()), int((gains < 0).sum()), int((gains == 0).sum())

    @property
    def verdict(self) -> Verdict:
        """Of the first over the second."""
        if not (self.a != self.b).any():
            return "the same"
        if self.metric.higher_is_better is None:
            return "direction unknown"
        sample = Sample.of(self.images)
        if not sample.can_tell():
            return "too few clips" if sample.too_few_clips else "too few images"
        if not self.difference.certain():
            return "not certain"
        return "better" if (self.difference.mean > 0) == self.metric.higher_is_better else "worse"

    def in_order(self) -> list[int]:
        """Places of the images, those that the first won most before those that it lost most."""
        return [int(place) for place in np.argsort(-self.gains, kind="stable")]


@dataclass(frozen=True)
class HeadToHead:
    """``pairings`` by view, then metric, ALL before the datasets. ``notes``: what is not compared, and why."""

    a: Contestant
    b: Contestant
    pairings: tuple[Pairing, ...]
    facts: FolderFacts
    notes: tuple[str, ...]

    def views(self) -> list[View]:
        return list(dict.fromkeys(pairing.view for pairing in self.pairings))

    def of(self, view: View) -> list[Pairing]:
        return [pairing for pairing in self.pairings if pairing.view == view]

    @property
    def names(self) -> tuple[str, str]:
        """The labels; with their folders where they are alike."""
        if self.a.label != self.b.label:
            return self.a.label, self.b.label
        return f"{self.a.label} ({self.a.folder})", f"{self.b.label} ({self.b.folder})"


def compare(a: Contestant, b: Contestant, only: Only | None = None) -> HeadToHead:
    """Set two methods against each other by every metric that both have.

    Raises:
        UnknownNameError: neither has a metric or dataset that ``only`` names.
        SrbenchError: they are one method of one folder, or have no value in common, or none that ``only`` leaves.
    """
    if a.label == b.label and a.folder.resolve() == b.folder.resolve():
        hint = "name two methods, or the other one's folder with --with"
        raise SrbenchError(f"'{a.label}' against itself in '{a.folder}'", hint)
    only = only or Only()
    facts = a.facts | b.facts
    _require_known(a, b, only)
    found, notes = _pair(a, b, only, facts)
    if not found:
        raise _nothing(a, b, only, notes)
    pairings = [pairing for view in sorted(found) for pairing in _tested(view, found[view], facts)]
    return HeadToHead(a, b, tuple(pairings), facts, tuple(notes))


# -- what is paired --------------------------------------------------------------------------------------------------

Values = dict[str, dict[Image, tuple[float, float]]]  # by metric


def _pair(a: Contestant, b: Contestant, only: Only, facts: FolderFacts) -> tuple[dict[View, Values], list[str]]:
    chosen = [side.only(frozenset(only.datasets), frozenset(only.scales)) for side in (a, b)]
    notes = []
    for side, own, other in ((a, chosen[0], chosen[1]), (b, chosen[1], chosen[0])):
        notes += [f"only {_name(side, a, b)} has {view}" for view in own if view not in other]
    found: dict[View, Values] = {}
    for view in [view for view in chosen[0] if view in chosen[1]]:
        left, right = chosen[0][view], chosen[1][view]
        notes += _alone(a, b, left, right, view, only)
        metrics = sorted(_metrics(left.values()) & _metrics(right.values()), key=facts.metric_order)
        images = sorted({*left, *right}, key=lambda image: (facts.dataset_order(image[0]), image[1]))
        reasons: dict[tuple[str, str], dict[str, list[str]]] = {}  # by dataset and reason, metrics by image
        for metric in [metric for metric in metrics if not only.metrics or metric in only.metrics]:
            for image in images:
                cells = left.get(image), right.get(image)
                if reason := _apart(*cells, metric, (_name(a, a, b), _name(b, a, b))):
                    reasons.setdefault((image[0], reason), {}).setdefault(image[1], []).append(metric)
                elif cells[0] is not None and cells[1] is not None:
                    values = cells[0].scores[metric].value, cells[1].scores[metric].value
                    found.setdefault(view, {}).setdefault(metric, {})[image] = values
        notes += [
            note for (dataset, reason), own in reasons.items() for note in _left_out(view, dataset, reason, own, facts)
        ]
    return found, notes


def _alone(
    a: Contestant, b: Contestant, left: Mapping[Image, Cell], right: Mapping[Image, Cell], view: View, only: Only
) -> list[str]:
    """Of the metrics that one of the two was never scored by."""
    has = _metrics(left.values()), _metrics(right.values())
    notes = []
    for side, own, other in ((a, has[0], has[1]), (b, has[1], has[0])):
        alone = sorted(metric for metric in own - other if not only.metrics or metric in only.metrics)
        notes += [f"{view}: only {_name(side, a, b)} has {', '.join(alone)}"] if alone else []
    return notes


def _name(side: Contestant, a: Contestant, b: Contestant) -> str:
    return side.label if a.label != b.label else f"'{side.folder}'"


def _metrics(cells: Iterable[Cell]) -> set[str]:
    return {metric for cell in cells for metric in cell.scores}


def _apart(a: Cell | None, b: Cell | None, metric: str, names: tuple[str, str]) -> str:
    """Why the two values of an image cannot stand against each other; empty if they can."""
    absent = [f"{name}: {why}" for name, cell in zip(names, (a, b), strict=True) if (why := lacks(cell, metric))]
    if absent or a is None or b is None:
        return ", ".join(absent)
    given = (
        ("the originals have other pixels", "image_sha256", "image_channels"),
        ("other versions of the protocol", "protocol_hash"),
        ("other versions of the degradation", "degradation"),
        ("other LR images", "given_lr"),
    )
    for reason, *fields in given:
        if any(getattr(a.facts, field) != getattr(b.facts, field) for field in fields):
            return reason
    versions = a.scores[metric].version, b.scores[metric].version
    if versions[0] != versions[1]:
        said = [declared_version(version) for version in versions]
        return f"version {said[0]} of {metric} against {said[1]}" if said[0] != said[1] else f"other code of {metric}"
    return ""


def _left_out(view: View, dataset: str, reason: str, images: dict[str, list[str]], facts: FolderFacts) -> list[str]:
    """A line for all images of a dataset that are left out of the same metrics for one reason."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, metrics in images.items():
        alike.setdefault(tuple(metrics), []).append(name)
    return [
        f"{facts.dataset(dataset).title} {view}: {counted(len(names), 'image')} left out of {', '.join(metrics)} "
        f"({reason}): {first_few(names)}"
        for metrics, names in alike.items()
    ]


# -- what is tested --------------------------------------------------------------------------------------------------


def _tested(view: View, values: Values, facts: FolderFacts) -> list[Pairing]:
    """Every metric of a view on ALL and on every dataset, tested together."""
    every = sorted({image for own in values.values() for image in own}, key=lambda i: (facts.dataset_order(i[0]), i[1]))
    rows: list[tuple[str, str, tuple[Image, ...]]] = []
    for metric, own in values.items():
        paired = tuple(image for image in every if image in own)
        datasets = list(dict.fromkeys(dataset for dataset, _ in paired))
        rows += [(metric, ALL, paired)] if len(datasets) > 1 else []
        rows += [(metric, name, tuple(image for image in paired if image[0] == name)) for name in datasets]
    found = of_images(
        [
            {image: values[metric][image][0] - values[metric][image][1] for image in images}
            for metric, _, images in rows
        ],
        every,
    )
    return [
        Pairing(
            view,
            facts.metric(metric),
            group,
            images,
            np.array([values[metric][image][0] for image in images]),
            np.array([values[metric][image][1] for image in images]),
            difference,
        )
        for (metric, group, images), difference in zip(rows, found, strict=True)
    ]


def _mean(images: Sequence[Image], values: Floats) -> float:
    datasets, names = np.array([dataset for dataset, _ in images]), np.array([name for _, name in images])
    own = [datasets == dataset for dataset in dict.fromkeys(datasets.tolist())]
    return float(np.mean([mean(values[here], names[here].tolist()) for here in own]))


# -- what there is -----------------------------------------------------------------------------------------------------


def _require_known(a: Contestant, b: Contestant, only: Only) -> None:
    cells = [*a.all_cells(), *b.all_cells()]
    metrics, datasets = _metrics(cells), {cell.facts.dataset for cell in cells}
    for kind, wanted, known in (("metric", only.metrics, metrics), ("dataset", only.datasets, datasets)):
        for name in wanted:
            if name not in known:
                raise UnknownNameError(f"{kind} of {a.label} and {b.label}:", name, known)


def _nothing(a: Contestant, b: Contestant, only: Only, notes: list[str]) -> SrbenchError:
    there = "; ".join(f"{_name(side, a, b)} has {_held(side)}" for side in (a, b))
    if only != Only() and _pair(a, b, Only(), a.facts | b.facts)[0]:
        return SrbenchError("the filters leave no value that both have", there)
    said = f" ({notes[0]})" if notes else ""
    return SrbenchError(f"{_name(a, a, b)} and {_name(b, a, b)} have no value in common{said}", there)


def _held(side: Contestant) -> str:
    """What a method has, in a line: 'psnr, ssim on set5, set14 (x4, basicsr, bicubic)'."""
    parts = []
    for view, images in side.cells.items():
        metrics = sorted(_metrics(images.values()), key=side.facts.metric_order)
        datasets = sorted({dataset for dataset, _ in images}, key=side.facts.dataset_order)
        parts.append(f"{', '.join(metrics) or 'no scores'} on {', '.join(datasets)} ({view})")
    return " and ".join(parts)
