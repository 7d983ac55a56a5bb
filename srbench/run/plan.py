"""Which cells a run has: method x dataset x image x scale under one protocol and degradation, each with its key.

A cell is data: what stands here can be pickled and is small, so a worker may be a thread, a forked process or a
process on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.method.frames import Counts, largest
from srbench.method.precision import FULL
from srbench.method.variant import Variant
from srbench.protocol.base import Protocol
from srbench.records import BESIDE, NO_DEGRADATION, CellFacts, Outcome, Score
from srbench.run.windows import SEGMENT, Clips, Window, in_order


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
        recurrent: as :attr:`srbench.method.Method.is_recurrent`.
    """

    name: str
    identity: str
    source: str = ""
    random: bool = False
    has_likelihood: bool = False
    precision: str = FULL
    frames: Counts = (1,)
    recurrent: bool = False


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
    frames: int = 0  # of a clip that methods are given; 0: as many as suit each

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
        window: the frames of its clip that the method is given; None where it is given the image alone.
        before: the task of the frame before, for metrics that compare the two; None where there is none.
    """

    facts: CellFacts
    method: MethodSpec
    sample: ImageFile
    metrics: tuple[MetricSpec, ...] = ()
    kept: Outcome | None = None
    canary: bool = False
    lr: ImageFile | None = None
    shares: bool = False
    window: Window | None = None
    before: CellTask | None = None

    @property
    def family(self) -> Hashable:
        """What cells have in common that should go to one worker, which may compute them by one call of the method;
        None of one that shares nothing. A recurrent method's are those of a whole clip."""
        if self.canary:
            return None
        if self.window is not None and self.method.recurrent:
            return self.method, self.facts.dataset, self.sample.clip, self.scale
        if self.before is not None:  # who has made the frame before need not make it again
            return self.method, self.facts.dataset, self.sample.clip, self.scale, self.sample.number // SEGMENT
        return (self.method, self.sample, self.scale) if self.shares else None

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
    protocols a method's SR image; of clips a few frames in a row, each method on all of them before the next one.

    Args:
        pixels: what the images of the datasets really hold on this machine.

    Raises:
        SrbenchError: a protocol leaves nothing of a clip.
    """
    options = {method: _options(context, method) for method in methods}
    # A recurrent method makes all frames of a clip at once.
    whole = [method for method in methods if method.recurrent]
    others = [method for method in methods if not method.recurrent]
    for dataset in datasets:
        clips = Clips(dataset, context.frames)
        clips.require_measured(context.protocols)
        last: dict[tuple[MethodSpec, float, str], CellTask] = {}
        own_clips = dataset.clips()
        groups = [(images, others if own_clips else methods) for images in in_order(dataset)]
        groups += [(frames, whole) for frames in own_clips.values()]
        for images, own in groups:
            for scale, alone in product(scales, own if images[0].clip else [None]):
                for image in images:
                    for method, rules in product(own if alone is None else [alone], context.protocols):
                        if not clips.measured(image, rules):
                            continue
                        task = _cell(method, dataset, clips, image, pixels, scale, rules, context, options[method])
                        before = last.get((method, scale, rules.name))
                        if image.clip:
                            last[method, scale, rules.name] = task
                        yield replace(task, before=before) if before and _follow(before.sample, image) else task


def _follow(before: ImageFile, image: ImageFile) -> bool:
    return before.clip == image.clip and before.number + 1 == image.number


def _cell(
    method: MethodSpec,
    dataset: Dataset,
    clips: Clips,
    image: ImageFile,
    pixels: Mapping[ImageFile, ImageFacts],
    scale: float,
    rules: Protocol,
    context: RunContext,
    options: str,
) -> CellTask:
    lr = dataset.lr.get(scale, {}).get(image.name)
    observed = lr if lr is not None else image if not image.reference else None
    # Frames of a burst are made of each frame alone.
    window = clips.window(method.frames, method.recurrent, image, scale) if context.burst == 1 else None
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
        options=options,
        lr_sha256=("" if observed is None else pixels[observed].sha256)
        + ("" if window is None else f"{BESIDE}{window.mark(pixels)}"),
        # One too where there are fewer than it takes: its cell says that this is not supported.
        frames=len(window.files)
        if window is not None
        else largest(method.frames, context.burst if observed is None else 1) or 1,
        precision=method.precision,
    )
    return CellTask(facts, method, image, lr=lr, shares=len(context.protocols) > 1, window=window)


def _options(context: RunContext, method: MethodSpec) -> str:
    """The variant's key, with the seed of a method that draws at random, unless it is 0, and of a method of several
    frames how many were asked for."""
    key = replace(context.variant, precision=method.precision).key
    more = {"seed": context.seed} if method.random and context.seed else {}
    if context.frames and method.frames != (1,):
        more["frames"] = context.frames
    return json.dumps({**json.loads(key or "{}"), **more}, sort_keys=True) if more else key
