"""Frames of clips among the images of results. A frame is called CLIP/FRAME, which no still image is.

Frames of one clip are alike, so a mean is of each clip first and then over the clips, and what can be said of methods
rests on the number of clips, not on that of frames (:mod:`srbench.results.signflips`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench.wording import counted

Floats = NDArray[np.float64]
FEWEST = 6  # clips that an interval needs; with fewer, no difference is certain either (2 / 2^5 > 5%)


def clip_of(image: str) -> str:
    """The clip that a frame is of; empty of a still image.

    >>> clip_of("city/0003"), clip_of("baby")
    ('city', '')
    """
    return image.rpartition("/")[0]


def groups(images: Sequence[str]) -> dict[str, list[int]]:
    """Places of the images by what stands for itself: the frames of a clip together, each still image alone. In the
    order in which they come."""
    found: dict[str, list[int]] = {}
    for place, image in enumerate(images):
        found.setdefault(f"{clip}/" if (clip := clip_of(image)) else image, []).append(place)
    return found


def clips_of(images: Iterable[str]) -> list[str]:
    """The clips that images are frames of, in the order in which they come; none of still images."""
    return list(dict.fromkeys(clip for image in images if (clip := clip_of(image))))


def noun(images: Iterable[str]) -> str:
    """What one of them is, in words: 'frame' where all are of clips, else 'image'.

    >>> noun(["city/0", "walk/0"]), noun(["city/0", "baby"]), noun([])
    ('frame', 'image', 'image')
    """
    clips = [clip_of(image) for image in images]
    return "frame" if clips and all(clips) else "image"


def by_clip(values: Floats, images: Sequence[str]) -> Floats:
    """(..., images) to (..., clips): the mean over each clip's frames; a still image stays as it is. Of still images
    ``values`` itself.

    Args:
        images: the names of the last axis.
    """
    if not clips_of(images):
        return values
    return np.stack([values[..., own].mean(axis=-1) for own in groups(images).values()], axis=-1)


def mean(values: Floats, images: Sequence[str]) -> Any:
    """Over the last axis: of each clip, then over the clips; of still images the mean of the images.

    >>> mean(np.array([30.0, 32.0, 20.0]), ["city/0", "city/1", "walk/0"])
    np.float64(25.5)
    """
    return by_clip(values, images).mean(axis=-1)


def first_frames(images: Iterable[str]) -> set[str]:
    """The first frame of every clip, numbers in names counted as numbers: it has no frame before, so nothing over time
    is measured of it."""
    first: dict[str, str] = {}
    for image in images:
        if clip := clip_of(image):
            first[clip] = min(first.get(clip, image), image, key=_in_order)
    return set(first.values())


def _in_order(frame: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", frame)]


def told(images: Sequence[str]) -> str:
    """How many images, or frames of how many clips, in words.

    >>> told(["a", "b"]), told(["city/0", "city/1", "walk/0"])
    ('2 images', '3 frames of 2 clips')
    """
    frames = [image for image in images if clip_of(image)]
    stills = len(images) - len(frames)
    parts = [counted(stills, "image")] if stills or not frames else []
    if frames:
        parts.append(f"{counted(len(frames), 'frame')} of {counted(len(clips_of(frames)), 'clip')}")
    return " and ".join(parts)
