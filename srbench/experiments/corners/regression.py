"""Mean squared error: the network of most super-resolution papers. Its best output is the mean of the answers."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from srbench.experiments.corners.canvas import Canvas
from srbench.experiments.corners.model import Model
from srbench.experiments.corners.task import to_image
from srbench.training.losses import l2


class Regression(Model):
    name = "mse"
    title = "MSE regression"

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas(1)

    def forward(self, digits: Tensor) -> Tensor:
        return cast(Tensor, self.canvas(digits)[:, 0])

    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return l2(self(digits), to_image(targets))

    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        return cast(Tensor, self(digits).clamp(0, 1))
