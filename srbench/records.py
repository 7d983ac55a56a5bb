"""What a run says, as plain records: cells, their outcomes and scores, canaries, timings.

Whoever writes, stores, reads or shows results shares them, so they need nothing but the standard library.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

ENTROPY_BITS = 8.0  # per sub-pixel: white in a kept map of the entropy
VERSION_STEP = 10**12  # between declared versions of a user's metric: below it stands a hash of its files
NO_DEGRADATION = "none"  # the degradation of images without an original: they are the LR images
BESIDE = "+"  # in CellFacts.lr_sha256: before the hash over all frames that the method is given
GIVEN = "given"  # the degradation of LR images that came with the HR images
WIDE = 0.25  # interquartile range over median from which a timing says little (torch's own limit)


class CellState(StrEnum):
    """How a cell stands."""

    OK = "ok"
    FAILED = "failed"
    NOT_SUPPORTED = "not supported"  # the method does not do this (a scale, a size); no failure
    PENDING = "pending"  # planned, not computed yet
    NOT_SCORED = "not scored"  # computed, and no metric of its run could be measured; only shown, never stored

    @property
    def has_value(self) -> bool:
        return self is CellState.OK

    @property
    def is_failure(self) -> bool:
        return self is CellState.FAILED

    @property
    def word(self) -> str:
        """For people."""
        return self.value


class ScoreState(StrEnum):
    """What a metric gave. Only :attr:`OK` values enter means."""

    OK = "ok"
    IDENTICAL = "identical"  # an infinite PSNR
    NAN = "nan"
    TOO_SMALL = "too small"
    ERROR = "error"  # the metric raised

    @property
    def has_value(self) -> bool:
        return self is ScoreState.OK

    @property
    def is_failure(self) -> bool:
        """Whether there should be a value and is none."""
        return self in (ScoreState.NAN, ScoreState.TOO_SMALL, ScoreState.ERROR)

    @property
    def word(self) -> str:
        """For people."""
        return {ScoreState.NAN: "NaN", ScoreState.ERROR: "failed"}.get(self, self.value)


@dataclass(frozen=True)
class CellFacts:
    """Everything that decides an SR image and its scores; what is stored with them. ``key`` identifies it."""

    method: str
    method_hash: str  # of plugin source and weights
    dataset: str
    dataset_version: int
    image: str
    image_sha256: str
    image_channels: int  # 1 or 3: a grey image and its copy in three equal channels have one pixel hash
    scale: float
    degradation: str
    protocol: str
    protocol_hash: str
    options: str = ""  # what else changes the output (tiles, self-ensemble, precision), as JSON; empty if nothing does
    lr_sha256: str = ""  # of a given LR image's pixels; of frames of a clip, BESIDE and of all that the method sees
    frames: int = 1  # that the method sees
    precision: str = "fp32"  # in which the method computes

    def values(self) -> dict[str, str | int]:
        """All fields by name."""
        # asdict copies deeply: a fifth of a millisecond for each of what may be a hundred thousand cells.
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) over all fields; of those that came later only where they are not the default, so that a cell
        keeps the key it was stored under."""
        own = zip(_FACTS, _LATER, _values_of(self), strict=True)
        parts = [f'"{name}": {_as_json(value)}' for name, default, value in own if value != default]
        return hashlib.sha256(f"{{{', '.join(parts)}}}".encode()).hexdigest()

    @property
    def given_lr(self) -> str:
        """Hash of a given LR image's pixels; empty where the degradation makes the LR image."""
        return self.lr_sha256.partition(BESIDE)[0]

    def __str__(self) -> str:
        return f"{self.method} on {self.dataset}/{self.image} x{self.scale}"


_LATER_FACTS = {"lr_sha256": "", "frames": 1, "precision": "fp32"}
_FACTS = sorted(CellFacts.__dataclass_fields__)
_LATER = [_LATER_FACTS.get(name) for name in _FACTS]
_values_of = operator.attrgetter(*_FACTS)
# The cells of a campaign, a million and more, share nearly all of their values.
_as_json = functools.lru_cache(1 << 16, typed=True)(json.dumps)


@dataclass(frozen=True)
class Outcome:
    """How a cell ended. ``status`` is a :class:`CellState`."""

    status: str
    message: str = ""
    traceback: str = ""
    seconds: float = 0.0  # of the method alone, wall clock
    sr_path: str = ""  # below the results folder; empty if the image was not kept
    sr_sha256: str = ""
    host: str = ""  # the machine that computed it; empty if it is the one in the run's manifest
    handling: str = ""  # what is to be known of how it was computed, as JSON (:mod:`srbench.results.handling`)


@dataclass(frozen=True)
class Score:
    """A metric's value on one image. ``status`` is a :class:`ScoreState`.

    ``extra`` is JSON: what a metric keeps beside its value, or the reason (``message``) why there is none.
    """

    metric: str
    version: int
    value: float
    status: str
    extra: str = ""


