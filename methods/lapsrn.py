"""LapSRN: a pyramid that doubles the image level by level, each level adding a predicted residual.

Lai, Huang, Ahuja, Yang, Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution, CVPR 2017
(arXiv:1704.03915): 812,768 weights at x4. Every level is supervised (Charbonnier), so one network gives x2 and x4.
x3 is x4 resized, as in the paper.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.resize import imresize
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.losses import Batch, Loss

LEVELS = 2


def _bilinear() -> Tensor:
    """(1, 1, 4, 4): the transposed convolution with it and stride 2 is bilinear interpolation."""
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    return torch.outer(line, line)[None, None]


class Level(nn.Module):
    """Features (N, 64, H, W) and image (N, 1, H, W) to the same at twice the size."""

    def __init__(self, depth: int = 10, width: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *[
                layer
                for _ in range(depth)
                for layer in (nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2, inplace=True))
            ]
        )
        self.enlarge = nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1)
        self.residual = nn.Conv2d(width, 1, 3, padding=1)
        self.image = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False)
        with torch.no_grad():
            self.image.weight.copy_(_bilinear())
            self.residual.weight.mul_(0.01)

    def forward(self, features: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        features = F.leaky_relu(self.enlarge(self.body(features)), 0.2, inplace=True)
        return features, self.image(image) + self.residual(features)


class LapsrnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, 2^levels H, 2^levels W); the parameters are those of all levels, whatever runs."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels
        self.first = nn.Conv2d(1, 64, 3, padding=1)
        self.pyramid = nn.ModuleList([Level() for _ in range(LEVELS)])
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.out_channels > 1:
                # A transposed convolution of stride 2 sums a quarter of the products.
                fan = module.in_channels * 9 / (4 if isinstance(module, nn.ConvTranspose2d) else 1)
                nn.init.normal_(module.weight, std=(2 / (1.04 * fan)) ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def outputs(self, lr: Tensor) -> list[Tensor]:
        """The image after each level, smallest first."""
        features, image, images = F.leaky_relu(self.first(lr), 0.2), lr, []
        for level in self.pyramid[: self.levels]:
            features, image = level(features, image)
            images.append(image)
        return images

    def forward(self, lr: Tensor) -> Tensor:
        return self.outputs(lr)[-1]


class Lapsrn(TrainedMethod):
    card = MethodCard(
        name="lapsrn",
        title="LapSRN",
        year=2017,
        family="cnn, progressive",
        paper="Lai, Huang, Ahuja, Yang, Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution, "
        "CVPR 2017",
        url="https://arxiv.org/abs/1704.03915",
        colour="luma",
        scales=(2, 3, 4),
        size="10 layers a level, 64 channels",
        # At x2 the literature has a network of its own, with one level; here the network for x4 gives x2 on its way.
        published=published(
            "CARN paper (arXiv:1803.08664), table of PSNR/SSIM",
            {
                "set5": ((2, 37.52, 0.9590),),
                "set14": ((2, 33.08, 0.9130),),
                "bsd100": ((2, 31.80, 0.8950),),
            },
            size="10 layers a level, 64 channels, trained for x2 alone",
            images="T91 + BSDS200",
        )
        + published(
            "RDN paper (arXiv:1802.08797), Table 2",
            {
                "set5": ((3, 33.82, 0.9227),),
                "set14": ((3, 29.79, 0.8320),),
                "bsd100": ((3, 28.82, 0.7973),),
            },
            size="10 layers a level, 64 channels",
            images="T91 + BSDS200",
        )
        + published(
            "CARN paper (arXiv:1803.08664), table of PSNR/SSIM",
            {
                "set5": ((4, 31.54, 0.8850),),
                "set14": ((4, 28.19, 0.7720),),
                "bsd100": ((4, 27.32, 0.7280),),
            },
            size="10 layers a level, 64 channels",
            images="T91 + BSDS200",
        ),
    )
    channels_last = True
    packed = ("pyramid.0.body.", "pyramid.1.body.")
    recipe = Recipe(
        steps=60_000,
        batch=32,
        patch=128,
        loss=(("charbonnier", 1.0),),
        learning_rate=6e-4,
        clip_norm=1.0,
        joint_scales=(4,),
        validate_every=500,
    )

    def build(self, scale: int) -> nn.Module:
        return LapsrnNet(1 if scale == 2 else LEVELS)

    @classmethod
    def weight_name(cls, scales: Sequence[int]) -> str:
        return cls.card.name  # training x4 trains x2 too

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        result = self.module(scale)(lr)
        return imresize(result, size=(3 * lr.shape[-2], 3 * lr.shape[-1])) if scale == 3 else result

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """Summed over levels; the target of a lower level is the HR image shrunk by the bicubic kernel."""
        total = lr.new_zeros(())
        for level, sr in enumerate(network.outputs(lr), 1):  # type: ignore[operator]
            target = hr if 2**level == scale else imresize(hr, 2**level / scale)
            total = total + loss(Batch(sr, target, lr, 2**level))
        return total
