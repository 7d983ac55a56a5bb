"""A pair: an HR image with an LR image that came with it, which no degradation made here."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from srbench.degradation.named import Degradation
from srbench.errors import ImageError
from srbench.evaluation.example import Example, HrImage, planes_of
from srbench.imaging.color import grey, luma
from srbench.imaging.images import Pixels
from srbench.scale import enlarged_size


class GivenExample(Example):
    """One HR image and its given LR image. The HR image is cut from the top left to what the LR image explains, its
    size times the scale.

    The LR image is uint8 RGB under every protocol. A protocol that works on luma takes its BT.601 Y, rounded where the
    protocol rounds Y; where the HR image is read as grey, so is the LR image.

    Args:
        lr: uint8 (h, w) or (h, w, 3).

    Raises:
        ImageError: as of :class:`Example`; the LR image explains more than there is of the HR image.
    """

    def __init__(self, image: HrImage, scale: float, degradation: Degradation, lr: Pixels) -> None:
        self._given = planes_of(lr).contiguous().expand(3, -1, -1)
        super().__init__(image, scale, degradation)

    def cut(self, height: int, width: int) -> tuple[int, int]:
        tall, wide = enlarged_size(self._given.shape[-2:], self.scale)
        if tall > height or wide > width:
            raise ImageError(
                f"an LR image of {self._given.shape[-1]}x{self._given.shape[-2]} is that of {wide}x{tall} at "
                f"x{self.scale}, and the HR image has {width}x{height}",
                "give the LR image of this HR image",
            )
        return tall, wide

    @property
    def frames(self) -> int:
        """One, whatever a degradation would make."""
        return 1

    @cached_property
    def lr_luma(self) -> Tensor:
        """(h, w) double: Y of the LR image, or of one whose HR image is read as grey its grey values."""
        if not self.grey_as_grey:
            return self._rounded(luma(self._given))
        one = self._given[0]
        is_grey = bool((self._given == one).all())
        return one.to(torch.float64) if is_grey else self._rounded(grey(self._given))

    @cached_property
    def lr_pixels(self) -> Tensor:
        """(3, h, w) RGB: uint8 where the protocol rounds LR, else double."""
        return self._given if self.protocol.lr_rounded else self._given.to(torch.float64)
