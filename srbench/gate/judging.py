"""Hold results against thresholds. Silence is not a pass: what is missing, NaN or only a part of the images fails."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from srbench import protocol
from srbench.errors import GateError, ImageError, UnknownNameError
from srbench.files import safe_name
from srbench.gate import latency
from srbench.gate.evidence import Evidence, Group, ImageResult
from srbench.gate.thresholds import ANY_SCALE, LATENCY, PIXELS, Facts, Threshold, ThresholdsFile, _is_pattern
from srbench.gate.verdict import Verdict
from srbench.imaging.images import below, pixel_hash, read_image
from srbench.records import CellState, ScoreState
from srbench.results import clips
from srbench.results.facts import FolderFacts, Kind

_EXACT = 1e-6  # a baseline has six decimals, and binary fractions make 28.42 - 28.40 a little more than 0.02


def check(evidence: Evidence, file: ThresholdsFile) -> list[Verdict]:
    """One verdict per threshold and per method, dataset and scale that it covers.

    Raises:
        UnknownNameError: a threshold names a method, metric or dataset that exists nowhere.
        GateError: the folder is empty, the baseline was measured under another protocol, dataset or metric, or nobody
            knows whether higher values of a metric are better, which a margin needs.
    """
    if not evidence.groups and not evidence.timings:
        raise GateError(f"there are no results in '{evidence.folder}'", "make some with: srbench run")
    _check_names(evidence, file)
    verdicts: list[Verdict] = []
    for threshold in file.thresholds:
        if threshold.metric == LATENCY:
            verdicts += latency.judge(evidence.timings, threshold)
            continue
        groups = _covered(evidence, threshold)
        if not groups:
            verdicts.append(_absent(threshold, "not in the results"))
        for group in groups:
            _check_facts(group, threshold, file)
            if threshold.metric == PIXELS:
                verdicts.append(_pixels(group, threshold, evidence.folder, file.facts))
            else:
                verdicts.append(_quality(group, threshold, evidence.facts))
    return verdicts


def _covered(evidence: Evidence, threshold: Threshold) -> list[Group]:
    if threshold.has_wildcard:
        return [group for group in evidence.groups if threshold.covers(group) and group.supported]
    own = evidence.by_scope.get(threshold.scope)  # of a baseline there is a threshold for every group
    return [] if own is None else [own]


def _check_names(evidence: Evidence, file: ThresholdsFile) -> None:
    thresholds = file.thresholds
    then = file.facts or Facts("", {}, {}, {})  # a user's own metrics and datasets may be known from the baseline alone
    methods = {group.method for group in evidence.groups} | {timing.method for timing in evidence.timings}
    datasets = {group.dataset for group in evidence.groups} | {timing.subject for timing in evidence.timings}
    named = {name for t in thresholds for name in (t.method, t.relative_to) if name and not _is_pattern(name)}
    _require("method", named, methods, evidence.facts)
    quality = [t for t in thresholds if t.metric not in (LATENCY, PIXELS)]
    measured = {metric for group in evidence.groups for metric in group.metrics}
    _require("metric", {t.metric for t in quality}, measured | set(then.metrics), evidence.facts)
    named = {t.dataset for t in thresholds if t.metric != LATENCY and not _is_pattern(t.dataset)}
    _require("dataset", named, datasets | set(then.datasets), evidence.facts)
    known = {group.protocol for group in evidence.groups} | set(then.protocols)
    for name in sorted({t.protocol for t in thresholds if not _is_pattern(t.protocol)} - known):
        if name not in protocol.names():
            raise UnknownNameError("protocol", name, known | set(protocol.names()))


def _require(kind: Kind, named: set[str], found: set[str], facts: FolderFacts) -> None:
    """What is not in the results must at least exist: a name that nobody knows is a mistake in the file."""
    for name in sorted(named - found):
        if not facts.knows(kind, name):
            raise UnknownNameError(kind, name, found | facts.names(kind))


def _check_facts(group: Group, threshold: Threshold, file: ThresholdsFile) -> None:
    if file.facts is None or not (threshold.sha256 or threshold.images or not math.isnan(threshold.value)):
        return
    facts, metric = file.facts, threshold.metric
    for what, then, now in (
        (f"protocol {group.protocol}", facts.protocols.get(group.protocol), group.protocol_hash),
        (f"dataset {group.dataset}", facts.datasets.get(group.dataset), group.dataset_version),
        (f"metric {metric}", facts.metrics.get(metric), group.metric_versions.get(metric)),
    ):
        if then is not None and now is not None and then != now:
            raise GateError(
                f"the baseline of '{file.path}' was measured under another version of {what} ({then}; these results: "
                f"{now})",
                "write the baseline anew: srbench check --write-baseline",
            )


def _absent(threshold: Threshold, reason: str) -> Verdict:
    return Verdict(
        threshold,
        threshold.method,
        threshold.dataset,
        threshold.scale if threshold.scale != ANY_SCALE else 0,
        "fail",
        reason=reason,
        protocol=threshold.protocol,
    )


def _verdict(group: Group, threshold: Threshold, faults: list[tuple[str, float]], **more: object) -> Verdict:
    shorts = [short for _, short in faults if not math.isnan(short)]
    return Verdict(
        threshold,
        group.method,
        group.dataset,
        group.scale,
        "fail" if faults else "pass",
        reason="; ".join(reason for reason, _ in faults),
        short=max(shorts, default=math.nan),
        protocol=group.protocol,
        **more,  # type: ignore[arg-type]
    )


# -- quality -----------------------------------------------------------------------------------------------------


def _quality(group: Group, threshold: Threshold, facts: FolderFacts) -> Verdict:
    t = threshold
    higher = facts.metric(t.metric).higher_is_better
    limit = _limit(t, higher is not False)
    if t.metric not in group.metrics and all(image.status == CellState.OK for image in group.images.values()):
        return _verdict(group, t, [(f"{t.metric} was not computed", math.nan)], limit=limit)
    values = group.values(t.metric, facts)
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    mean = float(clips.mean(np.array(list(finite.values())), list(finite))) if finite else math.nan
    if len(finite) < len(values):
        return _verdict(group, t, [(_gap(group, t.metric, values), math.nan)], limit=limit, measured=mean)
    if higher is None and not (math.isnan(t.margin) and math.isnan(t.image_margin)):
        raise GateError(f"{t}: nobody knows whether a higher {t.metric} is better", "run again, or ask for min or max")
    worse = -1.0 if higher is False else 1.0
    faults: list[tuple[str, float]] = []
    if mean < t.min:
        faults.append((f"below {t.min:g}", t.min - mean))
    if mean > t.max:
        faults.append((f"above {t.max:g}", mean - t.max))
    if not math.isnan(t.margin) and (loss := worse * (t.value - mean)) > t.margin + _EXACT:
        faults.append((f"worse than the baseline's {t.value:g} by {loss:.4f}, more than {t.margin:g}", loss - t.margin))
    faults_of_images = _images(values, t, worse)
    reason, names = _tell(faults_of_images, values)
    if reason:
        faults.append((reason, max(faults_of_images.values())))
    return _verdict(group, t, faults, limit=limit, measured=mean, images=names)


def _gap(group: Group, metric: str, values: dict[str, float]) -> str:
    """Why a mean is not over all images, naming one of those that are not in it."""
    without = [name for name, value in values.items() if not math.isfinite(value)]
    image = group.images[without[0]]
    cause = image.statuses.get(metric, "") or image.status
    if cause == ScoreState.OK:
        cause = "no value"
    elif cause == ScoreState.NAN:
        cause = ScoreState.NAN.word
    cause += f": {image.message}" if image.message else ""
    have = len(values) - len(without)
    count = "no value" if have == 0 else f"only {have} of {len(values)} images have a value"
    return f"{count} ('{without[0]}': {cause})"


def _images(values: dict[str, float], t: Threshold, worse: float) -> dict[str, float]:
    """How far each image falls short of the limits for images."""
    short: dict[str, float] = {}
    for name, value in values.items():
        gaps = [t.image_min - value, value - t.image_max]
        if not math.isnan(t.image_margin):
            if name not in t.images:
                raise GateError(f"the baseline has no image '{name}' of {t}", "write the baseline anew")
            gap = worse * (t.images[name] - value) - t.image_margin
            gaps.append(gap if gap > _EXACT else 0.0)
        if max(gaps) > 0:
            short[name] = max(gaps)
    for name in t.images:
        if name not in values and not math.isnan(t.image_margin):
            raise GateError(f"image '{name}' of {t} is in the baseline, not in the results", "write the baseline anew")
    return short


def _tell(short: dict[str, float], values: dict[str, float]) -> tuple[str, tuple[str, ...]]:
    names = tuple(sorted(short, key=lambda name: -short[name]))
    if not names:
        return "", ()
    worst = names[0]
    others = f", and {len(names) - 1} more" if len(names) > 1 else ""
    reason = f"image '{worst}' at {values[worst]:.4f} falls short by {short[worst]:.4f}{others} of {len(values)} images"
    return reason, names


def _limit(t: Threshold, higher: bool) -> str:
    parts = []
    if math.isfinite(t.min):
        parts.append(f"≥ {t.min:g}")
    if math.isfinite(t.max):
        parts.append(f"≤ {t.max:g}")
    if not math.isnan(t.margin):
        parts.append(f"{t.value:g} {'-' if higher else '+'} {t.margin:g}")
    if math.isfinite(t.image_min) or math.isfinite(t.image_max):
        low = f"≥ {t.image_min:g}" if math.isfinite(t.image_min) else ""
        high = f"≤ {t.image_max:g}" if math.isfinite(t.image_max) else ""
        parts.append(f"each image {low} {high}".replace("  ", " ").rstrip())
    if not math.isnan(t.image_margin):
        parts.append(f"each image {'-' if higher else '+'} {t.image_margin:g}")
    return ", ".join(parts)


# -- pixels ------------------------------------------------------------------------------------------------------


def _pixels(group: Group, threshold: Threshold, folder: Path, facts: Facts | None) -> Verdict:
    """``measured`` is the number of images whose pixels are not within the limit."""
    t = threshold
    limit = "identical" if t.pixels else f"max_abs {t.max_abs}"
    moved: dict[str, str] = {}
    for name in [*t.sha256, *(name for name in group.images if name not in t.sha256)]:
        image = group.images.get(name)
        if image is None:
            moved[name] = "not in the results"
        elif name not in t.sha256:
            moved[name] = "not in the baseline"
        elif image.status != CellState.OK:
            moved[name] = f"{image.status}: {image.message}"
        elif not image.sr_sha256:
            moved[name] = "its pixels were not kept (srbench run without --no-images, with --force)"
        elif image.sr_sha256 != t.sha256[name]:
            reason = _difference(image, name, group, t, folder, facts)
            if reason:
                moved[name] = reason
    if not moved:
        return _verdict(group, t, [], limit=limit, measured=0.0)
    first, reason = next(iter(moved.items()))
    text = f"{len(moved)} of {len(group.images)} images have other pixels: '{first}' {reason}"
    return _verdict(group, t, [(text, math.nan)], limit=limit, measured=float(len(moved)), images=tuple(moved))


def _difference(image: ImageResult, name: str, group: Group, t: Threshold, folder: Path, facts: Facts | None) -> str:
    """How an image differs from the baseline's; empty if it is within ``max_abs``."""
    if t.pixels:
        return f"sha256 {image.sr_sha256[:12]}..., not {t.sha256[name][:12]}..."
    if facts is None or facts.images is None:
        raise GateError(f"{t}: max_abs needs the baseline's SR images", "write it with --pixels 1, or use pixels")
    path = facts.images / reference_path(group, name)
    try:
        before, now = read_image(path), read_image(below(folder, image.sr_path))
    except ImageError as error:
        raise GateError(f"{t}: {error.message}", "write the baseline anew, keep its images") from error
    for pixels, sha256, whose in ((before, t.sha256[name], path), (now, image.sr_sha256, folder / image.sr_path)):
        if pixel_hash(pixels) != sha256:
            raise GateError(f"'{whose}' does not hold the pixels it was written with", "write the baseline anew")
    if before.shape != now.shape:
        return f"has shape {now.shape}, not {before.shape}"
    apart = np.abs(before.astype(int) - now.astype(int))
    if apart.max() <= t.max_abs:
        return ""
    return f"differs by up to {apart.max()} in {np.count_nonzero(apart > t.max_abs)} values"


def reference_path(group: Group, image: str) -> Path:
    """Where a baseline keeps an SR image, below its folder of images."""
    parts = (group.protocol, group.dataset, f"x{group.scale}", group.method, image)
    *folders, name = (safe_name(part) if "/" in part else part for part in parts)
    return Path(*folders, f"{name}.png")
