"""One picture through a method, strip by strip: what is computed with is never held for all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from srbench.evaluation.inference import as_fed, held_to_contract, out_of_range, require_size
from srbench.evaluation.pixels import as_pixels, in_colour, planes_of, rounded
from srbench.foreign.contained import contained
from srbench.imaging.resize import enlarge, rows_around
from srbench.imaging.samples import Deep
from srbench.method.bands import bands
from srbench.method.base import Method, as_batch
from srbench.scale import enlarged, enlarged_size

_PIXELS = 1 << 20  # of an SR image that are given their colours and rounded at a time


@dataclass(frozen=True)
class Strip:
    """``pixels`` (round(scale * (last - first)), round(scale * W)) or (..., 3): SR of the LR rows from ``first`` to
    ``last``. ``out_of_range`` is the share of its values that :func:`srbench.evaluation.out_of_range` finds, 0 to 1."""

    first: int
    last: int
    pixels: Deep
    out_of_range: float = 0.0


def whole(method: Method, image: Deep, scale: float) -> Strip:
    """All of a picture as one strip; raises as :func:`strips`."""
    result: Deep = np.empty((*enlarged_size(image.shape[:2], scale), *image.shape[2:]), image.dtype)
    share = 0.0
    for strip in strips(method, image, scale):
        result[enlarged(strip.first, scale) : enlarged(strip.last, scale)] = strip.pixels
        share += strip.out_of_range * (strip.last - strip.first) / len(image)
    return Strip(0, len(image), result, share)


def strips(method: Method, image: Deep, scale: float) -> Iterator[Strip]:
    """Super-resolve a picture of uint8 or uint16, (H, W) or (H, W, 3), fed as the card says, from top to bottom.

    A strip has as many rows as the method gives at a time, or fewer: of a method in tiles those of a row of tiles.

    Raises:
        NotSupportedError: the scale, or a picture smaller than the method takes.
        OutputError: the method does not keep its contract.
    """
    height, width = image.shape[:2]
    require_size(method, (height, width), scale)
    step = max(1, _PIXELS // (int(scale) ** 2 * width)) if scale == int(scale) else height

    def rows(first: int, last: int) -> Tensor:
        return as_batch(as_fed(method, planes_of(image[first:last])), method.device)

    def call(method: Method, lr: Tensor) -> Tensor:
        expected = (*lr.shape[:2], *enlarged_size(lr.shape[2:], scale))
        return held_to_contract(method, method.upscale(lr, scale), expected)[None]

    ahead = bands(method, rows, height, scale, call)
    while True:
        with torch.no_grad(), contained():  # not around the yield: it would hold for the caller, too
            band = next(ahead, None)
        if band is None:
            return
        for first in range(band.first, band.last, step):
            last = min(first + step, band.last)
            part = band.sr[0, :, enlarged(first - band.first, scale) : enlarged(last - band.first, scale)]
            sr = in_colour(part, image, first, last, scale)
            yield Strip(first, last, as_pixels(sr, image), out_of_range(sr))


def bicubic(image: Deep, first: int, last: int, scale: float) -> Deep:
    """The rows of an alpha channel (H, W), enlarged by bicubic, that belong to its rows from ``first`` to ``last``."""
    rows = rows_around(len(image), first, last, scale)
    sr = enlarge(as_batch(planes_of(image[rows]), torch.device("cpu")), scale)[0, 0]
    part = sr[enlarged(first - rows.start, scale) : enlarged(last - rows.start, scale)]
    return rounded(part, image.dtype).numpy()
