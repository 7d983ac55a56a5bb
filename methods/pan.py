"""PAN: blocks of two branches, in one of which every pixel of every channel is weighted; the enlarger does it as well.

Zhao, Kong, He, Qiao, Dong, Efficient Image Super-Resolution Using Pixel Attention, ECCV workshops 2020
(arXiv:2010.01073): 16 blocks of 40 channels, 24 in the enlarger, 272 thousand parameters at x4. Enlarges by nearest
neighbour, at x4 in two steps of 2, and adds the bilinearly enlarged image. Tensors are named as in the authors' files.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

SLOPE = 0.2  # of the leaky ReLU


def conv3(n_in: int, n_out: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, padding=1, bias=bias)


class PixelAttention(nn.Module):
    """(N, C, H, W) to the same: everything times a weight in (0, 1) of its own, found from its pixel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.conv(x))


class AttendedConvolution(nn.Module):
    """(N, C, H, W) to the same: a convolution, weighted by what a 1x1 convolution makes of its input, and another."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.k2 = nn.Conv2d(width, width, 1)
        self.k3 = conv3(width, width, bias=False)
        self.k4 = conv3(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.k4(self.k3(x) * torch.sigmoid(self.k2(x)))
        return y


class Block(nn.Module):
    """(N, C, H, W) to the same: x + the two branches of ``narrow`` channels each, fused. No convolution but that of the
    attention has a bias."""

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.conv1_a = nn.Conv2d(width, narrow, 1, bias=False)
        self.conv1_b = nn.Conv2d(width, narrow, 1, bias=False)
        self.k1 = nn.Sequential(conv3(narrow, narrow, bias=False))
        self.PAConv = AttendedConvolution(narrow)
        self.conv3 = nn.Conv2d(2 * narrow, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        plain = F.leaky_relu(self.k1(F.leaky_relu(self.conv1_a(x), SLOPE)), SLOPE)
        attended = F.leaky_relu(self.PAConv(F.leaky_relu(self.conv1_b(x), SLOPE)), SLOPE)
        fused: Tensor = self.conv3(torch.cat([plain, attended], dim=1))
        return x + fused


class PanNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W).

    Args:
        narrow: channels of each branch of a block, and ``large`` of the layers that work at HR size.
    """

    def __init__(self, scale: int, width: int = 40, blocks: int = 16, narrow: int = 20, large: int = 24) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = conv3(3, width)
        self.SCPA_trunk = nn.Sequential(*[Block(width, narrow) for _ in range(blocks)])
        self.trunk_conv = conv3(width, width)
        self.steps = (2, 2) if scale == 4 else (scale,)
        for n, _ in enumerate(self.steps, 1):
            self.add_module(f"upconv{n}", conv3(width if n == 1 else large, large))
            self.add_module(f"att{n}", PixelAttention(large))
            self.add_module(f"HRconv{n}", conv3(large, large))
        self.conv_last = conv3(large, 3)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.conv_first(lr)
        x = x + self.trunk_conv(self.SCPA_trunk(x))
        for n, step in enumerate(self.steps, 1):
            x = self.get_submodule(f"upconv{n}")(F.interpolate(x, scale_factor=step, mode="nearest"))
            x = F.leaky_relu(self.get_submodule(f"att{n}")(x), SLOPE)
            x = F.leaky_relu(self.get_submodule(f"HRconv{n}")(x), SLOPE)
        plain = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        sr: Tensor = self.conv_last(x) + plain
        return sr


class Pan(TorchMethod):
    card = MethodCard(
        name="pan",
        title="PAN",
        year=2020,
        family="cnn, post-upsampling",
        paper="Zhao, Kong, He, Qiao, Dong, Efficient Image Super-Resolution Using Pixel Attention, ECCV workshops 2020",
        url="https://arxiv.org/abs/2010.01073",
        colour="rgb",
        scales=(2, 3, 4),
        size="16 blocks, 40 channels",
        published=published(
            "PAN in the SeemoRe table",
            {"set5": ((2, 38.00, 0.9605), (3, 34.40, 0.9271), (4, 32.13, 0.8948))},
            size="16 blocks, 40 channels",
            images="DF2K",
            protocol="basicsr",
        )
        + published(
            "PAN in the CFSR README, table at x4",
            {"set14": ((4, 28.61, 0.7822),), "bsd100": ((4, 27.59, 0.7363),)},
            size="16 blocks, 40 channels",
            images="DF2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True

    def build(self, scale: int) -> nn.Module:
        return PanNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """The tensors of x2 and x3 have the same shapes: the file does not say for which of the two it is."""
        width, _, _ = sizes.kernel(state, "conv_first.weight")
        blocks = sizes.count(state, r"^SCPA_trunk\.(\d+)\.")
        narrow, _, _ = sizes.kernel(state, "SCPA_trunk.0.conv1_a.weight")
        large, _, _ = sizes.kernel(state, "upconv1.weight")
        return Sized(
            (4,) if "upconv2.weight" in state else (2, 3),
            lambda scale: PanNet(scale, width, blocks, narrow, large),
            f"{blocks} blocks, {width} channels",
        )
