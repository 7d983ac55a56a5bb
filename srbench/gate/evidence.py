"""What a results folder says, gathered for the gate: one group per method, dataset, scale and protocol."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srbench.records import Timing
from srbench.results.leaderboard import GROUP, per_image
from srbench.results.store import Store
from srbench.results.timings import read_timings


@dataclass(frozen=True)
class ImageResult:
    """One image of a group. ``status`` is the cell's: 'ok', 'failed', 'not supported' or 'pending'."""

    status: str
    message: str = ""
    values: Mapping[str, float] = field(default_factory=dict)  # by metric; NaN where there is no finite value
    statuses: Mapping[str, str] = field(default_factory=dict)  # by metric, as in srbench.evaluation.scoring.Score
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
        return any(image.status != "not supported" for image in self.images.values())

    @property
    def metrics(self) -> set[str]:
        return {metric for image in self.images.values() for metric in image.values}

    def __str__(self) -> str:
        return f"{self.method} {self.dataset} x{self.scale} ({self.protocol}, {self.degradation})"


@dataclass(frozen=True)
class Evidence:
    """All groups and timings of a results folder."""

    folder: Path
    groups: tuple[Group, ...]
    timings: tuple[Timing, ...] = ()


def collect(store: Store) -> Evidence:
    """Read a results folder. Results of tiles or self-ensemble are no groups: they would hide the plain ones."""
    rows = per_image(store)
    rows = rows[rows["options"] == ""]
    outcomes = {row["cell_id"]: row for row in store.outcomes()}
    facts = {row["cell_id"]: row for row in store.planned()}
    versions = {(row["cell_id"], row["metric"]): row["metric_version"] for row in store.scores()}
    groups = []
    for key, own in rows.groupby(GROUP, sort=False):
        images: dict[str, ImageResult] = {}
        metric_versions: dict[str, int] = {}
        for image, scores in own.groupby("image", sort=False):
            cell = int(scores["cell_id"].iloc[0])
            outcome = outcomes.get(cell, {"status": "pending", "message": "", "sr_sha256": "", "sr_path": ""})
            scored = scores[scores["metric"] != ""]
            images[str(image)] = ImageResult(
                outcome["status"],
                outcome["message"],
                {m: float(v) if s == "ok" else _no_value(s) for m, v, s in _triples(scored)},
                {m: s for m, _, s in _triples(scored)},
                outcome["sr_sha256"],
                outcome["sr_path"],
            )
            metric_versions |= {metric: versions[cell, metric] for metric in scored["metric"]}
        first = facts[int(own["cell_id"].iloc[0])]
        names = {name: value for name, value in zip(GROUP, key, strict=True) if name != "options"}
        names["scale"] = int(names["scale"])
        groups.append(
            Group(
                **names,
                images=images,
                protocol_hash=first["protocol_hash"],
                dataset_version=first["dataset_version"],
                metric_versions=metric_versions,
            )
        )
    return Evidence(store.folder, tuple(groups), tuple(read_timings(store)))


def _triples(scored: Any) -> Iterator[tuple[str, float, str]]:
    return zip(scored["metric"], scored["value"], scored["status"], strict=True)


def _no_value(status: str) -> float:
    return math.inf if status == "identical" else math.nan
