"""SRGAN: the network of SRResNet, trained to come near HR images in their features and to deceive a discriminator.

Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, CVPR 2017
(arXiv:1609.04802), sections 2.1 and 2.2. A training starts from SRResNet's weights, as in the paper. The paper's
features are VGG-19's: recipes ``vgg22`` and ``vgg54`` for those who have its weights. The recipe of the weights beside
this file takes SqueezeNet's, as :mod:`srbench.methods.perceptual` does and with its remedies against a grid: random
shifts, images enlarged twice, a pixel loss. The discriminator has strides too, and sees shifted images. Start, steps
and content loss are those of ``perceptual``, so that what the two differ by is the adversary's. The metric
``lpips-squeeze``, whose first three layers are those of the loss, is no judge of either.

The batch statistics are SRResNet's throughout: the network is used with the statistics that it is trained with.
"""

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.methods.srresnet import WIDTH, Srresnet
from srbench.training import published
from srbench.training.recipe import AdversarialRecipe


class Discriminator(nn.Module):
    """Section 2.1 and figure 4: eight convolutions, (N, 3, side, side) in [0, 1] to logits (N, 1). 23.56 million
    parameters for 96 pixels and the paper's width of 64 channels."""

    def __init__(self, side: int, width: int = 64) -> None:
        super().__init__()
        channels = [width, width, 2 * width, 2 * width, 4 * width, 4 * width, 8 * width, 8 * width]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.LeakyReLU(0.2)]
        for n, (n_in, n_out) in enumerate(pairwise(channels), 1):
            stride = 1 + n % 2
            layers += [nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2)]
            side = -(-side // stride)
        self.body = nn.Sequential(*layers)
        dense = (nn.Linear(8 * width * side**2, 16 * width), nn.LeakyReLU(0.2), nn.Linear(16 * width, 1))
        self.head = nn.Sequential(nn.Flatten(), *dense)

    def forward(self, images: Tensor, lr: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(2 * images - 1))
        return logits


class Srgan(Srresnet):
    card = MethodCard(
        name="srgan",
        title=f"SRGAN-Squeeze, {WIDTH} channels",
        year=2017,
        family="gan",
        paper="Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, "
        "CVPR 2017",
        url="https://arxiv.org/abs/1609.04802",
        colour="rgb",
        scales=(4,),
        size=f"16 blocks, {WIDTH} channels, SqueezeNet's features",
        # PSNR alone: the paper's SSIM comes from another tool, 0.01 to 0.05 above MATLAB's.
        published=published(
            "SRGAN paper (arXiv:1609.04802), Table 2 (SRGAN-VGG54)",
            {"set5": ((4, 29.40, None),), "set14": ((4, 26.02, None),), "bsd100": ((4, 25.16, None),)},
            size="16 blocks, 64 channels, VGG-19's features",
            images="ImageNet",
            protocol="srgan",
        ),
    )
    recipe = AdversarialRecipe(
        steps=40_000,
        batch=16,
        patch=96,
        loss=(("squeeze", 1.0), ("l1", 1.0), ("adversarial", 0.01)),
        feature_shift=7,
        feature_doubled=0.5,
        discriminator_shift=7,
        learning_rate=1e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )
    _paper: ClassVar = replace(
        recipe, steps=200_000, feature_shift=0, feature_doubled=0.0, discriminator_shift=0, clip_norm=None
    )
    recipes: ClassVar = {
        "vgg22": replace(_paper, loss=(("vgg22", 1.0), ("adversarial", 1e-3), ("tv", 2e-8))),
        "vgg54": replace(_paper, loss=(("vgg54", 1.0), ("adversarial", 1e-3))),
    }
    starts_from = "srresnet"
    frozen_from = 0.0

    def build_discriminator(self, scale: int, side: int, width: int) -> nn.Module:
        return Discriminator(side, width)
