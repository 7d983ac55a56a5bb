"""BSRN: RFDN with blueprint separable convolutions, GELU, and two attentions a block.

Li, Liu, Chen, Cai, Gu, Qiao, Dong, Blueprint Separable Residual Network for Efficient Image Super-Resolution, CVPR
workshops 2022 (arXiv:2205.05996): 352,400 parameters at x4. A blueprint separable convolution is a 1x1 convolution and
then one 3x3 kernel a channel (section 3.2). The first layer sees the image four times over. Tensors are named as in the
authors' files. BSRN-S, which won the complexity track of NTIRE 2022, is another network and not here.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized, TorchMethod
from srbench.methods.imdn import ContrastAttention
from srbench.methods.rfdn import SpatialAttention
from srbench.training import published
from srbench.weights import sizes


class Separable(nn.Module):
    """A blueprint separable convolution: across channels, then within each; padded by zeros between the two."""

    def __init__(self, n_in: int, n_out: int, side: int = 3, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.pw = nn.Conv2d(n_in, n_out, 1, bias=False)
        self.dw = nn.Conv2d(n_out, n_out, side, stride, padding, groups=n_out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.dw(self.pw(x))
        return y


class Distillation(nn.Module):
    """(N, C, H, W) to the same: before each of three residual convolutions, ``kept`` channels of its input are put
    aside; all are fused, weighted by pixel and by channel, and x is added."""

    def __init__(self, width: int, kept: int, inner: int, squeezed: int) -> None:
        super().__init__()
        for n in (1, 2, 3):
            self.add_module(f"c{n}_d", nn.Conv2d(width, kept, 1))
            self.add_module(f"c{n}_r", Separable(width, width))
        self.c4 = Separable(width, kept)
        self.c5 = nn.Conv2d(4 * kept, width, 1)
        self.esa = SpatialAttention(width, inner, Separable, nn.GELU)
        self.cca = ContrastAttention(width, squeezed)

    def forward(self, x: Tensor) -> Tensor:
        first, aside = x, []
        for n in (1, 2, 3):
            aside.append(gelu(self.get_submodule(f"c{n}_d")(x)))
            x = gelu(x + self.get_submodule(f"c{n}_r")(x))
        aside.append(gelu(self.c4(x)))
        fused: Tensor = self.cca(self.esa(self.c5(torch.cat(aside, dim=1))))
        return first + fused


class BsrnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); H and W at least 15.

    Args:
        kept: channels that a block puts aside, each time.
        inner: channels inside the attention by pixel, and ``squeezed`` inside that by channel.
        copies: of the image that the first layer sees.
    """

    def __init__(
        self,
        scale: int,
        width: int = 64,
        blocks: int = 8,
        kept: int = 32,
        inner: int = 16,
        squeezed: int = 4,
        copies: int = 4,
    ) -> None:
        super().__init__()
        self.copies = copies
        self.blocks = [f"B{n}" for n in range(1, blocks + 1)]
        self.fea_conv = Separable(3 * copies, width)
        for name in self.blocks:
            self.add_module(name, Distillation(width, kept, inner, squeezed))
        self.c1 = nn.Conv2d(blocks * width, width, 1)
        self.c2 = Separable(width, width)
        self.upsampler = nn.Module()
        self.upsampler.upsampleOneStep = nn.Sequential(
            nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, lr: Tensor) -> Tensor:
        first = x = self.fea_conv(lr.repeat(1, self.copies, 1, 1))
        passed = []
        for name in self.blocks:
            x = self.get_submodule(name)(x)
            passed.append(x)
        fused = self.c2(gelu(self.c1(torch.cat(passed, dim=1)))) + first
        sr: Tensor = self.upsampler.upsampleOneStep(fused)
        return sr


class Bsrn(TorchMethod):
    card = MethodCard(
        name="bsrn",
        title="BSRN",
        year=2022,
        family="cnn, post-upsampling",
        paper="Li, Liu, Chen, Cai, Gu, Qiao, Dong, Blueprint Separable Residual Network for Efficient Image "
        "Super-Resolution, CVPR workshops 2022",
        url="https://arxiv.org/abs/2205.05996",
        colour="rgb",
        scales=(2, 3, 4),
        size="8 blocks, 64 channels",
        min_size=15,
        published=published(
            "BSRN in the LKDN README",
            {"set5": ((4, 32.35, 0.8966),)},
            size="8 blocks, 64 channels",
            images="DF2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True

    def build(self, scale: int) -> nn.Module:
        return BsrnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, seen, _ = sizes.kernel(state, "fea_conv.pw.weight")
        if seen % 3:
            raise WeightsError(f"the first layer sees {seen} channels, no multiple of 3", sizes.HINT)
        blocks = sizes.count(state, r"^B(\d+)\.")
        kept, _, _ = sizes.kernel(state, "B1.c1_d.weight")
        inner, _, _ = sizes.kernel(state, "B1.esa.conv1.weight")
        squeezed, _, _ = sizes.kernel(state, "B1.cca.conv_du.0.weight")
        scale = sizes.shuffled(sizes.kernel(state, "upsampler.upsampleOneStep.0.weight")[0])
        return Sized(
            (scale,),
            lambda scale: BsrnNet(scale, width, blocks, kept, inner, squeezed, seen // 3),
            f"{blocks} blocks, {width} channels",
        )
