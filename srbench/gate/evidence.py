"""What a results folder says, gathered for the gate: one group per method, dataset, scale and protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from srbench.records import CellState, ScoreState, Timing
from srbench.results import clips, handling
from srbench.results.facts import FolderFacts
from srbench.results.reader import CellRow, Reader, ScoreRow

Scope = tuple[str, str, float, str, str]  # method, dataset, scale, protocol, degradation


@dataclass(frozen=True)
class ImageResult:
    """One image of a group. ``status`` is the cell's :class:`srbench.records.CellState`."""

    status: str
    message: str = ""
    values: Mapping[str, float] = field(default_factory=dict)  # by metric; NaN where there is no finite value
    statuses: Mapping[str, str] = field(default_factory=dict)  # by metric, a srbench.records.ScoreState
    sr_sha256: str = ""
    sr_path: str = ""


@dataclass(frozen=True)
class Group:
    """The newest results of one method on one dataset at one scale."""

    method: str
    dataset: str
    scale: float
    protocol: str
    degradation: str
    images: Mapping[str, ImageResult]
    protocol_hash: str = ""
    dataset_version: int = 0
    metric_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return self.method, self.dataset, self.scale, self.protocol, self.degradation

    @property
    def supported(self) -> bool:
        return any(image.status != CellState.NOT_SUPPORTED for image in self.images.values())

    @cached_property
    def metrics(self) -> frozenset[str]:
        return frozenset(metric for image in self.images.values() for metric in image.values)

    def values(self, metric: str, facts: FolderFacts) -> dict[str, float]:
        """Of every image, NaN where it has none; of a metric over time not of the first frames of clips, which cannot
        have one."""
        first = clips.first_frames(self.images) if facts.metric(metric).over_time else ()
        return {name: own.values.get(metric, math.nan) for name, own in self.images.items() if name not in first}

    def __str__(self) -> str:
        return f"{self.method} {self.dataset} x{self.scale} ({self.protocol}, {self.degradation})"


@dataclass(frozen=True)
class Evidence:
    """All groups and timings of a results folder, and the facts of its methods, metrics and datasets."""

    folder: Path
    groups: tuple[Group, ...]
    timings: tuple[Timing, ...] = ()
    facts: FolderFacts = field(default_factory=FolderFacts)

    @cached_property
    def by_scope(self) -> Mapping[Scope, Group]:
        """The groups, each by what it is of."""
        return {group.scope: group for group in self.groups}


def collect(reader: Reader) -> Evidence:
    """Read a results folder. Results of tiles or self-ensemble are no groups: they would hide the plain ones."""
    scores: dict[int, list[ScoreRow]] = {}
    for score in reader.score_rows(extras=False):
        scores.setdefault(score.cell_id, []).append(score)
    images: dict[Scope, dict[str, ImageResult]] = {}
    versions: dict[Scope, dict[str, int]] = {}
    first: dict[Scope, CellRow] = {}
    for cell in reader.cells():
        if cell.options:
            continue
        scope = (cell.method, cell.dataset, cell.scale, cell.protocol, cell.degradation)
        first.setdefault(scope, cell)
        own = scores.get(cell.cell_id, [])
        images.setdefault(scope, {})[cell.image] = _image(cell, own)
        versions.setdefault(scope, {}).update((score.metric, score.version) for score in own)
    groups = [
        Group(
            *scope,
            images=images[scope],
            protocol_hash=cell.protocol_hash,
            dataset_version=cell.dataset_version,
            metric_versions=versions[scope],
        )
        for scope, cell in first.items()
    ]
    return Evidence(reader.folder, tuple(groups), tuple(reader.timings()), reader.facts)


def _image(cell: CellRow, scores: list[ScoreRow]) -> ImageResult:
    if tile := handling.decoded(cell.handling).get("tile"):
        # Not what the whole image gives, which the thresholds are about.
        side = f"{tile:.0f} LR pixels"
        message = f"computed in tiles of {side}, for memory ran out: run it with --force where there is more"
        return ImageResult(CellState.FAILED, message, sr_sha256=cell.sr_sha256, sr_path=cell.sr_path)
    return ImageResult(
        cell.outcome or CellState.PENDING,
        cell.message,
        {score.metric: score.value if score.status == ScoreState.OK else _no_value(score.status) for score in scores},
        {score.metric: score.status for score in scores},
        cell.sr_sha256,
        cell.sr_path,
    )


def _no_value(status: str) -> float:
    return math.inf if status == ScoreState.IDENTICAL else math.nan
