"""From the samples of a file to an upright picture, of 8 and of 16 bits alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Deep = NDArray[np.uint16] | NDArray[np.uint8]

COLOURS = {"grey": 1, "rgb": 3, "cmyk": 4}
_BLOCK = 1 << 20  # samples that are computed with at a time, in 64 bits


@dataclass(frozen=True)
class Picture:
    """``pixels`` (H, W) or (H, W, 3) and ``alpha`` (H, W) or None, both uint8 or both uint16."""

    pixels: Deep
    alpha: Deep | None = None

    def planes(self) -> Deep:
        """(H, W, C): grey or RGB, then the alpha channel if there is one."""
        pixels = self.pixels if self.pixels.ndim == 3 else self.pixels[..., None]
        return pixels if self.alpha is None else np.concatenate([pixels, self.alpha[..., None]], axis=2)


@dataclass(frozen=True)
class Samples:
    """What a file holds, and what its tags say of it.

    ``values`` (H, W, C), uint8 or uint16, are the colours of ``space``, then the alpha channel if there is one. Further
    channels mean nothing. ``alpha`` is 'associated' where the colours are stored multiplied by it. ``transparent`` is
    the one colour that is not seen. ``orientation`` is that of EXIF, 1 to 8.
    """

    values: Deep
    space: Literal["grey", "rgb", "cmyk"]
    white_is_zero: bool = False
    alpha: Literal["", "straight", "associated"] = ""
    transparent: tuple[int, ...] | None = None
    orientation: int = 1


def upright(samples: Samples) -> Picture:
    """Grey or RGB with straight alpha, as it is to be seen. Samples of 257 times the value give pixels of 257 times
    the value, up to what is rounded: halves up."""
    values, count = samples.values, COLOURS[samples.space]
    colours: Any = values[..., :count]
    alpha: Any = values[..., count] if samples.alpha else None
    if samples.transparent is not None:
        hidden = (colours == np.array(samples.transparent)).all(axis=2)
        alpha = np.where(hidden, 0, _white(values)).astype(values.dtype)
    if alpha is not None and samples.alpha == "associated":
        colours = _divided(colours, alpha)
    if samples.white_is_zero:
        colours = _white(values) - colours
    if samples.space == "cmyk":
        colours = _rgb_of_cmyk(colours)
    pixels = colours[..., 0] if colours.shape[2] == 1 else colours
    return Picture(
        np.ascontiguousarray(_turned(pixels, samples.orientation)),
        None if alpha is None else np.ascontiguousarray(_turned(alpha, samples.orientation)),
    )


def _white(values: Deep) -> Any:
    return values.dtype.type(np.iinfo(values.dtype).max)


def _blocks(values: Deep) -> Iterator[slice]:
    """Rows, in parts that are small enough to be computed in 64 bits."""
    height, width, channels = values.shape
    step = max(1, _BLOCK // max(1, width * channels))
    return (slice(row, row + step) for row in range(0, height, step))


def _divided(colours: Deep, alpha: Deep) -> Deep:
    """Colours that were multiplied by alpha, without it; black where nothing is seen."""
    white = int(_white(colours))
    result = np.empty_like(colours)
    for rows in _blocks(colours):
        by = alpha[rows, :, None].astype(np.int64)
        product = colours[rows].astype(np.int64) * white + by // 2
        result[rows] = np.where(by == 0, 0, np.minimum(product // np.maximum(by, 1), white))
    return result


def _rgb_of_cmyk(inks: Deep) -> Deep:
    """What is left of white under the inks, without a colour profile."""
    white = int(_white(inks))
    result = np.empty((*inks.shape[:2], 3), inks.dtype)
    for rows in _blocks(inks):
        paper = white - inks[rows].astype(np.int64)
        result[rows] = (paper[..., :3] * paper[..., 3:] + white // 2) // white
    return result


def _turned(image: Any, orientation: int) -> Any:
    """An image (H, W, ...) turned and mirrored as EXIF has it."""
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image
