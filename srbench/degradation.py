"""How an LR image is made from the HR image: y = (x * k) downsampled + n, by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from torch import Tensor

from srbench.errors import UnknownNameError
from srbench.resize import Downsampler, axis, imresize


class Degradation(Protocol):
    """A named way to make LR images. ``key`` holds all that decides its output (version, kernel, seed)."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        """HR (..., H, W), uint8 or floating on the 0..255 scale, to LR (..., H/scale, W/scale) of the same type."""
        ...

    def operator(self, height: int, width: int, scale: int) -> Downsampler:
        """The linear part of the map for an HR image of that size."""
        ...


@dataclass(frozen=True)
class Bicubic:
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``: the degradation of nearly every published table.

    uint8 in gives uint8 out, rounded after each pass, which reproduces the published LR_bicubic images.
    """

    name: str = "bicubic"
    version: int = 1

    @cached_property
    def key(self) -> str:
        return f"{self.name}/v{self.version}"

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        return imresize(hr, 1 / scale)

    def operator(self, height: int, width: int, scale: int) -> Downsampler:
        return Downsampler(
            axis(height, height // scale, 1 / scale, "bicubic"),
            axis(width, width // scale, 1 / scale, "bicubic"),
        )


DEGRADATIONS: dict[str, Degradation] = {"bicubic": Bicubic()}


def get(name: str) -> Degradation:
    """The degradation called ``name``; raises UnknownNameError."""
    if name not in DEGRADATIONS:
        raise UnknownNameError("degradation", name, DEGRADATIONS)
    return DEGRADATIONS[name]
