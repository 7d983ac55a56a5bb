"""The thresholds file: what is asked of the results, and the measured values of a baseline."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from srbench import protocol, tomlfile
from srbench.errors import GateError, SrbenchError, UnknownNameError
from srbench.files import expanded
from srbench.scale import checked

PIXELS = "pixels"  # what 'metric' is of a limit on SR pixels
LATENCY = "latency"
ANY_SCALE = 0


@dataclass(frozen=True)
class Limits:
    """Limits on one metric of the methods, datasets and scales that match, as a file has them.

    ``method``, ``dataset``, ``protocol`` and ``degradation`` are names, or patterns with ``*``, ``?`` and ``[...]``;
    ``scale`` is ANY_SCALE for ``"*"``. Of a latency, ``dataset`` is what was timed: a dataset or an LR size.
    """

    method: str
    dataset: str
    scale: float | int  # msgspec would make a float of every whole number
    metric: str
    protocol: str = "basicsr"
    degradation: str = "bicubic"
    min: float = -math.inf  # of the mean over the images
    max: float = math.inf
    image_min: float = -math.inf  # of every image
    image_max: float = math.inf
    value: float = math.nan  # measured before; the mean may be worse by ``margin``
    margin: float = math.nan
    image_margin: float = math.nan  # an image may be worse by so much than its value in ``images``
    images: Mapping[str, float] = field(default_factory=dict)
    pixels: Literal["", "identical"] = ""
    max_abs: int = 0  # largest difference of a pixel's value, 0..255, to the stored image
    sha256: Mapping[str, str] = field(default_factory=dict)  # of the SR pixels, by image
    max_ratio: float = math.inf  # of a latency: how many times that of ``relative_to``
    relative_to: str = ""


@dataclass(frozen=True)
class Threshold(Limits):
    """Limits, and the line of the file in which they begin."""

    line: int = 0

    def __str__(self) -> str:
        scale = "*" if self.scale == ANY_SCALE else self.scale
        where = "" if self.metric == LATENCY else f" ({self.protocol}, {self.degradation})"
        return f"{self.method} {self.dataset} x{scale} {self.metric}{where}"

    @property
    def has_wildcard(self) -> bool:
        texts = (self.method, self.dataset, self.protocol, self.degradation)
        return self.scale == ANY_SCALE or any(_is_pattern(text) for text in texts)

    @property
    def scope(self) -> tuple[str, str, float, str, str]:
        """What it is of. Without a wildcard it covers what has the same scope, and nothing else."""
        return self.method, self.dataset, self.scale, self.protocol, self.degradation

    def covers(self, other: Any) -> bool:
        """Whether ``other``, with the same five attributes, is one of those meant. A name that is the same in every
        letter always matches, so that brackets in a name are no pattern."""
        return self.scale in (ANY_SCALE, other.scale) and all(
            (own := getattr(self, name)) == getattr(other, name) or fnmatchcase(getattr(other, name), own)
            for name in ("method", "dataset", "protocol", "degradation")
        )


@dataclass(frozen=True)
class Facts:
    """What a baseline was measured under: versions by name. ``images`` is the folder of its SR images, if kept."""

    srbench: str
    protocols: Mapping[str, str]  # hashes
    datasets: Mapping[str, int]
    metrics: Mapping[str, int]
    images: Path | None = None


@dataclass(frozen=True)
class ThresholdsFile:
    """A thresholds file that was read. ``facts`` is there if some of its limits come from a baseline."""

    path: Path
    thresholds: tuple[Threshold, ...]
    facts: Facts | None = None


def read(path: Path) -> ThresholdsFile:
    """The thresholds of a file; those that refer to a baseline file are filled in from it.

    Raises:
        GateError: no such file, TOML that does not parse (with line and column), no thresholds, a missing key, a
            value of the wrong type, bounds that contradict each other, a baseline that lacks what is referred to.
        UnknownNameError: an unknown key or metric.
    """
    text, table = tomlfile.read(path, "thresholds", GateError)
    for key in sorted(set(table) - {"threshold", "baseline"}):
        raise UnknownNameError("key", key, ["threshold", "baseline"])
    entries = table.get("threshold", [])
    if not isinstance(entries, list) or not entries:
        raise GateError(f"'{path}' holds no thresholds", "add a [[threshold]] table (docs/ci.md)")
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if re.match(r"\s*\[\[\s*threshold\s*\]\]", line)]
    if len(lines) != len(entries):  # an inline array
        lines = [0] * len(entries)
    named = table.get("baseline")
    reference = read(path.parent / named) if isinstance(named, str) else None
    measured = None if reference is None else _Measured(reference)
    own = _facts(named, path) if isinstance(named, dict) else None
    if named is not None and reference is None and own is None:
        raise GateError(f"'baseline' in '{path}' is neither a path nor a table", "see docs/ci.md")
    found: list[Threshold] = []
    for number, (entry, line) in enumerate(zip(entries, lines, strict=True), start=1):
        where = f"threshold {number} of '{path}'" + (f" (line {line})" if line else "")
        found += _resolve(_parse(entry, where, line, path.parent), measured, where)
    _contradictions(found, path)
    return ThresholdsFile(path, tuple(found), own or (reference.facts if reference else None))


_NUMBERS = ("min", "max", "image_min", "image_max", "value", "margin", "image_margin", "max_ratio")


def _parse(entry: Any, where: str, line: int, folder: Path) -> Threshold:
    if not isinstance(entry, dict):
        raise GateError(f"{where} is not a table", "write it as [[threshold]]")
    entry = dict(entry)
    if "pixels" in entry or "max_abs" in entry:
        entry.setdefault("metric", PIXELS)
    anywhere = entry.get("scale") == "*"
    if anywhere:
        entry["scale"] = ANY_SCALE
    threshold = Threshold(**vars(tomlfile.convert(entry, Limits, lambda keys: where, GateError)), line=line)
    if not anywhere:
        try:
            threshold = replace(threshold, scale=checked(threshold.scale))
        except SrbenchError as error:
            hint = 'give a number of at least 1, or "*"'
            raise GateError(f"{where}: scale = {threshold.scale} is not a scale", hint) from error
    for key in _NUMBERS:
        if key in entry and not math.isfinite(entry[key]):
            raise GateError(f"{where}: {key} = {entry[key]} is not a finite number", "fix the value")
    _check_kind(threshold, entry, where)
    _check_bounds(threshold, where)
    if protocol.is_file(threshold.protocol):  # stands beside the thresholds
        return replace(threshold, protocol=protocol.get(str(folder / expanded(threshold.protocol))).name)
    return threshold


_OF_PIXELS = {"pixels", "max_abs", "sha256"}
_OF_LATENCY = {"max_ratio", "relative_to"}
_SCOPE = {"method", "dataset", "scale", "metric", "protocol", "degradation"}


def _check_kind(threshold: Threshold, entry: dict[str, Any], where: str) -> None:
    limits = set(entry) - _SCOPE
    if threshold.metric == PIXELS:
        strange, needed = limits - _OF_PIXELS, {"pixels", "max_abs"}
        if "max_abs" in entry and (threshold.pixels or not 1 <= threshold.max_abs <= 255):
            raise GateError(f"{where}: max_abs = {threshold.max_abs}", 'give 1 to 255, or pixels = "identical" instead')
    elif threshold.metric == LATENCY:
        strange, needed = limits - _OF_LATENCY, {"max_ratio"}
        if not threshold.relative_to:
            raise GateError(f"{where} has no 'relative_to'", 'add the reference, for example relative_to = "bicubic"')
        if threshold.max_ratio <= 0:
            raise GateError(f"{where}: max_ratio = {threshold.max_ratio:g} is not above 0", "fix the value")
    else:
        strange = limits & (_OF_PIXELS | _OF_LATENCY)
        needed = {"min", "max", "image_min", "image_max", "margin", "image_margin"}
    if strange:
        raise GateError(f"{where}: '{sorted(strange)[0]}' is no limit of {threshold.metric}", "see docs/ci.md")
    if not limits & needed:
        raise GateError(f"{where} has no limit (neither min nor max ...)", f"give one of {', '.join(sorted(needed))}")
    for key in ("margin", "image_margin"):
        if key in entry and entry[key] < 0:
            raise GateError(f"{where}: {key} = {entry[key]:g} is below 0", "a margin is 0 or more")
    for image, value in threshold.images.items():
        if math.isnan(value):
            raise GateError(f"{where}: images.{image} = {value}", "write the baseline anew")


def _check_bounds(t: Threshold, where: str) -> None:
    # A mean lies between the smallest and the largest image.
    for low, high in ((t.min, t.max), (t.image_min, t.image_max), (t.image_min, t.max), (t.min, t.image_max)):
        if low > high:
            raise GateError(f"{where}: nothing lies between {low:g} and {high:g}", "fix the bounds")


def _contradictions(thresholds: list[Threshold], path: Path) -> None:
    """Raise GateError where one threshold wants more than another on the same results allows.

    Only those that bound a mean are looked at, and pair by pair only patterns: a baseline has thousands that do not.
    """
    bounded = [t for t in thresholds if math.isfinite(t.min) or math.isfinite(t.max)]
    tightest: dict[tuple[object, ...], tuple[Threshold, Threshold]] = {}  # the largest min, the smallest max
    for t in bounded:
        key = (t.metric, *t.scope)
        low, high = tightest.get(key, (t, t))
        tightest[key] = (max(low, t, key=lambda x: x.min), min(high, t, key=lambda x: x.max))
        _require_room(*tightest[key], path)
    for pattern in (t for t in bounded if t.has_wildcard):
        for other in bounded:
            if pattern.metric == other.metric and (pattern.covers(other) or other.covers(pattern)):
                _require_room(max(pattern, other, key=lambda t: t.min), min(pattern, other, key=lambda t: t.max), path)


def _require_room(low: Threshold, high: Threshold, path: Path) -> None:
    if low.min > high.max:
        raise GateError(
            f"'{path}': min = {low.min:g} in line {low.line} and max = {high.max:g} in line {high.line} "
            f"contradict each other for {high if low.has_wildcard else low}",
            "fix the bounds",
        )


class _Measured:
    """The thresholds of a baseline, found at once by what they are of."""

    def __init__(self, file: ThresholdsFile) -> None:
        self.path = file.path
        self._thresholds = file.thresholds
        self._exact: dict[tuple[object, ...], list[Threshold]] = {}
        for t in file.thresholds:
            self._exact.setdefault((t.metric, *t.scope), []).append(t)

    def covered(self, threshold: Threshold) -> list[Threshold]:
        """Those of the same metric that ``threshold`` covers."""
        if not threshold.has_wildcard:
            return self._exact.get((threshold.metric, *threshold.scope), [])
        return [t for t in self._thresholds if t.metric == threshold.metric and threshold.covers(t)]


def _resolve(threshold: Threshold, reference: _Measured | None, where: str) -> list[Threshold]:
    """The threshold itself, or one per value of the baseline that it refers to."""
    t = threshold
    lacks_value = not math.isnan(t.margin) and math.isnan(t.value)
    lacks_images = not math.isnan(t.image_margin) and not t.images
    lacks_pixels = t.metric == PIXELS and not t.sha256
    if not (lacks_value or lacks_images or lacks_pixels):
        return [t]
    if reference is None:
        missing = "hashes of pixels" if lacks_pixels else "measured values"
        raise GateError(f"{where} has no {missing} to compare with", 'add baseline = "FILE" at the top (docs/ci.md)')
    found = [
        replace(
            t,
            **{name: getattr(b, name) for name in ("method", "dataset", "scale", "protocol", "degradation")},
            value=b.value if lacks_value else t.value,
            images=t.images or b.images,
            sha256=t.sha256 or b.sha256,
        )
        for b in reference.covered(t)
    ]
    if lacks_images and any(not f.images for f in found):
        found = []
    if not found:
        raise GateError(f"{where}: the baseline '{reference.path}' has nothing for {t}", "write the baseline anew")
    return found


def _facts(table: dict[str, Any], path: Path) -> Facts:
    shape = {"srbench": str, "protocols": dict, "datasets": dict, "metrics": dict}
    for key in sorted(set(table) - {*shape, "images"}):
        raise UnknownNameError(f"key in [baseline] of '{path}'", key, [*shape, "images"])
    for key, kind in shape.items():
        if not isinstance(table.get(key), kind):
            raise GateError(f"[baseline] of '{path}' has no '{key}'", "write the baseline anew")
    images = path.parent / table["images"] if isinstance(table.get("images"), str) else None
    return Facts(**{key: table[key] for key in shape}, images=images)


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")
