"""The display matrix of a video's frames: how they are turned and mirrored to be upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from srbench.imaging.samples import Deep

_FIRST_COLUMNS = (0, 1, 3, 4)  # of the nine numbers, those that turn
_SMALL = 1 << 8  # of 1 << 16: what turns a frame by a quarter has zeros here


@dataclass(frozen=True)
class Orientation:
    """``transposed`` first, then mirrored."""

    transposed: bool = False
    left_right: bool = False
    up_down: bool = False

    @classmethod
    def of(cls, matrix: bytes) -> Orientation | None:
        """That of the nine 32-bit numbers of a display matrix; None of one that turns by other than quarters.

        A stored pixel (x, y) is shown at (a x + c y, b x + d y), numbers a, b, c, d in 16.16 fixed point.
        """
        a, b, c, d = (struct.unpack("=9i", matrix[:36])[i] for i in _FIRST_COLUMNS)
        if max(abs(b), abs(c)) < _SMALL and a and d:
            return cls(False, a < 0, d < 0)
        if max(abs(a), abs(d)) < _SMALL and b and c:
            return cls(True, c < 0, b < 0)
        return None

    def __bool__(self) -> bool:
        return self != Orientation()

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of an upright frame, of one that is stored with ``height`` and ``width``."""
        return (width, height) if self.transposed else (height, width)

    def aspect(self, aspect: Fraction) -> Fraction:
        """Width by height of an upright frame's pixels, of stored ones."""
        return 1 / aspect if self.transposed else aspect

    def upright(self, pixels: Deep) -> Deep:
        """A stored frame (H, W, 3) as it is shown."""
        turned: Any = pixels.swapaxes(0, 1) if self.transposed else pixels
        shown: Deep = np.ascontiguousarray(turned[:: -1 if self.up_down else 1, :: -1 if self.left_right else 1])
        return shown
