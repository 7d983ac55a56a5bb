"""RCAN: groups of residual blocks in residual groups, the channels of every block weighted by their means.

Zhang, Li, Li, Wang, Zhong, Fu, Image Super-Resolution Using Very Deep Residual Channel Attention Networks, ECCV 2018
(arXiv:1807.02758): ten groups of twenty blocks with 64 channels, 16 million parameters. The authors' files hold the
mean colour of DIV2K in units of the range that the network is fed, 0..255. Those of BasicSR hold none; there the same
mean and range are in the code. Files without either, under the authors' names, are fed 0..1 as they are.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.method.ported import Ported
from srbench.methods.edsr import DIV2K_MEAN, enlarged, enlarger, shifts, white_of
from srbench.training import published
from srbench.weights import sizes


class Block(nn.Module):
    """(N, C, H, W) to the same: x + two convolutions, every channel of theirs times a weight in (0, 1)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.attention = nn.Sequential(nn.Conv2d(width, inner, 1), nn.ReLU(), nn.Conv2d(inner, width, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x).relu())
        weighted: Tensor = y * self.attention(y.mean(dim=(2, 3), keepdim=True))
        return x + weighted


class Group(nn.Module):
    """(N, C, H, W) to the same: x + a convolution of what the blocks make of it."""

    def __init__(self, width: int, blocks: int, inner: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[Block(width, inner) for _ in range(blocks)])
        self.after = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.after(self.blocks(x))
        return x + y


class RcanNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W).

    Args:
        inner: channels inside the attention.
        white: the range that the layers work in, 1 or 255; images are of 0..1 all the same.
        shift: whether the mean colour is among the weights.
        mean: of R, G, B in [0, 1], where it is not.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int,
        width: int = 64,
        groups: int = 10,
        blocks: int = 20,
        inner: int = 4,
        *,
        white: float = 255.0,
        shift: bool = True,
        mean: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        super().__init__()
        self.white = white
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.sub_mean, self.add_mean = shifts(white) if shift else (nn.Identity(), nn.Identity())
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.groups = nn.Sequential(*[Group(width, blocks, inner) for _ in range(groups)])
        self.after = nn.Conv2d(width, width, 3, padding=1)
        self.enlarge = enlarger(scale, width)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.first(self.sub_mean(self.white * (lr - self.mean)))
        sr = self.last(self.enlarge(x + self.after(self.groups(x))))
        moved: Tensor = self.add_mean(sr) / self.white + self.mean
        return moved


class Rcan(TorchMethod):
    card = MethodCard(
        name="rcan",
        title="RCAN",
        year=2018,
        family="cnn, post-upsampling",
        paper="Zhang, Li, Li, Wang, Zhong, Fu, Image Super-Resolution Using Very Deep Residual Channel Attention "
        "Networks, ECCV 2018",
        url="https://arxiv.org/abs/1807.02758",
        colour="rgb",
        scales=(2, 3, 4, 8),
        size="10 groups of 20 blocks, 64 channels",
        published=published(
            "RCAN paper (arXiv:1807.02758), tables of PSNR/SSIM",
            {
                "set5": ((2, 38.27, 0.9614), (3, 34.74, 0.9299), (4, 32.63, 0.9002), (8, 27.31, 0.7878)),
                "set14": ((2, 34.12, 0.9216), (3, 30.65, 0.8482), (4, 28.87, 0.7889), (8, 25.23, 0.6511)),
                "bsd100": ((2, 32.41, 0.9027), (3, 29.32, 0.8111), (4, 27.77, 0.7436), (8, 24.98, 0.6058)),
            },
            size="10 groups of 20 blocks, 64 channels",
            images="DIV2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True
    rename = (
        # of the authors
        (r"^head\.0\.", "first."),
        (r"^body\.(\d+)\.body\.(\d+)\.body\.0\.", r"groups.\1.blocks.\2.first."),
        (r"^body\.(\d+)\.body\.(\d+)\.body\.2\.", r"groups.\1.blocks.\2.second."),
        (r"^body\.(\d+)\.body\.(\d+)\.body\.3\.conv_du\.", r"groups.\1.blocks.\2.attention."),
        (r"^body\.(\d+)\.body\.\d+\.(weight|bias)$", r"groups.\1.after.\2"),
        (r"^body\.\d+\.(weight|bias)$", r"after.\1"),
        (r"^tail\.0\.", "enlarge."),
        (r"^tail\.1\.", "last."),
        # of BasicSR
        (r"^conv_first\.", "port.first."),
        (r"^body\.(\d+)\.residual_group\.(\d+)\.rcab\.0\.", r"port.groups.\1.blocks.\2.first."),
        (r"^body\.(\d+)\.residual_group\.(\d+)\.rcab\.2\.", r"port.groups.\1.blocks.\2.second."),
        (
            r"^body\.(\d+)\.residual_group\.(\d+)\.rcab\.3\.attention\.1\.",
            r"port.groups.\1.blocks.\2.attention.0.",
        ),
        (
            r"^body\.(\d+)\.residual_group\.(\d+)\.rcab\.3\.attention\.3\.",
            r"port.groups.\1.blocks.\2.attention.2.",
        ),
        (r"^body\.(\d+)\.conv\.", r"port.groups.\1.after."),
        (r"^conv_after_body\.", "port.after."),
        (r"^upsample\.", "port.enlarge."),
        (r"^conv_last\.", "port.last."),
    )

    def build(self, scale: int) -> nn.Module:
        return RcanNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        begin = "port." if "port.first.weight" in state else ""
        shift = "sub_mean.bias" in state
        width, _, _ = sizes.kernel(state, f"{begin}first.weight")
        groups = sizes.count(state, rf"^{begin}groups\.(\d+)\.")
        blocks = sizes.count(state, rf"^{begin}groups\.0\.blocks\.(\d+)\.")
        inner, _, _ = sizes.kernel(state, f"{begin}groups.0.blocks.0.attention.0.weight")
        white = white_of(state) if shift else 255.0 if begin else 1.0
        mean = DIV2K_MEAN if begin else (0.0, 0.0, 0.0)

        def build(scale: int) -> nn.Module:
            network = RcanNet(scale, width, groups, blocks, inner, white=white, shift=shift, mean=mean)
            return Ported(network) if begin else network

        words = f"{groups} groups of {blocks} blocks, {width} channels"
        return Sized((enlarged(state, f"{begin}enlarge.", width),), build, words)
