"""The pictures of a head to head: the region of an image that decides, of both methods, beside the original."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from srbench.errors import SrbenchError
from srbench.imaging.images import Pixels, as_rgb, below, read_image
from srbench.report.versus import Shown, shown
from srbench.results.contestant import Contestant
from srbench.results.head_to_head import HeadToHead, Pairing

SIDE = 96  # of the region, in pixels
Original = Callable[[str, str, str], Pixels | None]  # of a dataset's image with that pixel hash


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
    pairing: Pairing, found: HeadToHead, places: Iterable[int], original: Original
) -> tuple[list[Trio], list[str]]:
    """The pictures of some images of a pairing, and of which there are none, with the reason.

    Args:
        places: of the images in the pairing.
        original: finds HR images.
    """
    pictures, missing = [], []
    for place in places:
        about = shown(pairing, found, place)
        images = [_image(side, pairing, place) for side in (found.a, found.b)]
        if isinstance(images[0], str) or isinstance(images[1], str):
            missing.append(f"{about.dataset}: {about.image} ({next(why for why in images if isinstance(why, str))})")
            continue
        dataset, name = pairing.images[place]
        sha256 = found.a.cells[pairing.view][dataset, name].facts.image_sha256
        trio = _trio(about, images[0], images[1], original(dataset, name, sha256))
        if trio is None:
            missing.append(f"{about.dataset}: {about.image} (the two SR images have different sizes)")
        else:
            pictures.append(trio)
    return pictures, missing


def _image(side: Contestant, pairing: Pairing, place: int) -> Pixels | str:
    """The SR image of one side, or why there is none. It is read below the results folder only."""
    cell = side.cells[pairing.view][pairing.images[place]]
    if not cell.sr_path:
        return f"{side.label}: its SR image was not kept"
    try:
        return read_image(below(side.folder, cell.sr_path))
    except SrbenchError as error:
        return f"{side.label}: {error.message}"


def _trio(about: Shown, a: Pixels, b: Pixels, original: Pixels | None) -> Trio | None:
    if a.shape[:2] != b.shape[:2]:
        return None
    height, width = a.shape[:2]
    if original is not None:
        original = original[:height, :width]  # HR images are cropped to a multiple of the scale
        original = original if original.shape[:2] == (height, width) else None
    top, left, high, wide = decisive(a, b, original, about.gain)
    parts = [image[top : top + high, left : left + wide] for image in (a, b, original) if image is not None]
    sources = [data_uri(part) for part in parts]
    return Trio(about, sources[0], sources[1], sources[2] if len(sources) > 2 else "", left, top, wide, high)


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
    Picture.fromarray(np.ascontiguousarray(as_rgb(pixels))).save(stream, "WEBP", lossless=True, method=2)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
