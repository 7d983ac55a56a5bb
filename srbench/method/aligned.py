"""Methods of several frames that know, or find out, by how much each frame is shifted."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from srbench.imaging.alignment import AlignedFrame, aligned
from srbench.method.frames import MultiFrameMethod


class AlignedFramesMethod(MultiFrameMethod):
    """A plugin sets ``card`` with ``frames`` and ``uses_shifts``, and implements :meth:`fuse`."""

    def fuse(self, frames: Sequence[AlignedFrame], scale: float) -> Tensor:
        """The SR image (1, C, H, W) of the first of ``frames``, the target frame."""
        raise NotImplementedError(f"{type(self).__name__} does not implement fuse(frames, scale)")

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        """Frames lie as ``shifts`` say; without them they are registered, each image of the batch for itself."""
        return torch.cat([self.fuse(aligned(own, target, shifts), scale) for own in frames])
