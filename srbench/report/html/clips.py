"""Clips among the page's pictures: some frames of the window, one row of pixels over time, scores frame by frame.

A frame is an image called CLIP/FRAME. A clip is one entry of the gallery, that of the frame that was chosen of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from srbench.imaging.images import Pixels, as_rgb
from srbench.report.html.embedding import data_uri
from srbench.report.html.windows import Window
from srbench.results.clips import clip_of
from srbench.results.facts import FolderFacts

METHODS = 6  # of a clip that are shown; each frame of each has a window in the page
FRAMES = 16  # that the slider has, at most
LONGEST = 64  # frames of a profile, those around the frame that was chosen
WIDEST = 256  # pixels of its row
Sides = Mapping[str, Pixels]
Read = Callable[[str], Sides | None]
"""Whole images of a frame by side, all of one size; None of a frame that cannot be shown."""


def in_order(frames: Iterable[str]) -> list[str]:
    """Frames of a clip, numbers in their names counted as numbers."""
    return sorted(
        frames, key=lambda name: [(int(p), "") if p.isdecimal() else (-1, p) for p in re.split(r"(\d+)", name)]
    )


def one_a_clip(spread: pd.Series) -> pd.Series:
    """Of a column by (dataset, image) the still images, and of each clip the frame with the greatest value."""
    ordered = spread.sort_values(ascending=False, kind="stable")
    seen: set[tuple[str, str]] = set()
    kept = []
    for data, image in ordered.index:
        key = (data, f"{clip}/" if (clip := clip_of(image)) else image)
        if key not in seen:
            seen.add(key)
            kept.append((data, image))
    return spread[spread.index.isin(kept)]


@dataclass(frozen=True)
class Profile:
    """One row of pixels, from ``left``, of ``count`` frames from the ``first`` on, one below the other: by side
    (count, width)."""

    row: int
    left: int
    width: int
    first: int
    count: int
    sides: Mapping[str, str]


@dataclass(frozen=True)
class Clip:
    """What the page shows of a clip beside its one frame.

    ``frames`` are the names of all frames, in order; ``values`` scores by label and metric, frame by frame, None where
    there is none. ``shown`` are the places of the frames that have a window, and ``windows`` those by side.
    """

    name: str
    frames: Sequence[str]
    values: Mapping[str, Mapping[str, Sequence[float | None]]]
    shown: Sequence[int]
    windows: Sequence[Mapping[str, str]]
    profile: Profile | None

    @property
    def weight(self) -> int:
        """Bytes of its pictures as they stand in the page."""
        own = sum(len(text) for window in self.windows for text in window.values())
        return own + (sum(map(len, self.profile.sides.values())) if self.profile else 0)

    def data(self) -> dict[str, Any]:
        """For the page's script."""
        profile = self.profile
        return {
            **{"name": self.name, "frames": self.frames, "values": self.values},
            **{"shown": self.shown, "windows": self.windows},
            "profile": profile
            and {
                **{"row": profile.row, "left": profile.left, "width": profile.width, "first": profile.first},
                "count": profile.count,
                "sides": profile.sides,
            },
        }


def clip(
    name: str, rows: pd.DataFrame, facts: FolderFacts, read: Read, window: Window, sides: Sides, room: float
) -> Clip:
    """What the page shows of the clip that a frame is of.

    Args:
        name: of the frame.
        rows: of the clip's frames, of :func:`srbench.results.leaderboard.per_image`.
        read: gives the sides of other frames.
        window: what is shown of each frame.
        sides: the frame's own images.
        room: bytes that all its pictures should take at most.
    """
    frames = in_order(rows["image"].unique())
    here = frames.index(name)
    begin = max(0, min(here - LONGEST // 2, len(frames) - LONGEST))
    around = range(begin, min(begin + LONGEST, len(frames)))
    height, width = next(iter(sides.values())).shape[:2]
    row = window.top + window.height // 2
    left = max(0, min(window.left + window.width // 2 - WIDEST // 2, width - WIDEST))
    weight = max(1, sum(len(data_uri(window.of(image))) for image in sides.values()))
    lines: dict[str, list[Pixels]] = {side: [] for side in sides}
    first = around.start
    kept = set(_spread(around, here, int(min(FRAMES, max(1, room * 0.8 // weight)))))
    windows: dict[int, dict[str, str]] = {}
    for place in around:
        own = sides if place == here else read(frames[place])
        if own is None or set(own) < set(sides) or next(iter(own.values())).shape[:2] != (height, width):
            if place > here:
                break  # a profile has no gaps
            lines, first, windows = {side: [] for side in sides}, place + 1, {}
            continue
        for side in sides:
            lines[side].append(as_rgb(own[side])[row, left : left + WIDEST])
        if place in kept:
            windows[place] = {side: data_uri(window.of(own[side])) for side in sides}
    count = len(next(iter(lines.values())))
    profile = None
    if count > 1:
        profiles = {side: data_uri(np.stack(own)) for side, own in lines.items()}
        profile = Profile(row, left, min(WIDEST, width), first, count, profiles)
    found = Clip(clip_of(name), frames, _values(rows, frames, facts), list(windows), list(windows.values()), profile)
    return found if found.weight <= room else _lighter(found, here)


def _lighter(heavy: Clip, here: int) -> Clip:
    """Without its profile and all frames but one: scores over time remain."""
    place = heavy.shown.index(here)
    return Clip(heavy.name, heavy.frames, heavy.values, [here], [heavy.windows[place]], None)


def _spread(around: range, here: int, count: int) -> list[int]:
    """``count`` places, evenly over the frames, ``here`` among them."""
    if count >= len(around):
        return list(around)
    step = len(around) / count
    places = [around.start + int(step * (i + 0.5)) for i in range(count)]
    nearest = min(range(count), key=lambda i: abs(places[i] - here))
    return [*places[:nearest], here, *places[nearest + 1 :]]


def _values(rows: pd.DataFrame, frames: Sequence[str], facts: FolderFacts) -> dict[str, dict[str, list[float | None]]]:
    place = {frame: i for i, frame in enumerate(frames)}
    found: dict[str, dict[str, list[float | None]]] = {}
    own = zip(rows["label"], rows["metric"], rows["image"], rows["value"], strict=True)
    for label, metric, image, value in sorted(own, key=lambda row: facts.metric_order(row[1]) if row[1] else 0):
        if metric:
            line = found.setdefault(label, {}).setdefault(metric, [None] * len(frames))
            line[place[image]] = float(f"{value:.5g}") if np.isfinite(value) else None
    return found
