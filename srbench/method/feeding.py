"""How a network is fed what srbench has, RGB in [0, 1]: the range, order of channels and mean of its training, which no
weight file says; and the same method fed otherwise, to find out."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from torch import Tensor

from srbench.errors import MethodError, SrbenchError
from srbench.foreign.contained import contained

if TYPE_CHECKING:
    from srbench.method.base import Method

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # of R, G, B in [0, 1], as EDSR's code has it


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
        """'fed 0..255', 'fed 0..1, BGR', 'fed -1..1'."""
        if self.range == 2 and set(self.mean) == {0.5}:
            parts = ["-1..1"]
        else:
            parts = [f"0..{self.range:g}"]
            if self.mean:
                mean = "DIV2K's mean" if self.mean == DIV2K_MEAN else f"{', '.join(f'{v:g}' for v in self.mean)}"
                parts.append(f"less {mean}")
        if self.order != "RGB" or parts == ["0..1"]:
            parts.append(self.order)
        return f"fed {', '.join(parts)}"

    def attributes(self, other: Feeding) -> str:
        """What says so in a plugin where it would else be ``other``: 'input_range = 255.0'."""
        names = {"range": "input_range", "order": "channel_order", "mean": "mean"}
        differing = [name for name in names if getattr(self, name) != getattr(other, name)]
        return ", ".join(f"{names[name]} = {getattr(self, name)!r}" for name in differing)


def feeding_of(method: Method) -> Feeding | None:
    """How the network of a method is fed; None of a method that is no network, or has wrappers around it."""
    try:
        with contained(f"feeding of {type(method).__name__}"):
            found = getattr(method, "feeding", None)
    except SrbenchError:  # a plugin's own attribute of that name
        return None
    return found if isinstance(found, Feeding) else None


def fed(method: Method, feeding: Feeding) -> Method:
    """The same method, with the same weights, whose network is fed otherwise. ``method`` is one that has a feeding
    (:func:`feeding_of`), and is prepared: what it is fed is all that differs."""
    other = copy.copy(method)
    other.feeding = feeding  # type: ignore[attr-defined]
    return other


def others(method: Method) -> Sequence[Feeding]:
    """The ways in which networks are trained, but that of ``method``, those that differ least first; none of a method
    that has no feeding."""
    own = feeding_of(method)
    if own is None:
        return []
    colour = method.card.fed("rgb") == "rgb"
    half = (0.5,) * (3 if colour else 1)
    ranges = [(1.0, ()), (255.0, ()), (2.0, half), *([(1.0, DIV2K_MEAN), (255.0, DIV2K_MEAN)] if colour else [])]
    found = [Feeding(r, order, mean) for (r, mean), order in product(ranges, ("RGB", "BGR") if colour else ("RGB",))]

    def distance(feeding: Feeding) -> int:
        changed = (feeding.range != own.range, feeding.order != own.order, feeding.mean != own.mean)
        return sum(changed)

    return sorted((feeding for feeding in found if feeding != own), key=distance)
