"""Frames of a clip: which of them a method sees beside the one that it super-resolves, and as what it is given them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from srbench.evaluation.example import Example
from srbench.evaluation.window import Frames
from srbench.method.base import Method


def reflected(place: int, length: int) -> int:
    """The frame that stands for one at ``place`` of a clip, which may lie before or behind it: the clip is mirrored at
    its ends, and its first and last frame do not come twice in a row.

    >>> [reflected(place, 4) for place in range(-2, 7)]
    [2, 1, 0, 1, 2, 3, 2, 1, 0]
    """
    period = max(1, 2 * (length - 1))
    return min(place % period, -place % period)


def around(place: int, frames: int, length: int) -> tuple[list[int], int]:
    """The frames of a clip of ``length`` that are given of the one at ``place``, in order, and where that one is among
    them: as many before it as behind it, of an even number one more before it.

    >>> around(0, 5, 9), around(8, 4, 9)
    (([2, 1, 0, 1, 2], 2), ([6, 7, 8, 7], 2))
    """
    before = frames // 2
    return [reflected(own, length) for own in range(place - before, place - before + frames)], before


class ClipExample(Example):
    """One frame of a clip with its neighbours, of which methods of several frames are given the LR images.

    Args:
        frames: the examples of all frames that are given, in order, under one protocol and scale.
        target: the index of the one that is super-resolved; in all else this example is that one.
    """

    def __init__(self, frames: Sequence[Example], target: int) -> None:
        self.window, self.target = tuple(frames), target

    def __getattr__(self, name: str) -> Any:
        if name in ("window", "target"):  # while it is copied
            raise AttributeError(name)
        return getattr(self.window[self.target], name)

    @property
    def frames(self) -> int:
        return len(self.window)

    @property
    def lr_luma(self) -> Tensor:
        return self.window[self.target].lr_luma

    @property
    def lr_pixels(self) -> Tensor:
        return self.window[self.target].lr_pixels

    def frames_of(self, method: Method) -> Frames:
        """The LR images of all its frames. Nobody knows how they are moved against each other."""
        if self.feeds_luma(method):
            return Frames(torch.stack([own.lr_luma for own in self.window])[:, None], self.target)
        return Frames(torch.stack([own.lr_pixels for own in self.window]), self.target)
