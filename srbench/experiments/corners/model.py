"""What every network can do: take a training step, draw outputs, and perhaps say what a target costs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.experiments.corners.task import CANVAS, LEVELS, to_image

LEARNING_RATE = 3e-3
NATS_TO_BITS = 1 / math.log(2)


class Model(nn.Module, ABC):
    """A network from a digit to a canvas. Digits (B, 8, 8) and targets (B, 16, 16) are grey levels 0..4, int64."""

    name: ClassVar[str]
    title: ClassVar[str]
    pace: ClassVar[int] = 1
    """How often it steps where the others step once: two networks against each other, or in stages, take longer."""
    bound: ClassVar[bool] = False
    """Whether :meth:`bits` is an upper bound instead of the cost itself."""

    @abstractmethod
    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        """The scalar that training makes small."""

    @abstractmethod
    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        """One output for each digit: (B, 16, 16) float32 in [0, 1]."""

    def bits(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor | None:
        """What each target costs, -log2 p(target | digit), (B,); None for a network that has no p."""
        return None

    def prepare(self, steps: int) -> None:
        """Make the optimisers for a training of ``steps`` steps."""
        self._optimiser, self._schedule = adam(self, steps)

    def learn(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> float:
        """One training step; returns the loss."""
        loss = self.loss(digits, targets, generator)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._schedule.step()
        return float(loss.detach())


def adam(
    network: nn.Module, steps: int, rate: float = LEARNING_RATE, betas: tuple[float, float] = (0.9, 0.99)
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Adam, its rate falling to zero along half a cosine."""
    optimiser = torch.optim.Adam(network.parameters(), rate, betas=betas)
    return optimiser, torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)


def pixel_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """-log softmax(logits)[target], summed over the canvas: logits (B, 5, 16, 16), targets (B, 16, 16); (B,)."""
    return F.cross_entropy(logits, targets, reduction="none").sum(dim=(1, 2))


def draw_pixels(logits: Tensor, generator: torch.Generator) -> Tensor:
    """A draw from each pixel's softmax, on its own: logits (B, 5, 16, 16) to images (B, 16, 16) in [0, 1]."""
    chances = logits.softmax(dim=1).movedim(1, -1).reshape(-1, LEVELS)
    levels = torch.multinomial(chances, 1, generator=generator)
    return to_image(levels.view(-1, CANVAS, CANVAS))
