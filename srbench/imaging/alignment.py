"""The frames of one image as methods of several frames take them: where each lies, and how far it is to be believed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from srbench.imaging.registration import Shift, agreement, shift_between

UNMOVED: Shift = (0.0, 0.0)
LEAST = 0.01  # mean trust, below which a registered frame is left out


@dataclass(frozen=True)
class AlignedFrame:
    """One LR frame.

    Attributes:
        pixels: (C, h, w) in [0, 1].
        shift: (dy, dx) in LR pixels: what lies at (y, x) in the target frame lies at (y + dy, x + dx) in this one.
        trust: (h, w) in [0, 1], of the type of the pixels, on those of the target frame: how far this frame shows there
            what the target frame shows. None: wholly.
    """

    pixels: Tensor
    shift: Shift
    trust: Tensor | None = None


def aligned(frames: Tensor, target: int, shifts: Tensor | None = None) -> list[AlignedFrame]:
    """The frames of one image, the target frame first.

    Args:
        frames: (T, C, h, w) in [0, 1].
        target: the index of the target frame.
        shifts: (T, 2) as the degradation drew them: they hold, and all frames are trusted. None: every frame is
            registered to the target frame, and trusted as far as the two agree; one that hardly agrees anywhere is not
            among the frames that are returned.
    """
    others = [index for index in range(len(frames)) if index != target]
    first = AlignedFrame(frames[target], UNMOVED)
    if shifts is not None:
        return [first, *(_told(frames[t], shifts[t]) for t in others)]
    registered = [_registered(frames[target], frames[t]) for t in others]
    return [first, *(frame for frame in registered if float(trust_in(frame).mean()) >= LEAST)]


def _told(frame: Tensor, shift: Tensor) -> AlignedFrame:
    dy, dx = shift.tolist()
    return AlignedFrame(frame, (dy, dx))


def _registered(target: Tensor, frame: Tensor) -> AlignedFrame:
    shift = shift_between(target, frame)
    return AlignedFrame(frame, shift, agreement(target, frame, shift).to(frame))


def trust_in(frame: AlignedFrame) -> Tensor:
    """The trust as an image (h, w); ones where the frame is trusted wholly."""
    return torch.ones_like(frame.pixels[0]) if frame.trust is None else frame.trust
