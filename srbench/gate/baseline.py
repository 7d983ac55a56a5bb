"""Write a baseline: a thresholds file that asks for what was measured, less a margin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from srbench.errors import GateError, UnknownNameError
from srbench.files import copy_file, write_text, writing
from srbench.gate.evidence import Evidence, Group
from srbench.gate.judging import reference_path
from srbench.imaging.images import below
from srbench.records import CellState
from srbench.results import clips
from srbench.results.facts import FolderFacts
from srbench.tomlfile import literal
from srbench.version import __version__

MARGINS = {"psnr": 0.02, "ssim": 0.0005}
RELATIVE_MARGIN = 0.005  # of the value, for every other metric
_DIGITS = 6


@dataclass(frozen=True)
class Recording:
    """What a baseline asks for. ``margins`` and ``image_margins`` are by metric; a metric that is not in
    ``image_margins`` is not held per image. ``pixels`` is 'identical', the largest difference that is allowed
    (1 to 255), or None."""

    margins: Mapping[str, float] = field(default_factory=dict)
    image_margins: Mapping[str, float] = field(default_factory=dict)
    pixels: str | int | None = None


def write(evidence: Evidence, path: Path, recording: Recording) -> int:
    """Write the results to ``path`` as thresholds, with the versions they were measured under; returns how many.

    With ``pixels`` as a number the SR images are copied into the folder ``NAME-images`` beside the file.

    Raises:
        GateError: nothing to write, a cell that failed or has no value, pixels that were not kept, no right to write.
        UnknownNameError: a margin for an unknown metric.
    """
    for name in {**recording.margins, **recording.image_margins}:
        if not evidence.facts.knows("metric", name):
            raise UnknownNameError("metric", name, evidence.facts.names("metric"))
    groups = sorted(
        (group for group in evidence.groups if group.supported),
        key=lambda g: (g.dataset, g.scale, g.protocol, g.degradation, g.method),
    )
    entries = [entry for group in groups for entry in _entries(group, recording, evidence.facts)]
    if not entries:
        raise GateError(f"there are no results in '{evidence.folder}'", "make some with: srbench run")
    images = path.with_name(f"{path.stem}-images") if isinstance(recording.pixels, int) else None
    with writing(path, "choose another place", GateError):
        if images is not None:
            _copy(groups, evidence.folder, images)
        write_text(path, "\n".join([_head(groups, images), *entries]))
    return len(entries)


def _head(groups: list[Group], images: Path | None) -> str:
    protocols = {group.protocol: group.protocol_hash for group in groups}
    datasets = {group.dataset: group.dataset_version for group in groups}
    versions = {name: version for group in groups for name, version in group.metric_versions.items()}
    lines = [
        "# Measured values. Written by srbench check --write-baseline: write it anew, do not edit it.",
        "[baseline]",
        f"srbench = {literal(__version__)}",
        f"protocols = {literal(dict(sorted(protocols.items())))}",
        f"datasets = {literal(dict(sorted(datasets.items())))}",
        f"metrics = {literal(dict(sorted(versions.items())))}",
    ]
    if images is not None:
        lines.append(f"images = {literal(images.name)}")
    return "\n".join(lines) + "\n"


def _entries(group: Group, recording: Recording, facts: FolderFacts) -> list[str]:
    for name, image in group.images.items():
        if image.status != CellState.OK:
            reason = f"{image.status}: {image.message}" if image.message else image.status
            raise GateError(f"{group} cannot be a baseline: '{name}' {reason}", "a baseline needs every image")
    entries = [_of_metric(group, metric, recording, facts) for metric in sorted(group.metrics, key=facts.metric_order)]
    if recording.pixels is not None:
        entries.append(_of_pixels(group, recording.pixels))
    return entries


def _of_metric(group: Group, metric: str, recording: Recording, facts: FolderFacts) -> str:
    values = group.values(metric, facts)
    for name, value in values.items():
        if not math.isfinite(value):
            raise GateError(f"{group} cannot be a baseline: {metric} of '{name}' is {value}", "look at that image")
    mean = float(clips.mean(np.array(list(values.values())), list(values)))
    margin = recording.margins.get(metric, MARGINS.get(metric, RELATIVE_MARGIN * abs(mean)))
    lines = [*_scope(group), f"metric = {literal(metric)}", f"value = {_decimal(mean)}", f"margin = {_decimal(margin)}"]
    if metric in recording.image_margins:
        lines += [f"image_margin = {_decimal(recording.image_margins[metric])}", "[threshold.images]"]
        lines += [f"{literal(name)} = {_decimal(value)}" for name, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def _of_pixels(group: Group, pixels: str | int) -> str:
    limit = f"max_abs = {pixels}" if isinstance(pixels, int) else f"pixels = {literal(pixels)}"
    lines = [*_scope(group), limit, "[threshold.sha256]"]
    for name, image in sorted(group.images.items()):
        if not image.sr_sha256:
            raise GateError(f"the pixels of {group} were not kept", "run again with --force and without --no-images")
        lines.append(f"{literal(name)} = {literal(image.sr_sha256)}")
    return "\n".join(lines) + "\n"


def _scope(group: Group) -> list[str]:
    lines = ["[[threshold]]", f"method = {literal(group.method)}", f"dataset = {literal(group.dataset)}"]
    lines += [f"scale = {group.scale}", f"protocol = {literal(group.protocol)}"]
    if group.degradation != "bicubic":
        lines.append(f"degradation = {literal(group.degradation)}")
    return lines


def _copy(groups: list[Group], results: Path, folder: Path) -> None:
    for group in groups:
        for name, image in group.images.items():
            copy_file(below(results, image.sr_path), folder / reference_path(group, name))


def _decimal(value: float) -> str:
    text = f"{value:.{_DIGITS}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
