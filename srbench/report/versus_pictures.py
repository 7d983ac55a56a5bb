"""The pictures of a head to head: the region of an image that decides, of both methods, beside the original."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from srbench.errors import SrbenchError
from srbench.imaging.images import Pixels, below, read_image
from srbench.report.html.embedding import data_uri
from srbench.report.html.originals import Originals, as_measured
from srbench.report.html.windows import Window, densest, differing, grey
from srbench.report.versus import Shown, shown
from srbench.results.head_to_head import HeadToHead, Pairing

SIDE = 96  # of the region, in pixels


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
    window: Window


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
        original = None
        if pairing.view.has_originals:
            original = originals.find(*pairing.images[place], cells[0].facts.image_sha256)
        pictured = trio(shown(pairing, found, place), made[0], made[1], original)
        if isinstance(pictured, Trio):
            pictures.append(pictured)
        else:
            missing.append(pictured)
    return pictures, missing


def trio(about: Shown, a: Made, b: Made, original: Pixels | None) -> Trio | str:
    """The pictures of one image, or the reason why there are none."""
    if not a.sr_path and not b.sr_path:
        return f"{about.dataset}: {about.image} (the SR images were not kept)"
    images = _image(a), _image(b)
    reasons = [image for image in images if isinstance(image, str)]
    first, second = images
    if isinstance(first, str) or isinstance(second, str):
        return f"{about.dataset}: {about.image} ({'; '.join(reasons)})"
    if first.shape[:2] != second.shape[:2]:
        return f"{about.dataset}: {about.image} (the two SR images have different sizes)"
    original = _beside(first, second, original)
    window = decisive(first, second, original, about.gain)
    return Trio(
        about,
        data_uri(window.of(first)),
        data_uri(window.of(second)),
        "" if original is None else data_uri(window.of(original)),
        window,
    )


def _beside(first: Pixels, second: Pixels, original: Pixels | None) -> Pixels | None:
    """The original as large as the SR images, and in grey where both are; None where it is another picture."""
    height, width = first.shape[:2]
    if original is None or original.shape[0] < height or original.shape[1] < width:
        return None
    original = original[:height, :width]  # HR images are cropped to a multiple of the scale
    return as_measured(original) if first.ndim == second.ndim == 2 else original


def _image(made: Made) -> Pixels | str:
    """It is read below the results folder only; or why there is none."""
    if not made.sr_path:
        return f"{made.whose}: its SR image was not kept"
    try:
        return read_image(below(made.folder, made.sr_path))
    except SrbenchError as error:
        return f"{made.whose}: {error.message}"


def decisive(a: Pixels, b: Pixels, original: Pixels | None, gain: float) -> Window:
    """The region, at most SIDE pixels a side, in which the winner is nearest to the original where the other is far
    from it; without an original, in which the two differ most.

    Args:
        a, b: (H, W) or (H, W, 3) uint8.
        gain: positive where ``a`` is the winner.
    """
    first, second = grey(a), grey(b)
    if original is None:
        return densest(differing([first, second]), SIDE)[0]
    truth = grey(original)
    gained = (second - truth) ** 2 - (first - truth) ** 2
    return densest(gained if gain >= 0 else -gained, SIDE)[0]
