"""What a results folder says, gathered for the gate: one group per method, dataset, scale and protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from srbench.records import CellState, Outcome, ScoreState, Timing
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import GROUP, per_image
from srbench.results.reader import Reader


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
    scale: int
    protocol: str
    degradation: str
    images: Mapping[str, ImageResult]
    protocol_hash: str = ""
    dataset_version: int = 0
    metric_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def supported(self) -> bool:
        return any(image.status != CellState.NOT_SUPPORTED for image in self.images.values())

    @property
    def metrics(self) -> set[str]:
        return {metric for image in self.images.values() for metric in image.values}

    def __str__(self) -> str:
        return f"{self.method} {self.dataset} x{self.scale} ({self.protocol}, {self.degradation})"


@dataclass(frozen=True)
class Evidence:
    """All groups and timings of a results folder, and the facts of its methods, metrics and datasets."""

    folder: Path
    groups: tuple[Group, ...]
    timings: tuple[Timing, ...] = ()
    facts: FolderFacts = field(default_factory=FolderFacts)


def collect(reader: Reader) -> Evidence:
    """Read a results folder. Results of tiles or self-ensemble are no groups: they would hide the plain ones."""
    rows = per_image(reader)
    rows = rows[rows["options"] == ""]
    outcomes = {row.cell_id: row.outcome for row in reader.outcomes()}
    cells = {row.cell_id: row.facts for row in reader.planned()}
    versions = {(row.cell_id, row.score.metric): row.score.version for row in reader.scores()}
    groups = []
    for key, own in rows.groupby(GROUP, sort=False):
        images: dict[str, ImageResult] = {}
        metric_versions: dict[str, int] = {}
        for image, scores in own.groupby("image", sort=False):
            cell = int(scores["cell_id"].iloc[0])
            scored = scores[scores["metric"] != ""]
            images[str(image)] = _image(outcomes.get(cell, Outcome(CellState.PENDING)), scored)
            metric_versions |= {metric: versions[cell, metric] for metric in scored["metric"]}
        first = cells[int(own["cell_id"].iloc[0])]
        names = {name: value for name, value in zip(GROUP, key, strict=True) if name != "options"}
        names["scale"] = int(names["scale"])
        groups.append(
            Group(
                **names,
                images=images,
                protocol_hash=first.protocol_hash,
                dataset_version=first.dataset_version,
                metric_versions=metric_versions,
            )
        )
    return Evidence(reader.folder, tuple(groups), tuple(reader.timings()), reader.facts)


def _image(outcome: Outcome, scored: pd.DataFrame) -> ImageResult:
    if tile := json.loads(outcome.handling or "{}").get("tile"):
        # Not what the whole image gives, which the thresholds are about.
        message = f"computed in tiles of {tile} LR pixels, for memory ran out: run it with --force where there is more"
        return ImageResult(CellState.FAILED, message, sr_sha256=outcome.sr_sha256, sr_path=outcome.sr_path)
    return ImageResult(
        outcome.status,
        outcome.message,
        {m: float(v) if s == ScoreState.OK else _no_value(s) for m, v, s in _triples(scored)},
        {m: s for m, _, s in _triples(scored)},
        outcome.sr_sha256,
        outcome.sr_path,
    )


def _triples(scored: pd.DataFrame) -> Iterator[tuple[str, float, str]]:
    return zip(scored["metric"], scored["value"], scored["status"], strict=True)


def _no_value(status: str) -> float:
    return math.inf if status == ScoreState.IDENTICAL else math.nan
