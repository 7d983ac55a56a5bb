"""A conditional VAE: a latent vector is drawn first, then all pixels at once, independent of each other given it."""

from __future__ import annotations

import torch
from torch import Tensor

from srbench.experiments.corners.canvas import Canvas, Judge
from srbench.experiments.corners.model import NATS_TO_BITS, Model, draw_pixels, pixel_nats
from srbench.experiments.corners.task import LEVELS, to_image

LATENT = 8
_NARROW = -4.0  # logarithm of the posterior's variance at the start
_DRAWS = 16  # of the latent, for the bound on bits


class Vae(Model):
    """Kingma and Welling 2014; conditional as Sohn, Lee, Yan 2015, with a standard normal prior on the latent.

    Its loss, the negative evidence lower bound, is the most that a target costs: its bits are an upper bound.
    """

    name = "vae"
    title = "VAE"
    pace = 2
    bound = True

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Judge(2 * LATENT)
        self.decoder = Canvas(LEVELS, LATENT)

    def posterior(self, digits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the latent, (B, LATENT) each."""
        mean, raw = self.encoder(digits, to_image(targets)).chunk(2, dim=1)
        return mean, raw + _NARROW

    def nats(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        """The bound, of one draw of the latent: (B,)."""
        mean, log_variance = self.posterior(digits, targets)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        latent = mean + noise * (log_variance / 2).exp()
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return pixel_nats(self.decoder(digits, latent), targets) + divergence

    def loss(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        return self.nats(digits, targets, generator).mean()

    def draw(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        latent = torch.randn(len(digits), LATENT, generator=generator, device=digits.device)
        return draw_pixels(self.decoder(digits, latent), generator)

    def bits(self, digits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        draws = [self.nats(digits, targets, generator) for _ in range(_DRAWS)]
        return NATS_TO_BITS * torch.stack(draws).mean(dim=0)
