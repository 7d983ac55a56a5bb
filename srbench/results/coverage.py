"""How much of a dataset a mean is over: published means are over all of its images, and over all of its clips.

Not all may be here: clips of a known dataset that lack on the machine, or were not chosen, frames that could not be
read, slices of a run that are not merged yet, images that failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from srbench.errors import first_few
from srbench.results.clips import clip_of
from srbench.wording import counted

_NAMED = 6  # clips that are named


@dataclass(frozen=True)
class Extent:
    """What a dataset holds. ``images``: how many still images, 0 where nobody knows. ``clips``: of a dataset of clips,
    how many frames each has, None of one that was not at hand."""

    images: int = 0
    clips: Mapping[str, int | None] = field(default_factory=dict)


def measured(clip: Mapping[str, Any]) -> bool:
    """Whether a run measured a clip, by what its manifest says of it: it was there, and was chosen."""
    return not clip.get("missing") and bool(clip.get("chosen", True))


def lacking(images: Collection[str], *, n: int, planned: int, extent: Extent, skip_frames: int = 0) -> tuple[str, ...]:
    """What a mean lacks of the whole dataset, in words; () if nothing.

    Args:
        images: the names of those that were to be measured.
        n: how many are in the mean.
        planned: how many of ``images`` should be in it: a metric from frame to frame has no value on a clip's first.
        skip_frames: those at both ends of each clip that the protocol does not measure: they do not lack.

    >>> vid4 = Extent(clips={"city": 2, "walk": 1, "foliage": None})
    >>> lacking(["city/0", "walk/0"], n=2, planned=2, extent=vid4)
    ('mean over 2 of 3 clips (without foliage)', 'mean over 2 of 3 frames of these')
    """
    frames = Counter(clip for image in images if (clip := clip_of(image)))
    if not frames and not extent.clips:
        whole = max(planned, extent.images)
        return () if n >= whole else (f"mean over {n} of {counted(whole, 'image')}",)
    found = []
    absent = [clip for clip in extent.clips if clip not in frames]
    if absent:
        total = counted(len(frames) + len(absent), "clip")
        found.append(f"mean over {len(frames)} of {total} (without {first_few(absent, _NAMED)})")
    missing = sum(max(0, (extent.clips.get(clip) or 0) - 2 * skip_frames - count) for clip, count in frames.items())
    whole = planned + missing
    if n < whole:
        found.append(f"mean over {n} of {counted(whole, 'frame')}" + " of these" * bool(absent))
    return tuple(found)
