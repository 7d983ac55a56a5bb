"""IMDN: a block keeps a quarter of its channels after each convolution and refines the rest; the kept ones are fused.

Hui, Gao, Yang, Wang, Lightweight Image Super-Resolution with Information Multi-Distillation Network, ACM Multimedia
2019 (arXiv:1909.11856): six blocks of 64 channels, 694 / 703 / 715 thousand parameters at x2 / x3 / x4. The channels of
a block are weighted by their contrast, standard deviation plus mean over the image (section 3.2). Tensors are named as
in the authors' files.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

SLOPE = 0.05  # of the leaky ReLU


class ContrastAttention(nn.Module):
    """(N, C, H, W) to the same: every channel times a weight in (0, 1) found from its mean and standard deviation."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(nn.Conv2d(width, inner, 1), nn.ReLU(), nn.Conv2d(inner, width, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=(2, 3), keepdim=True)
        deviation = (x - mean).square().mean(dim=(2, 3), keepdim=True).sqrt()
        return x * self.conv_du(deviation + mean)


class Distillation(nn.Module):
    """(N, C, H, W) to the same: three convolutions, after each of which ``kept`` channels are put aside; x is added."""

    def __init__(self, width: int, kept: int, inner: int) -> None:
        super().__init__()
        self.split = (kept, width - kept)
        self.c1 = nn.Conv2d(width, width, 3, padding=1)
        self.c2 = nn.Conv2d(width - kept, width, 3, padding=1)
        self.c3 = nn.Conv2d(width - kept, width, 3, padding=1)
        self.c4 = nn.Conv2d(width - kept, kept, 3, padding=1)
        self.c5 = nn.Conv2d(4 * kept, width, 1)
        self.cca = ContrastAttention(4 * kept, inner)

    def forward(self, x: Tensor) -> Tensor:
        aside, rest = [], x
        for conv in (self.c1, self.c2, self.c3):
            kept, rest = leaky_relu(conv(rest), SLOPE).split(self.split, dim=1)
            aside.append(kept)
        fused: Tensor = self.c5(self.cca(torch.cat([*aside, self.c4(rest)], dim=1)))
        return x + fused


class ImdnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W).

    Args:
        kept: channels that a block puts aside after each convolution.
        inner: channels inside the attention.
    """

    def __init__(self, scale: int, width: int = 64, blocks: int = 6, kept: int = 16, inner: int = 4) -> None:
        super().__init__()
        self.blocks = [f"IMDB{n}" for n in range(1, blocks + 1)]
        self.fea_conv = nn.Conv2d(3, width, 3, padding=1)
        for name in self.blocks:
            self.add_module(name, Distillation(width, kept, inner))
        self.c = nn.Sequential(nn.Conv2d(blocks * width, width, 1), nn.LeakyReLU(SLOPE))
        self.LR_conv = nn.Conv2d(width, width, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, lr: Tensor) -> Tensor:
        first = x = self.fea_conv(lr)
        passed = []
        for name in self.blocks:
            x = self.get_submodule(name)(x)
            passed.append(x)
        sr: Tensor = self.upsampler(self.LR_conv(self.c(torch.cat(passed, dim=1))) + first)
        return sr


class Imdn(TorchMethod):
    card = MethodCard(
        name="imdn",
        title="IMDN",
        year=2019,
        family="cnn, post-upsampling",
        paper="Hui, Gao, Yang, Wang, Lightweight Image Super-Resolution with Information Multi-Distillation Network, "
        "ACM Multimedia 2019",
        url="https://arxiv.org/abs/1909.11856",
        colour="rgb",
        scales=(2, 3, 4),
        size="6 blocks, 64 channels",
        published=published(
            "IMDN paper (arXiv:1909.11856); at x3 and x4 as quoted in the SwinIR paper (arXiv:2108.10257), Table 3",
            {
                "set5": ((2, 38.00, 0.9605), (3, 34.36, 0.9270), (4, 32.21, 0.8948)),
                "set14": ((2, 33.63, 0.9177), (3, 30.32, 0.8417), (4, 28.58, 0.7811)),
                "bsd100": ((2, 32.19, 0.8996), (3, 29.09, 0.8046), (4, 27.56, 0.7353)),
            },
            size="6 blocks, 64 channels",
            images="DIV2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True

    def build(self, scale: int) -> nn.Module:
        return ImdnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, _, _ = sizes.kernel(state, "fea_conv.weight")
        blocks = sizes.count(state, r"^IMDB(\d+)\.")
        kept, _, _ = sizes.kernel(state, "IMDB1.c4.weight")
        inner, _, _ = sizes.kernel(state, "IMDB1.cca.conv_du.0.weight")
        scale = sizes.shuffled(sizes.kernel(state, "upsampler.0.weight")[0])
        return Sized(
            (scale,), lambda scale: ImdnNet(scale, width, blocks, kept, inner), f"{blocks} blocks, {width} channels"
        )
