"""Which cells a run has: method x dataset x image x scale under one protocol and degradation, each with its key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from srbench.dataset.manifest import Dataset, ImageFacts, ImageFile
from srbench.degradation.named import Degradation
from srbench.method.base import Method
from srbench.protocol.base import Protocol
from srbench.records import CellFacts


@dataclass(frozen=True)
class Cell:
    """The unit of work: one method on one image at one scale."""

    facts: CellFacts
    method: Method
    image: ImageFile

    @property
    def scale(self) -> int:
        return self.facts.scale

    def __str__(self) -> str:
        return f"{self.facts.method} on {self.facts.dataset}/{self.facts.image} x{self.scale}"


def cells(
    methods: Iterable[tuple[Method, str]],
    datasets: Iterable[Dataset],
    pixels: dict[ImageFile, ImageFacts],
    scales: Iterable[int],
    protocol: Protocol,
    degradation: Degradation,
    options: str = "",
    seed: int = 0,
) -> Iterator[Cell]:
    """All cells, image by image, so that the methods of a run share each decoded image and its LR images.

    Args:
        methods: pairs of a method and its identity hash.
        pixels: what the images of the datasets really hold on this machine.
        options: :attr:`srbench.method.variant.Variant.key` of how the methods are run.
        seed: of the run; that of methods which draw at random is part of the key.
    """
    methods, scales = list(methods), list(scales)
    for dataset in datasets:
        for image in dataset.images:
            for scale in scales:
                for method, identity in methods:
                    facts = CellFacts(
                        method=method.card.name,
                        method_hash=identity,
                        dataset=dataset.name,
                        dataset_version=dataset.version,
                        image=image.name,
                        image_sha256=pixels[image].sha256,
                        image_channels=pixels[image].channels,
                        scale=scale,
                        degradation=degradation.key,
                        protocol=protocol.name,
                        protocol_hash=protocol.hash,
                        options=_with_seed(options, method, seed),
                    )
                    yield Cell(facts, method, image)


def _with_seed(options: str, method: Method, seed: int) -> str:
    """``options`` with the seed of a method that draws at random, unless it is 0."""
    if not method.card.random or seed == 0:
        return options
    return json.dumps({**json.loads(options or "{}"), "seed": seed}, sort_keys=True)
