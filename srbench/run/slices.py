"""Slices of a run: which of its cells one of several machines computes, without any of them knowing of the others.

Every machine plans the whole run and cuts it in the same way, so that the slices together are exactly the run. Cells
are laid out method by method, so that a machine loads few methods, and cut into stretches of equal expected cost. What
a method makes of a clip is in one slice: a recurrent method makes all its frames at once, and what compares a frame
with the one before needs both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.run import expected_cost
from srbench.run.plan import CellTask
from srbench.run.shard import Shard
from srbench.run.worker import CellWorker


@dataclass(frozen=True)
class Slice:
    """The cells of one slice by key, and what identifies the run that was cut and the cut: slices of equal ``plan``
    belong together."""

    shard: Shard
    plan: str
    keys: frozenset[str]

    def to_json(self) -> dict[str, object]:
        """For the manifest of the run that computes it."""
        return {"index": self.shard.index, "count": self.shard.count, "plan": self.plan}


def cut(cells: Sequence[CellTask], costs: Sequence[int], shard: Shard) -> Slice:
    """The slice ``shard`` of a run.

    Args:
        cells: all of the run, in any order.
        costs: what each is expected to cost, in whole nanoseconds, so that sums are the same on every machine.
    """
    order = sorted(range(len(cells)), key=lambda i: _place(cells[i]))
    cost = np.array([max(1, costs[i]) for i in order], dtype=np.int64)
    total = int(cost.sum())
    ends = [total * k // shard.count for k in range(1, shard.count)]
    sizes = [len(list(own)) for _, own in groupby(order, key=lambda i: _together(cells[i]))]
    stretches = np.add.reduceat(cost, np.cumsum([0, *sizes[:-1]])) if sizes else cost
    # The middle of a cell, or of a clip, decides, so that each belongs to one slice.
    middles = np.cumsum(stretches) - stretches // 2
    slices = np.repeat(
        np.searchsorted(np.array(ends, dtype=np.int64), middles, side="right"), np.array(sizes, dtype=np.int64)
    )
    digest = hashlib.sha256(f"{shard.count}\n".encode())
    if len(sizes) < len(order):  # slices that cut clips are those of another cut
        digest.update(b"clips whole\n")
    for i, price in zip(order, cost.tolist(), strict=True):
        digest.update(f"{cells[i].facts.key} {price}\n".encode())
    own = frozenset(
        cells[i].facts.key for i, number in zip(order, slices.tolist(), strict=True) if number == shard.index - 1
    )
    return Slice(shard, digest.hexdigest()[:16], own)


def _place(cell: CellTask) -> tuple[str, str, float, str, int, str, str]:
    facts = cell.facts
    place = facts.method, facts.options, facts.scale, facts.dataset, facts.dataset_version, facts.image
    return *place, facts.protocol


def _together(cell: CellTask) -> tuple[object, ...]:
    """What cells have in common, and stand in a row by, that are in one slice: the frames of a clip by one method."""
    if not cell.sample.clip:
        return (cell.facts.key,)
    return *_place(cell)[:5], cell.sample.clip


def costs(cells: Sequence[CellTask], facts: Mapping[ImageFile, ImageFacts], worker: CellWorker) -> list[int]:
    """What each cell is expected to cost, in nanoseconds on one core."""
    per_pixel: dict[tuple[str, float], int] = {}
    found = []
    for cell in cells:
        key = cell.facts.method, cell.scale
        if key not in per_pixel:
            ensemble = worker.context.variant.self_ensemble
            per_pixel[key] = expected_cost.of_method(worker.method(cell.method), cell.scale, self_ensemble=ensemble)
        pixels = facts[cell.sample].width * facts[cell.sample].height
        if not cell.sample.reference:
            pixels = round(pixels * cell.scale**2)
        found.append(per_pixel[key] * pixels)
    return found
