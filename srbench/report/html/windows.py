"""Which part of an image is worth a look: where the best method keeps what bicubic loses, or where methods differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from srbench.imaging.images import Pixels

Plane = NDArray[np.float64]  # (H, W)
_EDGE = 40.0  # grey levels a pixel, from which a slope of the original counts in full


@dataclass(frozen=True)
class Window:
    """A rectangle of an image, in its pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, image: Pixels) -> Pixels:
        """The part of an image of shape (H, W) or (H, W, 3)."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def within(self, other: Window) -> Window:
        """The same rectangle in pixels of a window that holds it."""
        return replace(self, top=self.top - other.top, left=self.left - other.left)


def grey(image: Pixels) -> Plane:
    """The mean of the channels, (H, W), 0 to 255."""
    return image.astype(float) if image.ndim == 2 else image.mean(axis=2)


def lost(original: Plane, soft: Plane, best: Plane) -> Plane:
    """What ``soft`` loses against ``best`` where the original has structure (letters, edges), by pixel.

    The absolute error of the one less that of the other, weighted by the slope of the original: noise and flat parts,
    where neither is right, count little. Negative where ``best`` is farther from the original.
    """
    slope = np.minimum(_slope(original), _EDGE) / _EDGE
    error: Plane = np.abs(soft - original) - np.abs(best - original)
    return error * slope


def differing(planes: Sequence[Plane]) -> Plane:
    """How much images of one size differ, by pixel: their variance; of a single image, how much it varies."""
    if len(planes) == 1:
        return _slope(planes[0])
    spread: Plane = np.stack(planes).var(axis=0)
    return spread


def densest(plane: Plane, side: int, step: int = 1, around: Window | None = None) -> tuple[Window, float]:
    """The window of at most ``side`` x ``side`` pixels with the greatest mean, and that mean.

    Args:
        step: the window begins at a multiple of it, from the left and from the top.
        around: a window of at most this size, begun at such multiples, that the window has to hold.
    """
    height, width = min(side, plane.shape[0]), min(side, plane.shape[1])
    sums = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1))
    np.cumsum(np.cumsum(plane, axis=0), axis=1, out=sums[1:, 1:])
    found = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    first_top = first_left = 0
    if around is not None:
        first_top = min(_up(max(0, around.top + around.height - height), step), found.shape[0] - 1)
        first_left = min(_up(max(0, around.left + around.width - width), step), found.shape[1] - 1)
        found = found[: around.top + 1, : around.left + 1]
    found = found[first_top::step, first_left::step]
    top, left = np.unravel_index(int(np.argmax(found)), found.shape)
    window = Window(first_top + int(top) * step, first_left + int(left) * step, height, width)
    return window, float(found[top, left]) / (height * width)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _slope(plane: Plane) -> Plane:
    if min(plane.shape) < 2:
        return np.zeros(plane.shape)
    slope: Plane = np.hypot(*np.gradient(plane))
    return slope
