"""Cells that a GPU computes at once: one method on images whose LR images have one shape.

A GPU that is given one small image has little to do. What comes out of a batch may differ from what each image alone
gives, in the last digits, as it may between two GPUs; so which images go together is decided by the plan, not by what
is free at the moment, and a processor, which gains nothing, computes images one by one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.run.executors.base import Batches, Executor
from srbench.run.plan import CellResult, CellTask
from srbench.run.stopping import Stop

if TYPE_CHECKING:
    from srbench.run.worker import CellWorker

PIXELS = 1 << 21  # of all SR images of a batch: what a network holds of them at once is some GiB


def pay(device: torch.device) -> bool:
    """Whether images are computed together there."""
    return device.type == "cuda"


@dataclass(frozen=True)
class CellBatch:
    """Tasks of one method, scale and protocol, whose LR images have one shape."""

    tasks: tuple[CellTask, ...]

    @property
    def family(self) -> Hashable:
        """As that of its tasks."""
        own = tuple(task.family for task in self.tasks)
        return None if None in own else own


@dataclass(frozen=True)
class Batching:
    """Which tasks go together.

    Args:
        facts: of the images of the tasks.
        most: images in a batch, which has at most PIXELS pixels too.
    """

    facts: Mapping[ImageFile, ImageFacts] = field(repr=False)
    most: int

    def limit(self, task: CellTask) -> int:
        """How many images like a task's go together."""
        facts = self.facts[task.sample]
        pixels = facts.width * facts.height * (1 if task.sample.reference else task.scale**2)
        return max(1, min(self.most, int(PIXELS // pixels)))

    def shape(self, task: CellTask) -> Hashable:
        """What tasks have in common that go together; None of one that goes alone."""
        if task.canary or task.kept is not None or task.method.random or not task.method.source:
            return None
        if task.facts.frames > 1:  # a batch has one image of each cell
            return None
        return task.method, task.facts.protocol, self._lr(task)

    def _lr(self, task: CellTask) -> tuple[float, int, int, int]:
        facts = self.facts[task.lr or task.sample]
        if task.lr is not None or not task.sample.reference:
            return task.scale, facts.height, facts.width, facts.channels
        step = int(task.scale) if task.scale == int(task.scale) else 1  # else HR images of one size have LR ones of one
        return task.scale, facts.height // step, facts.width // step, facts.channels

    def ordered(self, tasks: Sequence[CellTask]) -> list[CellTask]:
        """``tasks`` with those next to each other that go together: as many images of a dataset as a batch holds, all
        methods on them, then the next ones."""
        places: dict[Hashable, dict[ImageFile, int]] = {}  # of images among those of their dataset, scale and shape
        blocks: dict[Hashable, int] = {}
        methods: dict[Hashable, int] = {}
        keys = []
        for number, task in enumerate(tasks):
            alike = (task.facts.dataset, self._lr(task))
            among = places.setdefault(alike, {})
            block = (alike, among.setdefault(task.sample, len(among)) // self.limit(task))
            keys.append(
                (
                    blocks.setdefault(block, number),
                    methods.setdefault((block, task.method, task.facts.protocol), number),
                    number,
                )
            )
        return [tasks[number] for *_, number in sorted(keys)]


@dataclass(frozen=True)
class Batched:
    """An executor whose workers are handed batches; what comes back is of single tasks, as from any other.

    A batch whose worker died of it twice is taken apart, so that only the image that it died of fails.
    """

    inner: Executor
    batching: Batching

    @property
    def workers(self) -> int:
        return self.inner.workers

    def run(self, worker: CellWorker, tasks: Iterator[CellTask | None], total: int, stop: Stop) -> Batches:
        again: deque[CellTask] = deque()  # of batches that were taken apart
        under_way: set[CellBatch] = set()
        joined: Iterator[Any] = self._joined(tasks, again, under_way)
        inner = self.inner.run(worker, joined, total, stop)
        delivered: Any  # batches are tasks to the executor inside
        try:
            for delivered in inner:
                found: list[tuple[CellTask, CellResult]] = []
                for item, result in delivered:
                    if not isinstance(item, CellBatch):
                        found.append((item, result))
                        continue
                    under_way.discard(item)
                    if isinstance(result, CellResult):  # it died
                        again += item.tasks
                    else:
                        found += zip(item.tasks, result, strict=True)
                yield found
        finally:
            inner.close()

    def _joined(
        self, tasks: Iterator[CellTask | None], again: deque[CellTask], under_way: set[CellBatch]
    ) -> Iterator[CellTask | CellBatch | None]:
        """Tasks and batches, with those ``again`` as they come; it does not end before all under way are back."""
        held: list[CellTask] = []

        def let_go() -> Iterator[CellTask | CellBatch]:
            if len(held) > 1:
                batch = CellBatch(tuple(held))
                under_way.add(batch)
                yield batch
            else:
                yield from held
            held.clear()

        for task in tasks:
            while again:
                yield again.popleft()
            shape = None if task is None else self.batching.shape(task)
            if task is not None and shape is None:
                yield task  # the canary's stand between those of a batch
                continue
            if held and (task is None or shape != self.batching.shape(held[0])):
                yield from let_go()
            if task is None:
                yield None
                continue
            held.append(task)
            if len(held) >= self.batching.limit(task):
                yield from let_go()
        yield from let_go()
        while under_way or again:
            yield again.popleft() if again else None


def same(of_batch: torch.Tensor, alone: torch.Tensor) -> bool:
    """Whether an output from a batch, of the 0..1 scale, is what its image gives alone, to less than a grey level: that
    of a method which looks at the whole batch is not."""
    return bool((of_batch - alone).abs().max() < 1 / 255)
