"""Images as text in the page, and how many bytes of it they may take."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from srbench.imaging.images import Pixels
from srbench.report.html.windows import Window

# Bytes of pictures as they stand in the page, so that it stays below 12 MB.
WINDOWS = 5_500_000
WHOLE = 2_000_000
SIDES = tuple(range(128, 63, -8))  # of windows, in pixels: the largest for which there is room
CANDIDATES = 6  # whole images of a scene that are kept in memory until it is known for which there is room
_LARGEST = 600_000  # pixels of a whole image in the page


def data_uri(pixels: Pixels) -> str:
    """uint8 (H, W) or (H, W, 3) as a data URI, without loss."""
    stream = io.BytesIO()
    # Lossless WebP is about a third smaller than PNG, and every browser of the last years reads it. More effort makes
    # it a sixth smaller and takes four times as long.
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    image.save(stream, "WEBP", lossless=True, quality=20, method=0)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def may_embed(size: tuple[int, int]) -> bool:
    """Whether whole images of this height and width are small enough for the page."""
    return size[0] * size[1] <= _LARGEST


def side_for(images: Sequence[Pixels], around: Window, copies: int, room: float) -> int:
    """The side of a window, of :data:`SIDES`, such that ``copies`` windows take at most about ``room`` bytes; the
    smallest if none does.

    Args:
        images: a few of the scene, from which the weight of a pixel is estimated.
        around: the window at its largest.
    """
    weight = sum(len(data_uri(around.of(image))) for image in images) / len(images) / (around.height * around.width)
    for side in SIDES:
        if copies * weight * min(side, around.height) * min(side, around.width) <= room:
            return side
    return SIDES[-1]
