"""What the networks are made of: one reads a digit and fills a canvas, one judges a digit and a canvas together."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.experiments.corners.task import CANVAS, LEVELS, SIDE, to_image

WIDTH = 32
_BLOCKS = 2
_QUARTERS = CANVAS // SIDE  # along each side


class _Mixer(nn.Module):
    """Mixes the digit's pixels, the same way in all channels, then the channels, the same way in all pixels.

    MLP-Mixer (Tolstikhin et al. 2021) at its smallest: every pixel sees the whole digit for a tenth of what
    convolutions of that reach would cost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pixels = nn.Linear(SIDE**2, SIDE**2)
        self.channels = nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pixels(F.relu(x))
        return x + cast(Tensor, self.channels(F.relu(x)))


class Canvas(nn.Module):
    """Digits (B, 8, 8), grey levels, to (B, outputs, 16, 16), unbounded.

    The digit's features are laid into all four quarters and a learnt map of the canvas is added; layers that see one
    pixel at a time do the rest. What is left to learn is which quarters to fill, and how.

    A latent vector is projected onto the canvas by a linear layer, as generators of images usually begin: to features
    of its own for each quarter. As a constant over the canvas it could not say "this quarter" unless later layers
    learnt to multiply it with the place.

    Args:
        noise: length of a latent vector that is given with the digit, (B, noise); 0 for none.
    """

    def __init__(self, outputs: int, noise: int = 0) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Conv1d(LEVELS, WIDTH, 1), *(_Mixer() for _ in range(_BLOCKS)))
        self.place = nn.Parameter(0.1 * torch.randn(WIDTH, CANVAS, CANVAS))
        if noise:
            self.project = nn.Linear(noise, WIDTH * _QUARTERS**2)
        self.write = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, outputs, 1),
        )

    def forward(self, digits: Tensor, noise: Tensor | None = None) -> Tensor:
        # One-hot: a network need not first learn to tell level 7 from 8.
        levels = F.one_hot(digits.flatten(1), LEVELS).movedim(-1, 1).float()
        features = _in_all_quarters(self.read(levels).unflatten(2, (SIDE, SIDE))) + self.place
        if noise is not None:
            quarters = self.project(noise).view(-1, WIDTH, _QUARTERS, _QUARTERS)
            features = features + F.interpolate(quarters, size=(CANVAS, CANVAS))  # each value over its quarter
        return cast(Tensor, self.write(features))


class Judge(nn.Module):
    """Digits (B, 8, 8), grey levels, and canvases (B, 16, 16) in [0, 1], seen together, to (B, outputs)."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, WIDTH // 2, 1),  # canvas against digit, pixel by pixel, before anything is merged
            nn.LeakyReLU(0.2),
            nn.Conv2d(WIDTH // 2, WIDTH, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * WIDTH * (CANVAS // 4) ** 2, 2 * WIDTH),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * WIDTH, outputs),
        )

    def forward(self, digits: Tensor, canvases: Tensor) -> Tensor:
        beside = _in_all_quarters(to_image(digits)[:, None])
        return cast(Tensor, self.layers(torch.cat([canvases[:, None], beside], dim=1)))


def _in_all_quarters(x: Tensor) -> Tensor:
    """(B, C, 8, 8) to (B, C, 16, 16), four times the same."""
    return x.repeat(1, 1, _QUARTERS, _QUARTERS)
