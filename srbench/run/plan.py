"""Which cells a run has: method x dataset x image x scale under one protocol and degradation, each with its key.

A cell is data: what stands here can be pickled and is small, so a worker may be a thread, a forked process or a
process on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.method.frames import Counts, largest
from srbench.method.precision import FULL
from srbench.method.variant import Variant
from srbench.protocol.base import Protocol
from srbench.records import NO_DEGRADATION, CellFacts, Outcome, Score


@dataclass(frozen=True)
class MethodSpec:
    """What it takes to make a method in any process, and what a plan asks of it.

    Args:
        name: of its card; a file may define several methods.
        identity: hash of its source and weights (:func:`srbench.method.plugins.identity`).
        source: a name, a plugin file or a checkpoint, as on the command line. Empty where the SR images were made
            elsewhere and the method is not here.
        random: what it draws depends on the run's seed.
        has_likelihood: as :attr:`srbench.method.base.Method.has_likelihood`, under the run's variant.
        precision: that its network computes in: the run's, or fp32 where it has none that could be cast.
        frames: as :attr:`srbench.method.MethodCard.frames`.
    """

    name: str
    identity: str
    source: str = ""
    random: bool = False
    has_likelihood: bool = False
    precision: str = FULL
    frames: Counts = (1,)


@dataclass(frozen=True)
class MetricSpec:
    """What it takes to have a metric in any process; ``source`` is a name or a plugin file, as on the command line."""

    name: str
    version: int
    source: str


@dataclass(frozen=True)
class RunContext:
    """What all cells of a run share, and the protocols among which each has one."""

    protocols: tuple[Protocol, ...]
    degradation: str  # a name, as :func:`srbench.degradation.get` takes it
    degradation_key: str  # what that was where the run was planned
    variant: Variant
    device: str  # a rule: 'auto' chooses on the worker's machine
    seed: int
    keep_images: bool
    folder: Path  # of the results, absolute
    batch: int = 1  # images of one size that a GPU computes at once
    burst: int = 1  # LR frames that the degradation makes of an HR image

    def protocol(self, facts: CellFacts) -> Protocol:
        """That of a cell."""
        return next(rules for rules in self.protocols if rules.name == facts.protocol)


@dataclass(frozen=True)
class CellTask:
    """The unit of work: one method on one image at one scale, and what is to be measured of its SR image.

    Args:
        sample: the file of the HR image, or of an LR image that has no original.
        lr: the file of the LR image, where it came with the HR image.
        kept: an earlier outcome whose SR image may still be there.
        canary: measured for the canary alone: without the run's variant, and nothing of it is kept.
        shares: another cell of the run differs in nothing but the protocol, and the two follow each other.
    """

    facts: CellFacts
    method: MethodSpec
    sample: ImageFile
    metrics: tuple[MetricSpec, ...] = ()
    kept: Outcome | None = None
    canary: bool = False
    lr: ImageFile | None = None
    shares: bool = False

    @property
    def family(self) -> Hashable:
        """What cells have in common that should go to one worker, which may compute them by one call of the method;
        None of one that shares nothing."""
        return (self.method, self.sample, self.scale) if self.shares and not self.canary else None

    @property
    def scale(self) -> float:
        return self.facts.scale

    def __str__(self) -> str:
        return str(self.facts)


@dataclass(frozen=True)
class CellResult:
    """What a worker hands back, or what is said in its place: ``died`` where the task was the end of its process.
    ``outcome`` is None when only scores were added to a known image."""

    outcome: Outcome | None
    scores: tuple[Score, ...] = ()
    died: bool = False


def cells(
    methods: Sequence[MethodSpec],
    datasets: Iterable[Dataset],
    pixels: dict[ImageFile, ImageFacts],
    scales: Sequence[float],
    context: RunContext,
) -> Iterator[CellTask]:
    """All cells, image by image, so that the methods of a run share each decoded image and its LR images, and the
    protocols a method's SR image.

    Args:
        pixels: what the images of the datasets really hold on this machine.
    """
    options = {method: _options(context, method) for method in methods}
    for dataset in datasets:
        for image in dataset.images:
            for scale in scales:
                lr = dataset.lr.get(scale, {}).get(image.name)
                observed = lr if lr is not None else image if not image.reference else None
                for method, rules in product(methods, context.protocols):
                    facts = CellFacts(
                        method=method.name,
                        method_hash=method.identity,
                        dataset=dataset.name,
                        dataset_version=dataset.version,
                        image=image.name,
                        image_sha256=pixels[image].sha256,
                        image_channels=pixels[image].channels,
                        scale=scale,
                        degradation=context.degradation_key if image.reference else NO_DEGRADATION,
                        protocol=rules.name,
                        protocol_hash=rules.hash,
                        options=options[method],
                        lr_sha256="" if observed is None else pixels[observed].sha256,
                        # One too where there are fewer than it takes: its cell says that this is not supported.
                        frames=largest(method.frames, context.burst if observed is None else 1) or 1,
                        precision=method.precision,
                    )
                    yield CellTask(facts, method, image, lr=lr, shares=len(context.protocols) > 1)


def _options(context: RunContext, method: MethodSpec) -> str:
    """The variant's key, with the seed of a method that draws at random, unless it is 0."""
    key = replace(context.variant, precision=method.precision).key
    if not method.random or context.seed == 0:
        return key
    return json.dumps({**json.loads(key or "{}"), "seed": context.seed}, sort_keys=True)
