"""VapSR: attention in every pixel with a large receptive field, from depthwise and dilated convolutions.

Zhou, Cai, Gu, Li, Liu, Chen, Qiao, Dong, Efficient Image Super-Resolution using Vast-Receptive-Field Attention, ECCV
workshops 2022 (arXiv:2210.05960): 342 thousand parameters at x4 with 21 blocks of 48 channels, 64 in the attention;
VapSR-S has 11 of 32 and a convolution in two groups behind them. A block's output is normalised in every pixel. Tensors
are named as in the authors' files, or as in those of their first version.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import gelu

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

SLOPE = 0.1  # of the leaky ReLU in the enlarger
FULL, SMALL = "21 blocks, 48 channels", "11 blocks, 32 channels"


class VastAttention(nn.Module):
    """(N, C, H, W) to the same: x times what a 1x1 and two 5x5 convolutions, one of them dilated, see in 17 x 17
    pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pointwise = nn.Conv2d(width, width, 1)
        self.depthwise = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.depthwise_dilated = nn.Conv2d(width, width, 5, padding=6, dilation=3, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.depthwise_dilated(self.depthwise(self.pointwise(x)))


class Block(nn.Module):
    """(N, C, H, W) to the same: x + attention on ``attended`` channels, normalised over the channels of a pixel."""

    def __init__(self, width: int, attended: int) -> None:
        super().__init__()
        self.proj_1 = nn.Conv2d(width, attended, 1)
        self.atten_branch = VastAttention(attended)
        self.proj_2 = nn.Conv2d(attended, width, 1)
        self.pixel_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.proj_2(self.atten_branch(gelu(self.proj_1(x))))
        normalised: Tensor = self.pixel_norm(x.movedim(1, -1)).movedim(-1, 1)
        return normalised.contiguous()


class VapsrNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W).

    Args:
        attended: channels of the attention.
        groups: of the convolution behind the blocks.
        large: channels that the enlarger's first convolution makes: 64 at x4, 56 at other scales where it is 0.
    """

    def __init__(
        self, scale: int, width: int = 48, blocks: int = 21, attended: int = 64, groups: int = 1, large: int = 0
    ) -> None:
        super().__init__()
        self.conv_first = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*[Block(width, attended) for _ in range(blocks)])
        self.conv_body = nn.Conv2d(width, width, 3, padding=1, groups=groups)
        first = nn.Conv2d(width, large or (64 if scale == 4 else 56), 3, padding=1)
        if scale == 4:  # in two steps of 2
            second = nn.Conv2d(first.out_channels // 4, 12, 3, padding=1)
            layers = [first, nn.PixelShuffle(2), nn.LeakyReLU(SLOPE), second, nn.PixelShuffle(2)]
        else:
            second = nn.Conv2d(first.out_channels, 3 * scale**2, 3, padding=1)
            layers = [first, nn.LeakyReLU(SLOPE), second, nn.PixelShuffle(scale)]
        self.upsampler = nn.Sequential(*layers)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.conv_first(lr)
        sr: Tensor = self.upsampler(x + self.conv_body(self.body(x)))
        return sr


class Vapsr(TorchMethod):
    card = MethodCard(
        name="vapsr",
        title="VapSR",
        year=2022,
        family="cnn, post-upsampling",
        paper="Zhou, Cai, Gu, Li, Liu, Chen, Qiao, Dong, Efficient Image Super-Resolution using Vast-Receptive-Field "
        "Attention, ECCV workshops 2022",
        url="https://arxiv.org/abs/2210.05960",
        colour="rgb",
        scales=(2, 3, 4),
        size=FULL,
        published=published(
            "VapSR, README of the authors' repository",
            {"set5": ((4, 32.38, 0.8978),), "set14": ((4, 28.77, 0.7852),), "bsd100": ((4, 27.68, 0.7398),)},
            size=FULL,
            images="DF2K",
            protocol="basicsr",
        )
        + published(
            "VapSR-S, README of the authors' repository",
            {"set5": ((4, 32.14, 0.8951),), "set14": ((4, 28.64, 0.7826),), "bsd100": ((4, 27.60, 0.7373),)},
            size=SMALL,
            images="DF2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True
    rename = (
        (r"\.spatial_gating_unit\.conv1\.", ".atten_branch.pointwise."),
        (r"\.spatial_gating_unit\.conv0\.", ".atten_branch.depthwise."),
        (r"\.spatial_gating_unit\.conv_spatial\.", ".atten_branch.depthwise_dilated."),
        (r"^(body\.\d+)\.norm\.", r"\1.pixel_norm."),
    )

    def build(self, scale: int) -> nn.Module:
        return VapsrNet(scale, blocks=21 if scale == 4 else 20)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, _, _ = sizes.kernel(state, "conv_first.weight")
        blocks = sizes.count(state, r"^body\.(\d+)\.")
        attended, _, _ = sizes.kernel(state, "body.0.proj_1.weight")
        _, inputs, _ = sizes.kernel(state, "conv_body.weight")
        large, _, _ = sizes.kernel(state, "upsampler.0.weight")
        if inputs == 0 or width % inputs:
            raise WeightsError(f"{width} channels from groups of {inputs} are no grouped convolution", sizes.HINT)
        in_steps = "upsampler.3.weight" in state
        last, _, _ = sizes.kernel(state, "upsampler.3.weight" if in_steps else "upsampler.2.weight")
        scale = sizes.shuffled(last) * (2 if in_steps else 1)
        groups = width // inputs
        return Sized(
            (scale,),
            lambda scale: VapsrNet(scale, width, blocks, attended, groups, large),
            f"{blocks} blocks, {width} channels",
        )
