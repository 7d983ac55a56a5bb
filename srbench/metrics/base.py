"""What a metric is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Comparison:
    """One SR image beside its HR image, as a protocol prepared them.

    ``sr_luma`` and ``hr_luma`` are (H, W) double on the 0..255 scale with the border shaved.
    """

    sr_luma: Tensor
    hr_luma: Tensor


@dataclass(frozen=True)
class Metric:
    """A named, versioned, pure function of a :class:`Comparison`. A new version makes old scores stale."""

    name: str
    title: str
    version: int
    higher_is_better: bool
    unit: str
    bounds: tuple[float, float]  # range of possible values
    digits: int  # decimals that the literature prints
    space: Literal["luma"]
    compute: Callable[[Comparison], float]
    min_size: int  # shortest side, after the shave, that it can measure
