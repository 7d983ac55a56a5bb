"""Bursts: LR frames of one HR image that is moved by parts of an LR pixel before it is degraded, the classical
observation model of several frames (y = D B W x + n; Irani and Peleg 1991, Elad and Feuer 1997)."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from srbench.degradation.grammar import MOST_FRAMES, Shifts
from srbench.errors import SrbenchError
from srbench.foreign import fields
from srbench.scale import exact

_RULES = {
    "frames": fields.whole(1, MOST_FRAMES),
    "shifts": fields.one_of(get_args(Shifts)),
    "blind": fields.TRUTH,
}


@dataclass(frozen=True)
class Burst:
    """How the frames of a burst are moved. The first one, the target frame, stays where it is.

    Args:
        frames: how many, the target frame among them.
        shifts: 'grid' takes the distinct multiples of a pixel of the HR image that are less than an LR pixel, those
            far from the ones before them first, and begins again where there are more frames than these; 'random'
            draws down and right from -1..1 LR pixel, from the pipeline's seed. The first frames of a longer burst are
            moved as those of a shorter one.
        blind: methods are not told the shifts.

    Raises:
        SrbenchError: a field that cannot be that, named.
    """

    frames: int
    shifts: Shifts = "grid"
    blind: bool = False

    def __post_init__(self) -> None:
        fields.require(self, "a burst", _RULES, SrbenchError)

    @property
    def key(self) -> str:
        return f"burst={self.frames},{self.shifts}{',blind' if self.blind else ''}"

    @property
    def random(self) -> bool:
        """Whether the seed decides the shifts."""
        return self.shifts == "random" and self.frames > 1

    def drawn(self, scale: float, seed: int) -> Tensor:
        """The shifts (frames, 2), double, (dy, dx) in LR pixels: what lies at (y, x) in the target frame lies at
        (y + dy, x + dx) in frame t. Row 0 is zero."""
        if self.shifts == "grid":
            return torch.tensor(_grid(scale, self.frames), dtype=torch.float64)
        digest = hashlib.sha256(f"{seed}/{scale}/shifts".encode()).digest()
        drawn = np.random.default_rng(int.from_bytes(digest[:16])).uniform(-1, 1, (self.frames - 1, 2))
        return torch.cat([torch.zeros(1, 2, dtype=torch.float64), torch.from_numpy(drawn)])


def _grid(scale: float, frames: int) -> list[tuple[float, float]]:
    """Places of an LR pixel that lie whole HR pixels apart, each as far as can be from those before it, where one side
    of the LR pixel touches the other: of 4 frames at x4, half a pixel lies between each two along both sides."""
    steps = range(math.ceil(exact(scale)))
    left = [(down, right) for down in steps for right in steps]
    taken = [left.pop(0)]
    while left:
        far = max(left, key=lambda place: min(_distance(place, other, scale) for other in taken))
        taken.append(far)
        left.remove(far)
    return [(down / scale, right / scale) for down, right in itertools.islice(itertools.cycle(taken), frames)]


def _distance(one: tuple[int, int], other: tuple[int, int], scale: float) -> float:
    """Squared, in HR pixels, rounded so that equal distances are equal."""
    apart = (abs(a - b) for a, b in zip(one, other, strict=True))
    return round(sum(min(part, scale - part) ** 2 for part in apart), 9)
