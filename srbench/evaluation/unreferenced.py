"""An image without an original: it is the LR image itself, and there is nothing to compare SR images with."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from srbench.errors import SrbenchError
from srbench.evaluation.example import Example, HrImage


class UnreferencedExample(Example):
    """One LR image at one scale, as its protocol reads images; nothing of it is cut off.

    Metrics that compare with an HR image have nothing to look at: :attr:`hr` and :attr:`degradation` raise
    SrbenchError.

    Args:
        image: the LR image, read as HR images are.
    """

    def __init__(self, image: HrImage, scale: float) -> None:
        self.image, self.protocol, self.scale = image, image.protocol, scale
        self.shave = self.protocol.border(scale)

    def __getattr__(self, name: str) -> Tensor:
        if name in ("hr", "degradation"):
            what = "no original" if name == "hr" else "no known degradation"
            raise SrbenchError(f"this image has {what}", "a metric has to declare all that it needs")
        raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")

    @property
    def picture(self) -> Tensor:
        return self.image.planes

    @property
    def frames(self) -> int:
        """One: nothing makes others of it."""
        return 1

    @property
    def hr_measured(self) -> Tensor:
        """Nothing: (0, 0) double."""
        return torch.empty((0, 0), dtype=torch.float64)

    @cached_property
    def lr_luma(self) -> Tensor:
        """(h, w) double: BT.601 Y of the image, rounded where the protocol rounds Y; of a grey image its pixels."""
        return self.image.luma

    @cached_property
    def lr_pixels(self) -> Tensor:
        """(3, h, w) RGB: uint8 where the protocol rounds LR, else double."""
        rgb = self.image.planes.expand(3, -1, -1)
        return rgb if self.protocol.lr_rounded else rgb.to(torch.float64)
