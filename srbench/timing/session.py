"""Which real images the methods of a run are timed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.degradation.named import Degradation
from srbench.imaging.images import as_rgb
from srbench.method.base import Method, MethodContext
from srbench.protocol.base import CLASSIC
from srbench.records import Timing
from srbench.timing.measure import measure
from srbench.timing.subjects import Subject


def time_methods(
    methods: Sequence[tuple[Method, str]],
    datasets: Sequence[Dataset],
    facts: dict[ImageFile, ImageFacts],
    scales: Sequence[float],
    context: MethodContext,
    note: Callable[[str], None],
) -> list[Timing]:
    """Time all methods on one image of every dataset at every scale, on one thread."""
    timings = []
    for dataset in datasets:
        image = median_image(dataset, facts)
        for scale in scales:
            note(f"timing on {dataset.name}/{image.name} x{scale}")
            lr = dataset.lr.get(scale, {}).get(image.name)
            subject = _subject(dataset, image, scale, context.degradation, lr)
            timings += measure(methods, subject, context, threads=1)
    return timings


def median_image(dataset: Dataset, facts: dict[ImageFile, ImageFacts]) -> ImageFile:
    """The image whose number of pixels is the median; of an even number the lower, of equals the first by name."""
    by_size = sorted(dataset.images, key=lambda image: (facts[image].width * facts[image].height, image.name))
    return by_size[(len(by_size) - 1) // 2]


def _subject(
    dataset: Dataset, image: ImageFile, scale: float, degradation: Degradation, lr: ImageFile | None
) -> Subject:
    pixels = as_rgb((lr or image).read())
    planes = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    if lr is None and image.reference:
        height, width = CLASSIC.sizes(scale, *pixels.shape[:2]).hr
        planes = degradation(planes[:, :height, :width], scale)
    return Subject(dataset.name, scale, planes.to(torch.float32) / 255, image.name)
