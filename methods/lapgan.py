"""LAPGAN on LapSRN's pyramid: the network of LapSRN, every level of which learns to deceive a discriminator of its own.

Denton, Chintala, Szlam, Fergus, Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, NIPS
2015 (arXiv:1506.05751). From the paper: a pyramid of residual images; one discriminator a level, whose first layer is
shown the sum of residual and coarse image (section 3.2); in training every level is given the true coarse image, which
is the target of the level below, enlarged, so that it answers for its own octave alone; convolutions without
normalisation. Not from the paper: the levels are those of LapSRN and trained together, starting from its weights;
features come from the LR image instead of the level below, and there is no noise, so one LR image gives one SR image;
LapSRN's own loss stays as the anchor, since an adversarial loss alone may show another image than the one that was
shrunk.

The weights beside this file are older: their discriminators saw residual and coarse image side by side, and the coarse
image of both levels was the LR image, enlarged.
"""

import math

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.methods.lapsrn import LEVELS, Lapsrn
from srbench.resize import imresize
from srbench.training.losses import Batch, Loss
from srbench.training.recipe import AdversarialRecipe


class LevelDiscriminator(nn.Module):
    """Images (N, 1, H, W) in [0, 1] to logits (N, 1, ceil(H/2), ceil(W/2)), one for every patch of 17 pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, 5, padding=2)
        self.second = nn.Conv2d(width, width, 5, stride=2, padding=2)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        x = 2 * images - 1
        for layer in (self.first, self.second, self.third):
            x = F.leaky_relu(layer(x), 0.2)
        logits: Tensor = self.last(x)
        return logits


class PyramidDiscriminator(nn.Module):
    """Images of a level, coarse and residual added, (N, 1, 2^level h, 2^level w) and their LR images (N, 1, h, w) to
    that level's logits. A shift may take up to a quarter of the images' sides."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList([LevelDiscriminator(width) for _ in range(LEVELS)])

    def forward(self, images: Tensor, lr: Tensor) -> Tensor:
        level = round(math.log2(images.shape[-1] / lr.shape[-1]))
        logits: Tensor = self.levels[level - 1](images)
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
        discriminator_shift=1,
        learning_rate=1e-4,
        final_rate=1e-6,
        clip_norm=1.0,
        joint_scales=(4,),
        validate_every=500,
    )
    starts_from = "lapsrn"

    def build_discriminator(self, scale: int, side: int, width: int) -> nn.Module:
        return PyramidDiscriminator(width)

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """Summed over levels: the residual of each is added to the target of the level below, enlarged as the network
        enlarges, and compared with its own target. The lowest level stands on the LR image."""
        total, sr, target = lr.new_zeros(()), lr, lr
        for level, (part, image) in enumerate(zip(network.pyramid, network.outputs(lr), strict=False), 1):  # type: ignore[arg-type,operator]
            given = image + part.image(target - sr)  # ``image`` is that of ``sr``, enlarged, and the residual
            sr, target = image, hr if 2**level == scale else imresize(hr, 2**level / scale)
            total = total + loss(Batch(given, target, lr, 2**level))
        return total
