"""RFDN: distillation by 1x1 convolutions beside shallow residual ones, and attention in every pixel.

Liu, Tang, Wu, Residual Feature Distillation Network for Lightweight Image Super-Resolution, ECCV workshops 2020
(arXiv:2009.11551). This is the network that won the AIM 2020 challenge, whose weights are public: four blocks of 50
channels, 433 thousand parameters at x4. What the paper's tables are of has six blocks of 48, attention by channel in
place of that by pixel and a skip connection around each block. Tensors are named as in the authors' file, which is fed
0..255 and answers so.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

SLOPE = 0.05  # of the leaky ReLU


class SpatialAttention(nn.Module):
    """(N, C, H, W) to the same: every pixel of every channel times a weight in (0, 1), found from an area around it.

    H and W are at least 15: a convolution of stride 2, then maxima of 7 x 7 at every third pixel, are what sees the
    area; the result is enlarged again. From the enhanced spatial attention of RFANet (Liu et al., CVPR 2020).

    Args:
        conv: makes a 3x3 convolution from channels in and out and ``stride`` and ``padding``.
    """

    def __init__(
        self, width: int, inner: int, conv: Callable[..., nn.Module] = nn.Conv2d, act: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, inner, 1)
        self.conv_f = nn.Conv2d(inner, inner, 1)
        self.conv2 = conv(inner, inner, 3, stride=2, padding=0)
        self.conv_max = conv(inner, inner, 3, padding=1)
        self.conv3 = conv(inner, inner, 3, padding=1)
        self.conv3_ = conv(inner, inner, 3, padding=1)
        self.conv4 = nn.Conv2d(inner, width, 1)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        few = self.conv1(x)
        area = F.max_pool2d(self.conv2(few), kernel_size=7, stride=3)
        area = self.conv3_(self.act(self.conv3(self.act(self.conv_max(area)))))
        area = F.interpolate(area, x.shape[-2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.conv4(area + self.conv_f(few)))


class Distillation(nn.Module):
    """(N, C, H, W) to the same: before each of three residual convolutions, ``kept`` channels of its input are put
    aside."""

    def __init__(self, width: int, kept: int, inner: int) -> None:
        super().__init__()
        for n in (1, 2, 3):
            self.add_module(f"c{n}_d", nn.Conv2d(width, kept, 1))
            self.add_module(f"c{n}_r", nn.Conv2d(width, width, 3, padding=1))
        self.c4 = nn.Conv2d(width, kept, 3, padding=1)
        self.c5 = nn.Conv2d(4 * kept, width, 1)
        self.esa = SpatialAttention(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        aside = []
        for n in (1, 2, 3):
            aside.append(F.leaky_relu(self.get_submodule(f"c{n}_d")(x), SLOPE))
            x = F.leaky_relu(x + self.get_submodule(f"c{n}_r")(x), SLOPE)
        aside.append(F.leaky_relu(self.c4(x), SLOPE))
        fused: Tensor = self.esa(self.c5(torch.cat(aside, dim=1)))
        return fused


class RfdnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); H and W at least 15.

    Args:
        kept: channels that a block puts aside, each time.
        inner: channels inside the attention.
    """

    def __init__(self, scale: int, width: int = 50, blocks: int = 4, kept: int = 25, inner: int = 12) -> None:
        super().__init__()
        self.blocks = [f"B{n}" for n in range(1, blocks + 1)]
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


class Rfdn(TorchMethod):
    card = MethodCard(
        name="rfdn",
        title="RFDN, as in the AIM 2020 challenge",
        year=2020,
        family="cnn, post-upsampling",
        paper="Liu, Tang, Wu, Residual Feature Distillation Network for Lightweight Image Super-Resolution, "
        "ECCV workshops 2020",
        url="https://arxiv.org/abs/2009.11551",
        colour="rgb",
        scales=(2, 3, 4),
        size="4 blocks, 50 channels",
        min_size=15,
        published=published(
            "RFDN paper (arXiv:2009.11551), Table 3",
            {
                "set5": ((2, 38.05, 0.9606), (3, 34.41, 0.9273), (4, 32.24, 0.8952)),
                "set14": ((2, 33.68, 0.9184), (3, 30.34, 0.8420), (4, 28.61, 0.7819)),
                "bsd100": ((2, 32.16, 0.8994), (3, 29.09, 0.8050), (4, 27.57, 0.7360)),
            },
            size="6 blocks, 48 channels, attention by channel",
            images="DIV2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True
    input_range = 255.0

    def build(self, scale: int) -> nn.Module:
        return RfdnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, _, _ = sizes.kernel(state, "fea_conv.weight")
        blocks = sizes.count(state, r"^B(\d+)\.")
        kept, _, _ = sizes.kernel(state, "B1.c1_d.weight")
        inner, _, _ = sizes.kernel(state, "B1.esa.conv1.weight")
        scale = sizes.shuffled(sizes.kernel(state, "upsampler.0.weight")[0])
        return Sized(
            (scale,), lambda scale: RfdnNet(scale, width, blocks, kept, inner), f"{blocks} blocks, {width} channels"
        )
