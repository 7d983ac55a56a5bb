"""Scoring a method's outputs under every setting: what settings share is made once, and every number is made by the
functions that a run uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from srbench import dataset, metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, SrbenchError
from srbench.evaluation.example import Example, HrImage, planes_of, reading
from srbench.evaluation.inference import raw, rounded
from srbench.evaluation.scoring import compare, measure
from srbench.explain.answer import Answer, row_of
from srbench.explain.inputs import candidates, leads_on
from srbench.explain.kept import KeptImages
from srbench.explain.settings import Grid
from srbench.explain.targets import Target
from srbench.imaging.images import Pixels
from srbench.method.base import Method
from srbench.metrics import Metric
from srbench.protocol.base import CLASSIC, Protocol

_T = TypeVar("_T")


def explain(
    method: Method | None,
    name: str,
    targets: Sequence[Target],
    *,
    results: Path | None = None,
    threads: int = 1,
    protocols: Sequence[Protocol] = (),
) -> Answer:
    """The settings under which a method has the printed means ``targets``, or comes nearest to them.

    Where no setting in use fits, the method is also fed in other ranges and orders of channels, and with a mean
    subtracted, where a try on a few images says that this may lead to the targets.

    Args:
        method: prepared for the scales of all targets; None if it cannot be run here: then only the kept images of
            ``results`` are scored.
        name: under which the method stands in ``results``.
        threads: how many images are computed side by side; one where the method draws at random.
        protocols: those that are looked for by name beside the built-in and installed ones.

    Raises:
        SrbenchError: there is nothing to score; the method fails.
    """
    sets = {target.dataset: dataset.find(target.dataset) for target in targets}
    kept = None if results is None else KeptImages(results, name)
    grid = Grid(
        colour=_colour_of_kept(kept, sets, targets) if method is None else method.card.colour,
        grey=any(image.read().ndim == 2 for data in sets.values() for image in data.images),
        ssim=any(target.metric == "ssim" for target in targets),
        scales=tuple(dict.fromkeys(target.scale for target in targets)),
        own=tuple(protocols),
    )
    workers = 1 if method is not None and method.card.random else threads
    score = partial(_means, grid, sets, targets, workers)
    means = score(method, kept)
    rows = [row_of(grid, targets, protocol, values) for protocol, values in means.items()]
    if not rows:
        what = ", ".join(dict.fromkeys(f"{target.dataset} x{target.scale}" for target in targets))
        raise SrbenchError(
            f"there are no images of '{name}' on {what} to score",
            "give a method that can run here, or --results with its kept images",
        )
    tried = 0
    if method is not None and not any(row.fits and row.name for row in rows):
        for fed in candidates(method):
            tried += 1
            if leads_on(fed, method, rows, targets, sets):
                more = score(fed, None)
                rows += [row_of(grid, targets, protocol, values, fed.words) for protocol, values in more.items()]
    return Answer(tuple(targets), tuple(sorted(rows, key=lambda row: row.order)), tried)


def _means(
    grid: Grid,
    sets: Mapping[str, Dataset],
    targets: Sequence[Target],
    workers: int,
    method: Method | None,
    kept: KeptImages | None,
) -> dict[Protocol, tuple[float, ...]]:
    """The mean of every target's metric over its dataset, under each setting where all images have a value."""
    found: dict[tuple[str, float, str], dict[Protocol, float]] = {}
    for place in dict.fromkeys((target.dataset, target.scale) for target in targets):
        wanted = [metrics.get(t.metric) for t in targets if (t.dataset, t.scale) == place]
        values: dict[str, dict[Protocol, list[float]]] = {metric.name: {} for metric in wanted}
        images = sets[place[0]].images
        scores = partial(_scores, grid, method, place[1], kept, wanted)
        for protocol, metric, value in chain.from_iterable(_side_by_side(scores, images, workers)):
            values[metric].setdefault(protocol, []).append(value)
        for metric, own in values.items():
            whole = {rules: float(np.mean(each)) for rules, each in own.items() if len(each) == len(images)}
            found[(*place, metric)] = whole
    columns = [found[target.dataset, target.scale, target.metric] for target in targets]
    return {
        rules: tuple(column[rules] for column in columns)
        for rules in grid.protocols()
        if all(rules in column for column in columns)
    }


def _side_by_side(call: Callable[[ImageFile], _T], images: Sequence[ImageFile], workers: int) -> Iterator[_T]:
    """What ``call`` returns of each image, in their order, each computed on one thread of ``workers``."""
    pool = ThreadPoolExecutor(workers, "srbench-explain", torch.set_num_threads, (1,))
    try:
        yield from pool.map(call, images)
    finally:
        pool.shutdown(cancel_futures=True)


