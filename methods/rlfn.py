"""RLFN: blocks of three convolutions without distillation, a 1x1 convolution and attention in every pixel.

Kong et al., Residual Local Feature Network for Efficient Super-Resolution, CVPR workshops 2022 (arXiv:2205.07514): six
blocks of 52 channels, 527 / 544 thousand parameters at x2 / x4; the network that won the runtime track of NTIRE 2022
has four blocks of 46, 48 inside. Tensors are named as in the authors' files, which are fed 0..255 and answer so.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

SLOPE = 0.05  # of the leaky ReLU


class SpatialAttention(nn.Module):
    """(N, C, H, W) to the same: RFDN's attention (:class:`srbench.methods.rfdn.SpatialAttention`) with one convolution
    of the area instead of three (section 3.2). H and W are at least 15."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, inner, 1)
        self.conv_f = nn.Conv2d(inner, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=2)
        self.conv3 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv4 = nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        few = self.conv1(x)
        area = self.conv3(F.max_pool2d(self.conv2(few), kernel_size=7, stride=3))
        area = F.interpolate(area, x.shape[-2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.conv4(area + self.conv_f(few)))


class Block(nn.Module):
    """(N, C, H, W) to the same."""

    def __init__(self, width: int, middle: int, inner: int) -> None:
        super().__init__()
        self.c1_r = nn.Conv2d(width, middle, 3, padding=1)
        self.c2_r = nn.Conv2d(middle, middle, 3, padding=1)
        self.c3_r = nn.Conv2d(middle, width, 3, padding=1)
        self.c5 = nn.Conv2d(width, width, 1)
        self.esa = SpatialAttention(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for conv in (self.c1_r, self.c2_r, self.c3_r):
            y = F.leaky_relu(conv(y), SLOPE)
        attended: Tensor = self.esa(self.c5(x + y))
        return attended


class RlfnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); H and W at least 15.

    Args:
        middle: channels between the convolutions of a block; as many as elsewhere where it is 0.
        inner: channels inside the attention.
    """

    def __init__(self, scale: int, width: int = 52, blocks: int = 6, middle: int = 0, inner: int = 16) -> None:
        super().__init__()
        self.blocks = [f"block_{n}" for n in range(1, blocks + 1)]
        self.conv_1 = nn.Conv2d(3, width, 3, padding=1)
        for name in self.blocks:
            self.add_module(name, Block(width, middle or width, inner))
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, lr: Tensor) -> Tensor:
        first = x = self.conv_1(lr)
        for name in self.blocks:
            x = self.get_submodule(name)(x)
        sr: Tensor = self.upsampler(self.conv_2(x) + first)
        return sr


class Rlfn(TorchMethod):
    card = MethodCard(
        name="rlfn",
        title="RLFN",
        year=2022,
        family="cnn, post-upsampling",
        paper="Kong et al., Residual Local Feature Network for Efficient Super-Resolution, CVPR workshops 2022",
        url="https://arxiv.org/abs/2205.07514",
        colour="rgb",
        scales=(2, 3, 4),
        size="6 blocks, 52 channels",
        min_size=15,
        published=published(
            "RLFN paper (arXiv:2205.07514), Table 1",
            {
                "set5": ((2, 38.07, 0.9607), (4, 32.24, 0.8952)),
                "set14": ((2, 33.72, 0.9187), (4, 28.62, 0.7813)),
                "bsd100": ((2, 32.22, 0.9000), (4, 27.60, 0.7364)),
            },
            size="6 blocks, 52 channels",
            images="DIV2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True
    input_range = 255.0

    def build(self, scale: int) -> nn.Module:
        return RlfnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, _, _ = sizes.kernel(state, "conv_1.weight")
        blocks = sizes.count(state, r"^block_(\d+)\.")
        middle, _, _ = sizes.kernel(state, "block_1.c1_r.weight")
        inner, _, _ = sizes.kernel(state, "block_1.esa.conv1.weight")
        scale = sizes.shuffled(sizes.kernel(state, "upsampler.0.weight")[0])
        words = f"{blocks} blocks, {width} channels" + (f", {middle} inside" if middle != width else "")
        return Sized((scale,), lambda scale: RlfnNet(scale, width, blocks, middle, inner), words)
