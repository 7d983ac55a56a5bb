"""LAPGAN on LapSRN's pyramid: the network of LapSRN, every level of which learns to deceive a discriminator of its own.

Denton, Chintala, Szlam, Fergus, Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks,
NIPS 2015 (arXiv:1506.05751). From the paper: a pyramid of residual images, one discriminator a level, shown the
residual together with the coarse image that it belongs to (section 3.2), its convolutions without normalisation.
Not from the paper: the levels are those of LapSRN and trained together, starting from its weights; the input is an LR
image instead of the level below, and there is no noise, so one LR image gives one SR image; LapSRN's own loss stays as
the anchor, since an adversarial loss alone may show another image than the one that was shrunk.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.methods.lapsrn import LEVELS, Lapsrn
from srbench.resize import imresize
from srbench.training.recipe import AdversarialRecipe


class LevelDiscriminator(nn.Module):
    """Residual and coarse image, (N, 1, H, W) each, to logits (N, 1, H/2, W/2), one for every patch of 17 pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, width, 5, padding=2)
        self.second = nn.Conv2d(width, width, 5, stride=2, padding=2)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, residual: Tensor, coarse: Tensor) -> Tensor:
        # The residual is small beside the image; both are brought to about unit size.
        x = torch.cat([10 * residual, 2 * coarse - 1], dim=1)
        for layer in (self.first, self.second, self.third):
            x = F.leaky_relu(layer(x), 0.2)
        logits: Tensor = self.last(x)
        return logits


class PyramidDiscriminator(nn.Module):
    """Images of a level (N, 1, 2^level h, 2^level w) and their LR images (N, 1, h, w) to that level's logits."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList([LevelDiscriminator(width) for _ in range(LEVELS)])

    def forward(self, images: Tensor, lr: Tensor) -> Tensor:
        scale = images.shape[-1] // lr.shape[-1]
        coarse = imresize(lr, scale)
        logits: Tensor = self.levels[scale.bit_length() - 2](images - coarse, coarse)
        return logits


class Lapgan(Lapsrn):
    card = MethodCard(
        name="lapgan",
        title="LapSRN + level GANs",
        year=2015,
        family="gan, progressive",
        paper="Denton, Chintala, Szlam, Fergus, Deep Generative Image Models using a Laplacian Pyramid of Adversarial "
        "Networks, NIPS 2015; the pyramid of LapSRN (Lai et al., CVPR 2017)",
        url="https://arxiv.org/abs/1506.05751",
        colour="luma",
        scales=(2, 4),
    )
    recipe = AdversarialRecipe(
        steps=40_000,
        batch=32,
        patch=128,
        loss=(("charbonnier", 1.0), ("adversarial", 0.02)),
        learning_rate=1e-4,
        final_rate=1e-6,
        clip_norm=1.0,
        joint_scales=(4,),
        validate_every=500,
    )
    starts_from = "lapsrn"

    def build_discriminator(self, scale: int, side: int, width: int) -> nn.Module:
        return PyramidDiscriminator(width)
