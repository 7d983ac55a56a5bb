"""SMFANet: a branch for the whole image, by coarse maxima and variances, beside one for local detail; then a partial
convolution.

Zheng, Sun, Dong, Pan, SMFANet: A Lightweight Self-Modulation Feature Aggregation Network for Efficient Image
Super-Resolution, ECCV 2024: eight blocks of 36 channels, 197,328 parameters at x4; SMFANet+ has twelve of 48. Tensors
are named as in the authors' files.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard, Sized, TorchMethod
from srbench.training import published
from srbench.weights import sizes

COARSE = 8  # pixels a side from which one maximum is taken
SMALL, PLUS = "8 blocks, 36 channels", "12 blocks, 48 channels"


class Detail(nn.Module):
    """(N, C, H, W) to the same: a kernel a channel, two 1x1 convolutions with GELU between them."""

    def __init__(self, width: int, wide: int) -> None:
        super().__init__()
        self.conv_0 = nn.Sequential(nn.Conv2d(width, wide, 3, padding=1, groups=width), nn.Conv2d(wide, wide, 1))
        self.conv_1 = nn.Conv2d(wide, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv_1(F.gelu(self.conv_0(x)))
        return y


class Aggregation(nn.Module):
    """(N, C, H, W) to the same, H and W at least 8: half of the features modulated by what the whole image is like, in
    coarse maxima and in its variance, the other half by :class:`Detail`."""

    def __init__(self, width: int, wide: int) -> None:
        super().__init__()
        self.linear_0 = nn.Conv2d(width, 2 * width, 1)
        self.linear_1 = nn.Conv2d(width, width, 1)
        self.linear_2 = nn.Conv2d(width, width, 1)
        self.lde = Detail(width, wide)
        self.dw_conv = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.alpha = nn.Parameter(torch.ones(1, width, 1, 1))
        self.belt = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        local, whole = self.linear_0(x).chunk(2, dim=1)
        coarse = self.dw_conv(F.adaptive_max_pool2d(whole, (height // COARSE, width // COARSE)))
        spread = whole.var(dim=(-2, -1), keepdim=True)
        modulation = F.gelu(self.linear_1(coarse * self.alpha + spread * self.belt))
        whole = whole * F.interpolate(modulation, size=(height, width), mode="nearest")
        mixed: Tensor = self.linear_2(whole + self.lde(local))
        return mixed


class Partial(nn.Module):
    """(N, C, H, W) to the same: widened, the first ``convolved`` channels convolved, narrowed."""

    def __init__(self, width: int, wide: int, convolved: int) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(width, wide, 1)
        self.conv_1 = nn.Conv2d(convolved, convolved, 3, padding=1)
        self.conv_2 = nn.Conv2d(wide, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.gelu(self.conv_0(x))
        few, rest = y.tensor_split([self.conv_1.in_channels], dim=1)
        narrowed: Tensor = self.conv_2(torch.cat([F.gelu(self.conv_1(few)), rest], dim=1))
        return narrowed


class Block(nn.Module):
    """(N, C, H, W) to the same; both parts see features of length 1 in every pixel, and add to those as they are."""

    def __init__(self, width: int, detail: int, wide: int, convolved: int) -> None:
        super().__init__()
        self.smfa = Aggregation(width, detail)
        self.pcfn = Partial(width, wide, convolved)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.smfa(F.normalize(x))
        mixed: Tensor = x + self.pcfn(F.normalize(x))
        return mixed


class SmfanetNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); H and W at least 8.

    Args:
        detail: channels inside the branch for local detail.
        wide: channels inside the partial convolution, and ``convolved`` of those that are convolved; twice ``width``
            and a quarter of those where they are 0.
    """

    def __init__(
        self, scale: int, width: int = 36, blocks: int = 8, detail: int = 0, wide: int = 0, convolved: int = 0
    ) -> None:
        super().__init__()
        wide = wide or 2 * width
        parts = [Block(width, detail or 2 * width, wide, convolved or wide // 4) for _ in range(blocks)]
        self.to_feat = nn.Conv2d(3, width, 3, padding=1)
        self.feats = nn.Sequential(*parts)
        self.to_img = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, lr: Tensor) -> Tensor:
        x = self.to_feat(lr)
        sr: Tensor = self.to_img(x + self.feats(x))
        return sr


class Smfanet(TorchMethod):
    card = MethodCard(
        name="smfanet",
        title="SMFANet",
        year=2024,
        family="cnn, post-upsampling",
        paper="Zheng, Sun, Dong, Pan, SMFANet: A Lightweight Self-Modulation Feature Aggregation Network for Efficient "
        "Image Super-Resolution, ECCV 2024",
        url="https://github.com/Zheng-MJ/SMFANet",
        colour="rgb",
        scales=(2, 3, 4),
        size=SMALL,
        min_size=COARSE,
        published=published(
            "SMFANet trained on DIV2K, authors' repository, figure of results",
            {"set5": ((2, 38.04, 0.9606), (3, 34.46, 0.9275), (4, 32.25, 0.8956))},
            size=SMALL,
            images="DIV2K",
            protocol="basicsr",
        )
        + published(
            "SMFANet trained on DF2K, authors' repository, figure of results",
            {"set5": ((2, 38.08, 0.9607), (3, 34.42, 0.9274), (4, 32.25, 0.8956))},
            size=SMALL,
            images="DF2K",
            protocol="basicsr",
        )
        + published(
            "SMFANet+ trained on DF2K, authors' repository, figure of results",
            {"set5": ((2, 38.19, 0.9611), (3, 34.66, 0.9292), (4, 32.51, 0.8985))},
            size=PLUS,
            images="DF2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True

    def build(self, scale: int) -> nn.Module:
        return SmfanetNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, _, _ = sizes.kernel(state, "to_feat.weight")
        blocks = sizes.count(state, r"^feats\.(\d+)\.")
        detail, _, _ = sizes.kernel(state, "feats.0.smfa.lde.conv_0.0.weight")
        wide, _, _ = sizes.kernel(state, "feats.0.pcfn.conv_0.weight")
        convolved, _, _ = sizes.kernel(state, "feats.0.pcfn.conv_1.weight")
        scale = sizes.shuffled(sizes.kernel(state, "to_img.0.weight")[0])
        return Sized(
            (scale,),
            lambda scale: SmfanetNet(scale, width, blocks, detail, wide, convolved),
            f"{blocks} blocks, {width} channels",
        )