def _scores(
    grid: Grid,
    method: Method | None,
    scale: float,
    kept: KeptImages | None,
    wanted: Sequence[Metric],
    image: ImageFile,
) -> list[tuple[Protocol, str, float]]:
    return list(_Outputs(grid, method, image, scale, kept).scores(wanted))


@dataclass(frozen=True)
class _Way:
    """How a method comes to see an image: settings with equal ways have one output."""

    lr: str
    luma_rounded: bool  # of the Y that it is fed
    grey: bool  # it is fed a grey image
    cut: str  # the rule of sizes, at a scale with a fraction


class _Outputs:
    """SR images of one HR image: the kept pixels where there are, else the method's, made once for each way."""

    def __init__(
        self, grid: Grid, method: Method | None, image: ImageFile, scale: float, kept: KeptImages | None
    ) -> None:
        self._grid, self._method, self._scale = grid, method, scale
        self._hr = image.read()
        self._pixels: dict[tuple[_Way, bool], Tensor] = {}  # by way and whether they are rounded
        self._raw: dict[_Way, Tensor] = {}
        for rules in grid.named.values() if kept is not None else ():
            self._keep(rules, None if kept is None else kept.of(image, scale, rules.name))

    def _keep(self, rules: Protocol, pixels: Pixels | None) -> None:
        """Have ``pixels``, which a run under ``rules`` kept, stand for what the method would return."""
        if pixels is None:
            return
        way, planes = self._way(rules), planes_of(pixels)
        on_luma = self._grid.on_luma(rules) or way.grey
        if on_luma and pixels.ndim == 3:
            return  # made by a program that was not fed Y
        self._pixels[way, True] = planes if on_luma else planes.expand(3, -1, -1)

    def _way(self, rules: Protocol) -> _Way:
        grey = self._hr.ndim == 2 and not rules.grey_as_rgb and self._grid.colour != "rgb"
        on_luma = self._grid.on_luma(rules) and not grey
        cut = "" if self._scale == int(self._scale) else rules.cut
        return _Way(self._grid.lr(rules), on_luma and rules.luma_rounded, grey, cut)

    def scores(self, wanted: Sequence[Metric]) -> Iterator[tuple[Protocol, str, float]]:
        """The value of every metric under every setting where it can be measured."""
        readings: dict[tuple[object, ...], HrImage] = {}  # HR images, by how they are read
        known: dict[tuple[Protocol, str], float | None] = {}
        for protocol in self._grid.protocols():
            for metric in wanted:
                same = protocol if metric.name == "ssim" else replace(protocol, ssim="gaussian")
                same = replace(same, grey_as_rgb=False) if self._hr.ndim == 3 else same
                if (same, metric.name) not in known:
                    if reading(same) not in readings:
                        readings[reading(same)] = HrImage(self._hr, same)
                    known[same, metric.name] = self._value(metric, readings[reading(same)].under(same))
                value = known[same, metric.name]
                if value is not None:
                    yield protocol, metric.name, value

    def _value(self, metric: Metric, hr: HrImage) -> float | None:
        try:
            example = Example(hr, self._scale, Bicubic())
        except ImageError:  # too small for this border
            return None
        sr = self._of(example)
        score = None if sr is None else measure(metric, compare(sr, example))
        if score is not None and score.status == "error":
            raise SrbenchError(f"{metric.title}: {score.extra}", "see docs/metrics.md")
        return None if score is None or score.status in ("too small", "nan") else score.value

    def _of(self, example: Example) -> Tensor | None:
        way, sr_rounded = self._way(example.protocol), example.protocol.sr_rounded
        if (way, sr_rounded) not in self._pixels:
            if self._method is None:
                return None
            if way not in self._raw:
                self._raw[way] = raw(self._method, example).cpu()
            self._pixels[way, sr_rounded] = rounded(self._raw[way], example)
        return self._pixels[way, sr_rounded]


def _colour_of_kept(kept: KeptImages | None, sets: Mapping[str, Dataset], targets: Sequence[Target]) -> str:
    """What a program that is not here was fed, by its kept images: Y if those under ``classic`` are all Y."""
    if kept is None:
        return "rgb"
    places = dict.fromkeys((target.dataset, target.scale) for target in targets)
    every = [kept.of(image, scale, CLASSIC.name) for data, scale in places for image in sets[data].images]
    found = [pixels for pixels in every if pixels is not None]
    return "luma" if found and all(pixels.ndim == 2 for pixels in found) else "rgb"
