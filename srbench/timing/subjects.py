"""What methods are timed on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from srbench.errors import SrbenchError
from srbench.method.base import Method
from srbench.timing import cost

_SIZE = re.compile(r"0*([1-9][0-9]{0,4})[xX]0*([1-9][0-9]{0,4})")  # up to 99,999 pixels a side


@dataclass(frozen=True)
class Subject:
    """What is timed. ``picture`` is (3, h, w) float32 in [0, 1]; luma methods get its mean over the channels."""

    name: str
    scale: float
    picture: Tensor
    image: str = ""

    def input_for(self, method: Method) -> Tensor:
        """(1, C, h, w) float32 on the method's device."""
        planes = self.picture if cost.channels(method) == 3 else self.picture.mean(dim=0, keepdim=True)
        return planes[None].to(torch.float32).contiguous().to(method.device)


def synthetic(width: int, height: int, scale: float) -> Subject:
    """A picture of a standard size: smooth waves with some noise, the same on every machine."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    waves = torch.stack([0.5 + 0.35 * torch.sin(x / (5 + c)) * torch.cos(y / (7 + c)) for c in range(3)])
    noise = torch.rand(waves.shape, generator=torch.Generator().manual_seed(0))
    return Subject(f"{width}x{height}", scale, (waves + 0.05 * noise).clamp(0, 1))


def parse_size(text: str) -> tuple[int, int]:
    """'320x180' to (320, 180), width and height of an LR image; raises SrbenchError."""
    sides = _SIZE.fullmatch(text)
    if sides is None:
        raise SrbenchError(f"'{text[:40]}' is not a size", "give WIDTHxHEIGHT of the LR image, for example 320x180")
    return int(sides[1]), int(sides[2])