@dataclass(frozen=True)
class Entry:
    """What is added to the store of one cell. ``outcome`` is None when only scores are added to a known image."""

    cell_id: int
    outcome: Outcome | None
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Known:
    """What the store already has of a cell: its newest outcome, and of every metric (name, version) scored on it the
    status of the newest score."""

    outcome: Outcome | None
    metrics: Mapping[tuple[str, int], str]


@dataclass(frozen=True)
class Canary:
    """Bicubic's PSNR on one dataset and scale against the value it must have. ``verdict``: good, off or none."""

    dataset: str
    scale: float
    measured: float | None
    expected: float | None
    verdict: str
    cause: str = ""


@dataclass(frozen=True)
class TrainingFacts:
    """Of the training behind a method's weights at one scale.

    ``images`` are the training images by folder, ``started_from`` says which weights it went on from.
    ``content_features`` names the networks whose features were in the loss. ``curve`` holds (step, validation PSNR in
    dB), ``bicubic`` the PSNR of bicubic interpolation on the same validation images (None: not known).
    """

    parameters: int
    steps: int
    wall_seconds: float
    device: str
    images: Mapping[str, int] = field(default_factory=dict)
    started_from: str = ""
    content_features: tuple[str, ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    bicubic: float | None = None


@dataclass(frozen=True)
class Timing:
    """One method on one input under one variant. ``status`` is a :class:`CellState`.

    ``seconds`` are those of every call; the i-th calls of all timings of one ``session`` and subject were made in
    the same round.
    """

    method: str
    subject: str  # an LR size such as '320x180', or the dataset that the image is from
    scale: float
    lr_size: Sequence[int]  # width, height
    channels: int
    device: str
    variant: str  # 'fp32', 'fp16', 'bf16', each perhaps with ' channels_last'
    threads: int
    session: str
    status: str = "ok"
    message: str = ""
    seconds: Sequence[float] = ()
    method_hash: str = ""
    image: str = ""
    peak_memory: int | None = None  # bytes a call takes above weights and input, from the CUDA allocator
    parameters: int | None = None
    mult_adds: int | None = None  # at 1280x720 output
    machine: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} on {self.subject} x{self.scale} ({self.device}, {self.variant})"

    @property
    def median(self) -> float:
        return self._percentile(50)

    @property
    def mean(self) -> float:
        return math.fsum(self.seconds) / len(self.seconds) if self.seconds else math.nan

    @property
    def quartiles(self) -> tuple[float, float]:
        return self._percentile(25), self._percentile(75)

    @property
    def p95(self) -> float:
        return self._percentile(95)

    @property
    def spread(self) -> float:
        """Interquartile range over median."""
        low, high = self.quartiles
        return (high - low) / self.median

    @property
    def noisy(self) -> bool:
        """Whether the spread is too wide for the median to mean much."""
        return not self.spread <= WIDE

    @property
    def megapixels_per_second(self) -> float:
        """Of output."""
        return self.lr_size[0] * self.lr_size[1] * self.scale**2 / 1e6 / self.median

    def _percentile(self, q: float) -> float:
        """Interpolated linearly between the calls on either side, as numpy does."""
        ordered = sorted(self.seconds)
        if not ordered:
            return math.nan
        place = (len(ordered) - 1) * q / 100
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def labels(rows: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What each of some rows, a method and its options (as JSON), is called: no two alike.

    That is :func:`label`, unless it is another row's too, such as the name of a method that is called 'vdsr+'; then
    the options are spelled out: 'vdsr (self-ensemble)'. A method without options always has its own name.
    """
    rows = sorted(set(rows), key=lambda row: (row[1] != "", row))
    short = Counter(label(*row) for row in rows)
    found: dict[tuple[str, str], str] = {}
    for method, options in rows:
        text = label(method, options)
        if options and short[text] > 1:
            text = f"{method} ({_spelled_out(options)})"
        while text in found.values():
            text += "'"
        found[method, options] = text
    return found


def _spelled_out(options: str) -> str:
    words = {name.replace("_", "-"): value for name, value in json.loads(options).items()}
    return ", ".join(name if value is True else f"{name} {value}" for name, value in words.items())


def label(method: str, options: str) -> str:
    """A method's name with its options (as JSON) behind it: 'vdsr+ (tile 128)', 'pixelcnn (seed 1)', 'edsr (fp16)'."""
    chosen = json.loads(options) if options else {}
    precision = f" ({chosen['precision']})" if chosen.get("precision") else ""
    behind = "".join(f" ({name} {chosen[name]})" for name in ("tile", "seed", "frames") if chosen.get(name))
    return f"{method}{'+' if chosen.get('self_ensemble') else ''}{precision}{behind}"


def declared_version(version: int) -> int:
    """The version of a metric as its author counts."""
    return version // VERSION_STEP or version
