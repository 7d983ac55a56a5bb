"""The task: a digit goes in, the same digit comes out, in a corner that a coin chooses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

LEVELS = 5  # grey levels, 0..4
SIDE = 8  # pixels of a digit, in height and width
CANVAS = 16  # pixels of the target, in height and width
CORNERS = ("top left", "bottom right")


@dataclass(frozen=True)
class Digits:
    """Grey levels 0..4, int64: ``train`` (N, 8, 8), and ``held_out`` (M, 8, 8), which no training sees."""

    train: Tensor
    held_out: Tensor


def load_digits() -> Digits:
    """The 1797 handwritten digits that scikit-learn carries, their 17 levels rounded to 5; every fifth is held out.

    They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin, Kaynak 1998), by thirteen people.
    """
    from sklearn.datasets import load_digits as bundled  # late: it takes a second

    levels = (torch.from_numpy(bundled().images).long() + 2) // 4
    fifth = torch.arange(len(levels)) % 5 == 4
    return Digits(levels[~fifth], levels[fifth])


def place(digits: Tensor, corner: Tensor | int) -> Tensor:
    """Digits (N, 8, 8) to canvases (N, 16, 16), zero around the digit; of any type.

    Args:
        corner: 0 for the top left, 1 for the bottom right; one for all, or one for each (N,).
    """
    first = F.pad(digits, (0, CANVAS - SIDE, 0, CANVAS - SIDE))
    second = F.pad(digits, (CANVAS - SIDE, 0, CANVAS - SIDE, 0))
    chosen = torch.as_tensor(corner, device=digits.device).expand(len(digits))
    return torch.where(chosen.bool()[:, None, None], second, first)


def windows(canvases: Tensor) -> Tensor:
    """Canvases (N, 16, 16) to what is in the two corners (2, N, 8, 8)."""
    return torch.stack([canvases[:, :SIDE, :SIDE], canvases[:, -SIDE:, -SIDE:]])


def to_image(levels: Tensor) -> Tensor:
    """Grey levels 0..4 to float32 in [0, 1]."""
    return levels.float() / (LEVELS - 1)


def nearest_levels(images: Tensor) -> Tensor:
    """Images in [0, 1] to the nearest grey levels 0..4, int64."""
    return (images * (LEVELS - 1)).round().long()


def batch(digits: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``size`` random digits (size, 8, 8) and their targets (size, 16, 16), a fresh coin for each; grey levels."""
    rows = torch.randint(len(digits), (size,), generator=generator, device=digits.device)
    coins = torch.randint(2, (size,), generator=generator, device=digits.device)
    return digits[rows], place(digits[rows], coins)
