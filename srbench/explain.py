"""Which protocol gives that number? One method's outputs scored under the settings in which papers and tools differ.

Most 'I cannot reproduce the paper' threads end at one of these: RGB in place of Y, Y in 0..255, another resize of the
LR images, another border, no rounding, grey images read as RGB, another SSIM. Each combination is a
:class:`srbench.protocol.Protocol`, and every number is made by the functions that a run uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
from torch import Tensor

from srbench import dataset, metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import facts_of
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, SrbenchError
from srbench.evaluation.example import Example, HrImage, planes_of, reading
from srbench.evaluation.inference import raw, rounded
from srbench.evaluation.scoring import compare, measure
from srbench.imaging.images import Pixels, below, pixel_hash, read_image
from srbench.method.base import Colour, Method
from srbench.metrics import Metric
from srbench.protocol.base import BASICSR, CLASSIC, PROTOCOLS, Protocol, Ssim
from srbench.results.reader import Reader

LR = {
    "matlab uint8": "MATLAB imresize of the uint8 RGB image",
    "matlab double": "MATLAB imresize of the RGB image in double",
    "matlab Y": "MATLAB imresize of Y in double; the method sees Y",
    "pillow": "Pillow's bicubic of the RGB image",
    "opencv": "OpenCV's bicubic (a = -0.75, no antialiasing) of the RGB image",
}
SPACES = {
    "Y": "Y of BT.601, 16..235",
    "Y uint8": "Y of BT.601, 16..235, rounded",
    "Y full": "full-range Y, rounded (OpenCV's and Pillow's grey)",
    "YIQ": "full-range Y of YIQ (pyiqa)",
    "RGB": "all three channels",
}
SSIMS: dict[Ssim, str] = {
    "gaussian": "gaussian 11x11",
    "gaussian-padded": "gaussian 11x11, padded",
    "uniform": "uniform 7x7",
}
# The fields of a protocol behind the words above.
_LR_FIELDS: dict[str, dict[str, Any]] = {
    "matlab uint8": {"working_space": "rgb", "lr_rounded": True},
    "matlab double": {"working_space": "rgb", "lr_rounded": False},
    "matlab Y": {"working_space": "luma", "lr_rounded": False},
    "pillow": {"working_space": "rgb", "lr_rounded": True, "resize": "pillow"},
    "opencv": {"working_space": "rgb", "lr_rounded": True, "resize": "opencv"},
}
_SPACE_FIELDS: dict[str, dict[str, Any]] = {
    "Y": {"space": "luma", "luma_rounded": False},
    "Y uint8": {"space": "luma", "luma_rounded": True},
    "Y full": {"space": "full-range", "luma_rounded": True},
    "YIQ": {"space": "full-range", "luma_rounded": False},
    "RGB": {"space": "rgb", "luma_rounded": False},
}
_SHAVES = ({"shave": 0}, {"shave": 1}, {"shave": 1, "shave_pixels": 6})


@dataclass(frozen=True)
class Setting:
    """A protocol in the words of papers, for one method, scale and dataset."""

    lr: str  # a key of LR
    space: str  # a key of SPACES
    shave: int  # pixels
    rounded: bool
    grey: str  # 'rgb', 'grey', or '' where no image is grey
    ssim: str  # a value of SSIMS, or '' where PSNR is measured


@dataclass(frozen=True)
class Row:
    """A protocol with its mean over the dataset, and in what it departs from the named protocol it is nearest to."""

    protocol: Protocol
    setting: Setting
    value: float
    difference: float  # to the expected number
    nearest: str
    departures: tuple[str, ...]  # empty: it is that protocol

    @property
    def name(self) -> str:
        return "" if self.departures else self.nearest


@dataclass(frozen=True)
class _Question:
    """What is measured of which images: all that the settings have in common."""

    name: str
    colour: Colour
    data: Dataset
    scale: int
    metric: Metric
    grey: bool  # an image of the dataset is grey

    def lr(self, protocol: Protocol) -> str:
        if protocol.resize != "matlab":
            return protocol.resize
        if self.on_luma(protocol):
            return "matlab Y"
        return "matlab uint8" if protocol.lr_rounded else "matlab double"

    def on_luma(self, protocol: Protocol) -> bool:
        """Whether the method is fed Y that the protocol degraded."""
        return protocol.working_space == "luma" and self.colour != "rgb"

    def setting(self, protocol: Protocol) -> Setting:
        measured = {"space": protocol.space, "luma_rounded": protocol.luma_rounded}
        return Setting(
            lr=self.lr(protocol),
            space=next(word for word, fields in _SPACE_FIELDS.items() if fields == measured),
            shave=protocol.border(self.scale),
            rounded=protocol.sr_rounded,
            grey=("rgb" if protocol.grey_as_rgb else "grey") if self.grey else "",
            ssim=SSIMS[protocol.ssim] if self.metric.name == "ssim" else "",
        )

    def grid(self) -> Iterator[Protocol]:
        """All protocols that are tried: those of one LR image follow each other, among them those of one rounding."""
        for lr, feeding in _LR_FIELDS.items():
            base = replace(CLASSIC, name="", title="", **feeding)
            if self.colour == "rgb" and lr == "matlab Y":
                continue  # an RGB method is fed RGB under every protocol
            on_luma = self.on_luma(base)
            # The Y that a method is fed is the Y that it is compared with.
            spaces = [_SPACE_FIELDS["Y uint8"]] if on_luma else _SPACE_FIELDS.values()
            greys = (True, False) if self.grey and not on_luma else (False,)
            ssims: Sequence[Ssim] = get_args(Ssim) if self.metric.name == "ssim" else ("gaussian",)
            for sr_rounded, grey, space, shave, ssim in product((True, False), greys, spaces, _SHAVES, ssims):
                yield replace(base, sr_rounded=sr_rounded, grey_as_rgb=grey, ssim=ssim, **space, **shave)


def explain(
    method: Method | None,
    name: str,
    dataset_name: str,
    scale: int,
    expected: float,
    decimals: int,
    *,
    metric: str = "psnr",
    results: Path | None = None,
) -> list[Row]:
    """Rows for all settings, nearest to ``expected`` first; at equal distance in the printed decimals, the fewest
    departures from a named protocol first.

    Args:
        method: None if it cannot be run here; then only the kept images of ``results`` are scored.
        name: under which the method stands in ``results``.
        decimals: of the expected number as it was printed.
        metric: 'psnr' or 'ssim'.

    Raises:
        SrbenchError: there is nothing to score; the method fails.
    """
    data = dataset.find(dataset_name)
    grey = any(image.read().ndim == 2 for image in data.images)
    colour = _colour_of_kept(results, name, data, scale) if method is None else method.card.colour
    question = _Question(name, colour, data, scale, metrics.get(metric), grey)
    values: dict[Protocol, list[float]] = {}
    for image in data.images:
        for protocol, value in _scores(question, method, image, results):
            values.setdefault(protocol, []).append(value)
    whole = {protocol: own for protocol, own in values.items() if len(own) == len(data.images)}
    if not whole:
        raise SrbenchError(
            f"there are no images of '{name}' on {data.name} x{scale} to score",
            "give a method that can run here, or --results with its kept images",
        )
    rows = [_row(question, protocol, float(np.mean(own)), expected) for protocol, own in whole.items()]
    return sorted(rows, key=lambda row: (_printed(row, expected, decimals), len(row.departures), abs(row.difference)))


def _printed(row: Row, expected: float, decimals: int) -> float:
    return round(abs(round(row.value, decimals) - expected), decimals)


def _row(question: _Question, protocol: Protocol, value: float, expected: float) -> Row:
    setting = question.setting(protocol)
    departures = {name: _departures(setting, question.setting(named)) for name, named in PROTOCOLS.items()}
    nearest = min(departures, key=lambda name: len(departures[name]))
    return Row(protocol, setting, value, value - expected, nearest, departures[nearest])


def _departures(setting: Setting, named: Setting) -> tuple[str, ...]:
    words = {
        "lr": f"LR by {LR[setting.lr]}",
        "space": f"measured on {SPACES[setting.space]}",
        "shave": f"{setting.shave} pixels shaved",
        "rounded": "SR not rounded",
        "grey": f"grey images read as {setting.grey}",
        "ssim": f"SSIM with {setting.ssim}",
    }
    return tuple(text for field, text in words.items() if getattr(setting, field) != getattr(named, field))


def _scores(
    question: _Question, method: Method | None, image: ImageFile, results: Path | None
) -> Iterator[tuple[Protocol, float]]:
    """The value of one image under every protocol of the grid that can be measured; what they share is made once."""
    pixels = image.read()
    outputs = _Outputs(question, method, _kept_by_lr(question, image, results))
    readings: dict[tuple[object, ...], HrImage] = {}  # HR images, by how they are read
    known: dict[Protocol, float | None] = {}
    for protocol in question.grid():
        same = replace(protocol, grey_as_rgb=False) if pixels.ndim == 3 else protocol
        if same not in known:
            hr = readings.setdefault(reading(same), HrImage(pixels, same)).under(same)
            known[same] = _value(question, outputs, hr)
        value = known[same]
        if value is not None:
            yield protocol, value


def _value(question: _Question, outputs: _Outputs, hr: HrImage) -> float | None:
    try:
        example = Example(hr, question.scale, Bicubic())
    except ImageError:  # too small for this border
        return None
    sr = outputs.of(example)
    score = None if sr is None else measure(question.metric, compare(sr, example))
    if score is not None and score.status == "error":
        raise SrbenchError(f"{question.metric.title}: {score.extra}", "see docs/metrics.md")
    return None if score is None or score.status in ("too small", "nan") else score.value


class _Outputs:
    """SR images of one HR image: the kept pixels where there are, else the method's, made once for each LR image."""

    def __init__(self, question: _Question, method: Method | None, kept: dict[str, Tensor]) -> None:
        self._question, self._method = question, method
        self._pixels = {(lr, True): sr for lr, sr in kept.items()}  # by LR image and whether it is rounded
        self._raw: dict[str, Tensor] = {}

    def of(self, example: Example) -> Tensor | None:
        lr, sr_rounded = self._question.lr(example.protocol), example.protocol.sr_rounded
        if (lr, sr_rounded) not in self._pixels:
            if self._method is None:
                return None
            if lr not in self._raw:
                self._raw[lr] = raw(self._method, example).cpu()
            self._pixels[lr, sr_rounded] = rounded(self._raw[lr], example)
        return self._pixels[lr, sr_rounded]


