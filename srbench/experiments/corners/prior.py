"""Pixel Recursive Super Resolution: a network that reads the digit and a PixelCNN that sees the pixels drawn so far.

Their logits are added (Dahl, Norouzi, Shlens 2017). The first lit pixel tosses the coin; the prior makes all later ones
agree with it.

The reading network is also trained on its own cross-entropy, as in the paper, lest the prior learn to
do without it. Here the prior cannot, for it never sees the digit, and the term has a price: on its own the reading
network can give each lit pixel no more than one half, though it alone can know which of them is the first.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from srbench.experiments.corners.canvas import Canvas
from srbench.experiments.corners.model import NATS_TO_BITS, Model, pixel_nats
from srbench.experiments.corners.task import CANVAS, LEVELS, to_image
from srbench.methods.pixelcnn.expert import Condition, to_unit
from srbench.methods.pixelcnn.layers import Prior
from srbench.methods.pixelcnn.sampler import Sampler

_AT_ONCE = 128  # images that the sampler keeps all layers of


class PixelPrior(Model):
    """The first layer sees 7 rows up and 7 columns to either side, all of a digit that was begun; the layers after it
    reach 9 rows further up, to the other corner. The masks are as wide as those sizes allow (``lag``).
    """

    name = "prior"
    title = "PixelCNN prior"

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas(LEVELS)
        self.prior = Prior(
            channels=1, levels=LEVELS, width=16, layers=3, hidden=32, up=3, side=2, first=7, lag=8, precision=-2.0
        )

    def logits(self, digits: Tensor, targets: Tensor) -> Tensor:
        """Of every pixel, given the digit and the pixels of ``targets`` before it: (B, 5, 16, 16)."""
        return cast(Tensor, self.canvas(digits) + self._past(targets))

    def _past(self, targets: Tensor) -> Tensor:
        """The prior's logits, of the pixels of ``targets`` before each: (B, 5, 16, 16)."""
        return cast(Tensor, self.prior(to_unit(targets, LEVELS)[:, None]).logits()[:, :, :, 0].movedim(-1, 1))

    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        alone = self.canvas(digits)
        return (pixel_nats(alone + self._past(targets), targets) + pixel_nats(alone, targets)).mean()

    def bits(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return NATS_TO_BITS * pixel_nats(self.logits(digits, targets), targets)

    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.rand(len(digits), CANVAS, CANVAS, 1, generator=generator)
        parts = zip(_portions(digits), _portions(noise), strict=True)
        return torch.cat([to_image(self._draw(part, own)) for part, own in parts])

    def _draw(self, digits: Tensor, noise: Tensor) -> Tensor:
        sampler = Sampler(self.prior, self._condition(digits))
        levels: Tensor = sampler.draw(noise).levels[:, 0]
        return levels

    def _condition(self, digits: Tensor) -> Condition:
        """The canvas's logits as they are: times the identity, without a parabola."""
        logits = self.canvas(digits).permute(0, 2, 3, 1)
        none = logits.new_zeros(*logits.shape[:3], 1)
        return Condition(logits, none, none, torch.eye(LEVELS), torch.zeros(LEVELS))


def _portions(x: Tensor) -> tuple[Tensor, ...]:
    return tuple(x[begin : begin + _AT_ONCE] for begin in range(0, len(x), _AT_ONCE))
