"""Which LR frames a method sees of an example: those of a burst, or its LR image alone."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from srbench.method.base import MethodCard
from srbench.method.frames import window


class Frames(NamedTuple):
    """LR frames of which one is super-resolved.

    Args:
        planes: (T, 1 or 3, h, w) on the 0..255 scale, as the protocol has LR images.
        target: the index of the frame that is super-resolved.
        shifts: (T, 2) double, (dy, dx) in LR pixels, of every frame against the target frame, as
            :meth:`srbench.method.Method.upscale_frames` is told them; None where it is not.
    """

    planes: Tensor
    target: int = 0
    shifts: Tensor | None = None


def seen(card: MethodCard, there: int) -> int:
    """How many of the frames of a burst a method is given, the target frame and those after it.

    Raises:
        NotSupportedError: it takes no number so small.
    """
    return window(card, asked=there) if card.multi_frame else 1
