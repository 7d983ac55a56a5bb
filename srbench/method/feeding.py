"""How a network is fed what srbench has: RGB in [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from srbench.errors import MethodError


@dataclass(frozen=True)
class Feeding:
    """Range, order of channels and mean with which a network was trained.

    Args:
        range: what white is: 1 or 255. The network answers in the same range.
        order: 'RGB' or 'BGR'. Nothing where there is one channel.
        mean: of R, G and B, or of the one channel, in [0, 1]; subtracted before, added after. None if empty.
    """

    range: float = 1.0
    order: str = "RGB"
    mean: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.order not in ("RGB", "BGR"):
            raise MethodError(f"channel_order = {self.order!r} is not 'RGB' or 'BGR'", "see docs/plugins.md")
        if not 0 < self.range < math.inf:
            raise MethodError(f"input_range = {self.range!r} is not what white is, 1.0 or 255.0", "see docs/plugins.md")

    def before(self, lr: Tensor) -> Tensor:
        """What the network is fed of LR images (N, C, H, W) in [0, 1]."""
        if self.mean:
            lr = lr - self._mean_of(lr)
        if self.order == "BGR":
            lr = lr.flip(1)
        return lr if self.range == 1 else lr * self.range

    def after(self, sr: Tensor) -> Tensor:
        """What the network returned, as images (N, C, H, W) of the 0..1 scale."""
        if self.range != 1:
            sr = sr / self.range
        if self.order == "BGR":
            sr = sr.flip(1)
        return sr + self._mean_of(sr) if self.mean else sr

    def _mean_of(self, images: Tensor) -> Tensor:
        return images.new_tensor(self.mean).reshape(1, -1, 1, 1)

    @property
    def words(self) -> str:
        """'fed 0..255, BGR'."""
        parts = [f"0..{self.range:g}"]
        if self.order != "RGB":
            parts.append(self.order)
        if self.mean:
            parts.append(f"minus the mean {', '.join(f'{value:g}' for value in self.mean)}")
        return f"fed {', '.join(parts)}"