# -- kept images -----------------------------------------------------------------------------------------------


def _kept_by_lr(question: _Question, image: ImageFile, results: Path | None) -> dict[str, Tensor]:
    """SR images (1 or 3, H, W) that runs under the named protocols kept, by LR image."""
    found: dict[str, Tensor] = {}
    for protocol in (BASICSR, CLASSIC):
        kept = _kept(results, question.name, image, question.scale, protocol.name) if results else None
        if kept is None:
            continue
        planes, on_luma = planes_of(kept), question.on_luma(protocol)
        if on_luma and kept.ndim == 3:
            continue  # made by a program that was not fed Y
        found[question.lr(protocol)] = planes if on_luma else planes.expand(3, -1, -1)
    return found


def _colour_of_kept(results: Path | None, name: str, data: Dataset, scale: int) -> Colour:
    """What a program that is not here was fed, by its kept images: Y if those under ``classic`` are all Y."""
    if results is None:
        return "rgb"
    every = [_kept(results, name, image, scale, CLASSIC.name) for image in data.images]
    kept = [pixels for pixels in every if pixels is not None]
    return "luma" if kept and all(pixels.ndim == 2 for pixels in kept) else "rgb"


def _kept(results: Path, name: str, image: ImageFile, scale: int, rules: str) -> Pixels | None:
    """The newest kept SR image of a cell, if its file still has the pixels that were scored. The HR image is known by
    its pixels: what a folder is called in the results is not known here."""
    own = facts_of(image.read(), image.name)
    with Reader(results) as reader:
        outcomes = {row.cell_id: row.outcome for row in reader.outcomes() if row.outcome.sr_path}
        cells = [
            row.cell_id
            for row in reader.planned()
            if (row.facts.method, row.facts.image_sha256, row.facts.image_channels, row.facts.scale, row.facts.protocol)
            == (name, own.sha256, own.channels, scale, rules)
            and row.facts.options == ""
            and row.facts.degradation.partition("/")[0] == "bicubic"  # as all LR images here
        ]
    for cell in reversed(cells):
        if cell in outcomes:
            with suppress(ImageError):
                pixels = read_image(below(results, outcomes[cell].sr_path))
                if pixel_hash(pixels) == outcomes[cell].sr_sha256:
                    return pixels
    return None
