"""Cross-entropy pixel by pixel: it knows that a pixel is lit or dark, but tosses a coin for each on its own.

The conditioning network of Pixel Recursive Super Resolution, without the prior.
"""

from __future__ import annotations

import torch
from torch import Tensor

from srbench.experiments.corners.canvas import Canvas
from srbench.experiments.corners.model import NATS_TO_BITS, Model, draw_pixels, pixel_nats
from srbench.experiments.corners.task import LEVELS


class Independent(Model):
    name = "independent"
    title = "independent pixels"

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas(LEVELS)

    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return pixel_nats(self.canvas(digits), targets).mean()

    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        return draw_pixels(self.canvas(digits), generator)

    def bits(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return NATS_TO_BITS * pixel_nats(self.canvas(digits), targets)
