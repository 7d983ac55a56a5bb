"""CARN and CARN-M: residual blocks whose results are all kept and fused by 1x1 convolutions, within blocks and between.

Ahn, Kang, Sohn, Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network, ECCV 2018
(arXiv:1803.08664). One network for x2, x3 and x4, which differ in their sub-pixel convolutions alone. CARN-M has 3x3
convolutions in groups, each residual block with a 1x1 convolution behind them, and the three residual blocks of a
cascade are one (section 3.3). Tensors are named as in the authors' files, which hold the mean colour of DIV2K as well.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized, TorchMethod
from srbench.scale import stages
from srbench.training import published
from srbench.weights import sizes

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # of R, G, B in [0, 1]
SCALES = (2, 3, 4)
CARN, CARN_M = "64 channels", "64 channels in 4 groups, shared blocks"


class Shift(nn.Module):
    """RGB (N, 3, H, W), moved by a fixed colour; a convolution, since that is what weight files hold."""

    def __init__(self, colour: tuple[float, ...]) -> None:
        super().__init__()
        self.shifter = nn.Conv2d(3, 3, 1).requires_grad_(False)
        self.shifter.weight.copy_(torch.eye(3).reshape(3, 3, 1, 1))
        self.shifter.bias.copy_(torch.tensor(colour))  # type: ignore[union-attr]

    def forward(self, images: Tensor) -> Tensor:
        moved: Tensor = self.shifter(images)
        return moved


class Residual(nn.Module):
    """(N, C, H, W) to the same: ReLU(x + two 3x3 convolutions), with a 1x1 convolution behind them if ``efficient``."""

    def __init__(self, width: int, groups: int, efficient: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
        ]
        self.body = nn.Sequential(*layers, *([nn.ReLU(), nn.Conv2d(width, width, 1)] if efficient else []))

    def forward(self, x: Tensor) -> Tensor:
        return relu(x + self.body(x))


class Fuse(nn.Module):
    """Maps of all blocks so far (N, n C, H, W) to (N, C, H, W)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(n_in, n_out, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        fused: Tensor = self.body(x)
        return fused


class Cascade(nn.Module):
    """Three blocks b1, b2, b3; behind each of them a fusion c1, c2, c3 of its input and all blocks so far.

    Args:
        blocks: three of them, or one that is used three times.
    """

    def __init__(self, width: int, blocks: list[nn.Module]) -> None:
        super().__init__()
        for n, block in enumerate(blocks, 1):
            self.add_module(f"b{n}", block)
        for n in (1, 2, 3):
            self.add_module(f"c{n}", Fuse((n + 1) * width, width))
        self.order = ["b1", "b2", "b3"] if len(blocks) == 3 else ["b1"] * 3

    def forward(self, x: Tensor) -> Tensor:
        kept = x
        for n, block in enumerate(self.order, 1):
            kept = torch.cat([kept, self.get_submodule(block)(x)], dim=1)
            x = self.get_submodule(f"c{n}")(kept)
        return x


class Enlarge(nn.Module):
    """(N, C, H, W) to (N, C, scale H, scale W): sub-pixel convolutions with a ReLU before each is rearranged."""

    def __init__(self, width: int, scale: int, groups: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for step in stages(scale):
            conv = nn.Conv2d(width, step**2 * width, 3, padding=1, groups=groups)
            layers += [conv, nn.ReLU(), nn.PixelShuffle(step)]
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        large: Tensor = self.body(x)
        return large


class CarnNet(Cascade):
    """(N, 3, H, W) to (N, 3, scale H, scale W); the cascade of three cascades.

    Args:
        groups: of the 3x3 convolutions in ``efficient`` blocks, and of the sub-pixel convolutions.
        shared: whether the residual blocks of a cascade are one.
        joint: whether the network holds the sub-pixel convolutions of all three scales.
    """

    def __init__(
        self,
        scale: int,
        width: int = 64,
        groups: int = 1,
        *,
        efficient: bool = False,
        shared: bool = False,
        joint: bool = True,
    ) -> None:
        def cascade() -> Cascade:
            blocks: list[nn.Module] = [Residual(width, groups, efficient) for _ in range(1 if shared else 3)]
            return Cascade(width, blocks)

        super().__init__(width, [cascade(), cascade(), cascade()])
        self.sub_mean = Shift(tuple(-value for value in DIV2K_MEAN))
        self.add_mean = Shift(DIV2K_MEAN)
        self.entry = nn.Conv2d(3, width, 3, padding=1)
        self.upsample = nn.Module()
        for n in SCALES if joint else (scale,):
            self.upsample.add_module(f"up{n}" if joint else "up", Enlarge(width, n, groups))
        self.way = f"upsample.up{scale}" if joint else "upsample.up"
        self.exit = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        features = super().forward(self.entry(self.sub_mean(lr)))
        sr: Tensor = self.add_mean(self.exit(self.get_submodule(self.way)(features)))
        return sr


class Carn(TorchMethod):
    card = MethodCard(
        name="carn",
        title="CARN",
        year=2018,
        family="cnn, post-upsampling",
        paper="Ahn, Kang, Sohn, Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network, "
        "ECCV 2018",
        url="https://arxiv.org/abs/1803.08664",
        colour="rgb",
        scales=SCALES,
        size=CARN,
        published=published(
            "CARN paper (arXiv:1803.08664), table of PSNR/SSIM",
            {
                "set5": ((2, 37.76, 0.9590), (3, 34.29, 0.9255), (4, 32.13, 0.8937)),
                "set14": ((2, 33.52, 0.9166), (3, 30.29, 0.8407), (4, 28.60, 0.7806)),
                "bsd100": ((2, 32.09, 0.8978), (3, 29.06, 0.8034), (4, 27.58, 0.7349)),
            },
            size=CARN,
            images="T91 + BSDS200 + DIV2K",
            protocol="basicsr",
        )
        + published(
            "CARN-M, CARN paper (arXiv:1803.08664), table of PSNR/SSIM",
            {
                "set5": ((2, 37.53, 0.9583), (3, 33.99, 0.9236), (4, 31.92, 0.8903)),
                "set14": ((2, 33.26, 0.9141), (3, 30.08, 0.8367), (4, 28.42, 0.7762)),
                "bsd100": ((2, 31.92, 0.8960), (3, 28.91, 0.8000), (4, 27.44, 0.7304)),
            },
            size=CARN_M,
            images="T91 + BSDS200 + DIV2K",
            protocol="basicsr",
        )
        + published(
            "CARN-M, authors' weights re-measured in the torchSR README",
            {
                "set5": ((2, 37.68, None), (3, 34.06, None), (4, 31.88, None)),
                "set14": ((2, 33.30, None),),
                "bsd100": ((2, 31.97, None),),
            },
            size=CARN_M,
            images="T91 + BSDS200 + DIV2K",
            protocol="basicsr",
        ),
    )
    needs_weights = True

    def build(self, scale: int) -> nn.Module:
        return CarnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        width, inputs, _ = sizes.kernel(state, "b1.b1.body.0.weight")
        if inputs == 0 or width % inputs:
            raise WeightsError(f"{width} channels from groups of {inputs} are no grouped convolution", sizes.HINT)
        groups = width // inputs
        efficient, shared = "b1.b1.body.4.weight" in state, "b1.b2.body.0.weight" not in state
        joint = "upsample.up2.body.0.weight" in state
        scales = SCALES if joint else (_scale(state, width),)
        words = f"{width} channels"
        if groups > 1:
            words += f" in {groups} groups"
        return Sized(
            scales,
            lambda scale: CarnNet(scale, width, groups, efficient=efficient, shared=shared, joint=joint),
            words + (", shared blocks" if shared else ""),
        )


def _scale(state: Mapping[str, Tensor], width: int) -> int:
    """Of a network for one scale."""
    step = sizes.shuffled(sizes.kernel(state, "upsample.up.body.0.weight")[0], width)
    return step**2 if "upsample.up.body.3.weight" in state else step
