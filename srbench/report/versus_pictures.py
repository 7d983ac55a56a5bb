"""The pictures of a head to head: the region of an image that decides, of both methods, beside the original."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srbench.errors import SrbenchError
from srbench.imaging.images import Pixels, as_rgb, below, read_image
from srbench.report.versus import Shown, shown
from srbench.results.head_to_head import HeadToHead, Pairing

SIDE = 96  # of the region, in pixels


class Originals(Protocol):
    """Finds HR images on this machine."""

    def find(self, data: str, name: str, sha256: str) -> Pixels | None: ...


@dataclass(frozen=True)
class Made:
    """The SR image of one side: whose, in which results folder, and where below it (empty: it was not kept)."""

    whose: str
    folder: Path
    sr_path: str


@dataclass(frozen=True)
class Trio:
    """One image. ``a``, ``b`` and ``original`` are data URIs of one region, ``original`` empty where there is none."""

    about: Shown
    a: str
    b: str
    original: str
    left: int
    top: int
    width: int
    height: int


def trios(
    pairing: Pairing, found: HeadToHead, places: Iterable[int], originals: Originals
) -> tuple[list[Trio], list[str]]:
    """The pictures of some images of a pairing, and of which there are none, with the reason.

    Args:
        places: of the images in the pairing.
    """
    pictures, missing = [], []
    for place in places:
        cells = [side.cells[pairing.view][pairing.images[place]] for side in (found.a, found.b)]
        made = [
            Made(side.label, side.folder, cell.sr_path) for side, cell in zip((found.a, found.b), cells, strict=True)
        ]
        original = originals.find(*pairing.images[place], cells[0].facts.image_sha256)
        pictured = trio(shown(pairing, found, place), made[0], made[1], original)
        if isinstance(pictured, Trio):
            pictures.append(pictured)
        else:
            missing.append(pictured)
    return pictures, missing


def trio(about: Shown, a: Made, b: Made, original: Pixels | None) -> Trio | str:
    """The pictures of one image, or the reason why there are none."""
    images = _image(a), _image(b)
    reasons = [image for image in images if isinstance(image, str)]
    first, second = images
    if isinstance(first, str) or isinstance(second, str):
        return f"{about.dataset}: {about.image} ({'; '.join(reasons)})"
    if first.shape[:2] != second.shape[:2]:
        return f"{about.dataset}: {about.image} (the two SR images have different sizes)"
    height, width = first.shape[:2]
    if original is not None:
        original = original[:height, :width]  # HR images are cropped to a multiple of the scale
        original = original if original.shape[:2] == (height, width) else None
    top, left, high, wide = decisive(first, second, original, about.gain)
    shown_images = [image for image in (first, second, original) if image is not None]
    sources = [data_uri(image[top : top + high, left : left + wide]) for image in shown_images]
    return Trio(about, sources[0], sources[1], sources[2] if original is not None else "", left, top, wide, high)


def _image(made: Made) -> Pixels | str:
    """It is read below the results folder only; or why there is none."""
    if not made.sr_path:
        return f"{made.whose}: its SR image was not kept"
    try:
        return read_image(below(made.folder, made.sr_path))
    except SrbenchError as error:
        return f"{made.whose}: {error.message}"


def decisive(a: Pixels, b: Pixels, original: Pixels | None, gain: float) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the region, at most SIDE pixels a side, in which the winner's squared error is
    lower than the loser's by most; without an original, in which the two differ most.

    Args:
        a, b: (H, W) or (H, W, 3) uint8.
        gain: positive where ``a`` is the winner.
    """
    first, second = _grey(a), _grey(b)
    if original is None:
        weight = (first - second) ** 2
    else:
        truth = _grey(original)
        weight = (second - truth) ** 2 - (first - truth) ** 2
        weight = weight if gain >= 0 else -weight
    height, width = min(SIDE, weight.shape[0]), min(SIDE, weight.shape[1])
    sums = np.pad(weight.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    top, left = np.unravel_index(int(np.argmax(windows)), windows.shape)
    return int(top), int(left), height, width


def _grey(image: Pixels) -> NDArray[np.float64]:
    return np.asarray(as_rgb(image).mean(axis=2), np.float64)


def data_uri(pixels: Pixels) -> str:
    """(H, W) or (H, W, 3) uint8 as lossless WebP."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(as_rgb(pixels))).save(stream, "WEBP", lossless=True, method=2)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
