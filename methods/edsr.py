"""EDSR, baseline size: sixteen residual blocks without batch normalisation at LR size, sub-pixel convolutions; L1.

Lim, Son, Kim, Nah, Lee, Enhanced Deep Residual Networks for Single Image Super-Resolution, CVPR workshops 2017
(arXiv:1707.02921): 1,369,859 / 1,554,499 / 1,517,571 parameters at x2 / x3 / x4. Works on RGB minus the mean colour
of DIV2K; no activation in the sub-pixel convolutions. The full model is ``EdsrNet(scale, 256, 32, 0.1)``, 43 million
parameters. Starts as interpolation (:mod:`srbench.training.start`).
"""

import torch
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, interpolate, silence

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # of R, G, B in [0, 1]


class Block(nn.Module):
    """(N, C, H, W) to the same: x + factor * conv(ReLU(conv(x)))."""

    def __init__(self, width: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.factor * self.body(x)


class EdsrNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); ``factor`` scales every residual, for wide networks."""

    mean: Tensor

    def __init__(self, scale: int, width: int = 64, blocks: int = 16, factor: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(DIV2K_MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*[Block(width, factor) for _ in range(blocks)])
        self.after = nn.Conv2d(width, width, 3, padding=1)
        enlarge: list[nn.Module] = []
        for step in (scale,) if scale == 3 else (2,) * (scale.bit_length() - 1):
            conv = nn.Conv2d(width, step**2 * width, 3, padding=1)
            interpolate(conv, step, 3)
            enlarge += [conv, nn.PixelShuffle(step)]
        self.enlarge = nn.Sequential(*enlarge)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        carry(self.first, 3)
        for block in self.blocks:
            silence(block.body[-1], 3)  # type: ignore[index,union-attr,arg-type]
        silence(self.after, 3)
        carry(self.last, 3, others=1e-4)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.first(lr - self.mean)
        return self.last(self.enlarge(x + self.after(self.blocks(x)))) + self.mean


class Edsr(TrainedMethod):
    card = MethodCard(
        name="edsr",
        title="EDSR baseline, 16 blocks, 64 channels",
        year=2017,
        family="cnn, post-upsampling",
        paper="Lim, Son, Kim, Nah, Lee, Enhanced Deep Residual Networks for Single Image Super-Resolution, "
        "CVPR workshops 2017",
        url="https://arxiv.org/abs/1707.02921",
        colour="rgb",
        scales=(2, 3, 4),
        size="16 blocks, 64 channels",
        # The paper prints the baseline on DIV2K alone.
        published=published(
            "EDSR-baseline in the IMDN paper (arXiv:1909.11856)",
            {"set5": ((2, 37.99, 0.9604),), "set14": ((2, 33.57, 0.9175),), "bsd100": ((2, 32.16, 0.8994),)},
            size="16 blocks, 64 channels",
            images="DIV2K",
        )
        + published(
            "EDSR-baseline, authors' weights re-measured in the torchSR README",
            {
                "set5": ((3, 34.37, 0.9270), (4, 32.09, 0.8936)),
                "set14": ((3, 30.28, 0.8414), (4, 28.58, 0.7804)),
                "bsd100": ((3, 29.08, 0.8051), (4, 27.56, 0.7354)),
            },
            size="16 blocks, 64 channels",
            images="DIV2K",
        ),
    )
    recipe = Recipe(
        steps=100_000,
        batch=16,
        patch=192,
        loss=(("l1", 1.0),),
        learning_rate=3e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )

    def build(self, scale: int) -> nn.Module:
        return EdsrNet(scale)
