"""A conditional GAN: a discriminator sees digit and canvas together, a generator turns noise into what it accepts."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from srbench.experiments.corners.canvas import Canvas, Judge
from srbench.experiments.corners.model import Model, adam
from srbench.experiments.corners.task import nearest_levels, to_image
from srbench.training.losses import adversarial_discriminator, adversarial_generator

NOISE = 8
_RATE, _BETAS = 2e-3, (0.5, 0.9)
_PENALTY = 0.1


class Gan(Model):
    """Non-saturating losses (Goodfellow et al. 2014) with a gradient penalty on real pairs (R1, Mescheder et al. 2018).

    Nothing tells the generator which target belongs to a batch's noise: it is free to answer in either corner, or to
    forget one of the two.
    """

    name = "gan"
    title = "GAN"
    pace = 2

    def __init__(self) -> None:
        super().__init__()
        self.generator = Canvas(1, NOISE)
        self.discriminator = Judge(1)

    def prepare(self, steps: int) -> None:
        self._optimiser, self._schedule = adam(self.generator, steps, _RATE, _BETAS)
        self._critic, self._critic_schedule = adam(self.discriminator, steps, _RATE, _BETAS)

    def learn(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> float:
        self._critic.zero_grad()
        self._discriminator_loss(digits, targets, generator).backward()  # type: ignore[no-untyped-call]
        self._critic.step()
        self._critic_schedule.step()
        return super().learn(digits, targets, generator)

    def _discriminator_loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        with torch.no_grad():
            fake = self._paint(digits, generator)
        real = to_image(targets).requires_grad_()
        judged = self.discriminator(digits, real)
        (slope,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
        penalty = slope.square().sum(dim=(1, 2)).mean() / 2
        return adversarial_discriminator(judged, self.discriminator(digits, fake)) + _PENALTY * penalty

    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return adversarial_generator(self.discriminator(digits, self._paint(digits, generator)))

    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        # The networks with probabilities draw one of the task's grey levels; so that all are judged alike, this does.
        return to_image(nearest_levels(self._paint(digits, generator)))

    def _paint(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        """Canvases (B, 16, 16) of any grey in [0, 1], which gradients pass through."""
        noise = torch.randn(len(digits), NOISE, generator=generator, device=digits.device)
        return cast(Tensor, self.generator(digits, noise)[:, 0].sigmoid())
