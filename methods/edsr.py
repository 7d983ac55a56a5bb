"""EDSR, baseline size: sixteen residual blocks without batch normalisation at LR size, sub-pixel convolutions; L1.

Lim, Son, Kim, Nah, Lee, Enhanced Deep Residual Networks for Single Image Super-Resolution, CVPR workshops 2017
(arXiv:1707.02921): 1,369,859 / 1,554,499 / 1,517,571 parameters at x2 / x3 / x4. Works on RGB minus the mean colour
of DIV2K; no activation in the sub-pixel convolutions. The full model is ``EdsrNet(scale, 256, 32, 0.1)``, 43 million
parameters. Starts as interpolation (:mod:`srbench.training.start`).

Weights of others may be of any size. The authors' files hold the mean colour in units of the range that the layers are
fed, 0..255; those of BasicSR hold none, and there the same mean and range are in the code. By what a residual is scaled
no file says: 0.1 from 256 channels on, as the full model has it, else 1.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized
from srbench.method.ported import Ported
from srbench.scale import stages
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, interpolate, silence
from srbench.weights import sizes

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # of R, G, B in [0, 1]


class Shift(nn.Conv2d):
    """RGB (N, 3, H, W), moved by a fixed colour; a convolution, since that is what weight files hold."""

    def __init__(self, colour: tuple[float, ...]) -> None:
        super().__init__(3, 3, 1)
        self.requires_grad_(False)
        self.weight.copy_(torch.eye(3).reshape(3, 3, 1, 1))
        self.bias.copy_(torch.tensor(colour))  # type: ignore[union-attr]


def shifts(white: float) -> tuple[Shift, Shift]:
    """What takes the mean colour of DIV2K off images of 0..white, and what puts it back."""
    return Shift(tuple(-white * value for value in DIV2K_MEAN)), Shift(tuple(white * value for value in DIV2K_MEAN))


def white_of(state: Mapping[str, Tensor]) -> float:
    """The range of a network that holds its mean colour, 1 or 255, since no mean of photographs in 0..255 is below 1.

    Raises:
        WeightsError: ``sub_mean.bias`` is not of three colours.
    """
    bias = sizes.tensor(state, "sub_mean.bias")
    if bias.shape != (3,):
        raise WeightsError(f"'sub_mean.bias' is {tuple(bias.shape)}, not a mean colour of R, G, B", sizes.HINT)
    return 255.0 if float(bias.abs().max()) > 1 else 1.0


def enlarger(scale: int, width: int) -> nn.Sequential:
    """(N, C, H, W) to (N, C, scale H, scale W): a sub-pixel convolution for each 2, or one for 3."""
    layers: list[nn.Module] = []
    for step in stages(scale):
        conv = nn.Conv2d(width, step**2 * width, 3, padding=1)
        interpolate(conv, step, 3)
        layers += [conv, nn.PixelShuffle(step)]
    return nn.Sequential(*layers)


def enlarged(state: Mapping[str, Tensor], begin: str, width: int) -> int:
    """The scale of an :func:`enlarger` whose tensors are called ``begin`` and then as its own.

    Raises:
        WeightsError: there is no such thing among the tensors.
    """
    step = sizes.shuffled(sizes.kernel(state, f"{begin}0.weight")[0], width)
    steps = sum(name.startswith(begin) and name.endswith(".weight") for name in state)
    return int(step**steps)


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
    """(N, 3, H, W) to (N, 3, scale H, scale W).

    Args:
        factor: scales every residual, for wide networks.
        white: the range that the layers work in, 1 or 255; images are of 0..1 all the same.
        shift: whether the mean colour is among the weights.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int,
        width: int = 64,
        blocks: int = 16,
        factor: float = 1.0,
        *,
        white: float = 1.0,
        shift: bool = False,
    ) -> None:
        super().__init__()
        self.white = white
        mean = (0.0, 0.0, 0.0) if shift else DIV2K_MEAN
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.sub_mean, self.add_mean = shifts(white) if shift else (nn.Identity(), nn.Identity())
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*[Block(width, factor) for _ in range(blocks)])
        self.after = nn.Conv2d(width, width, 3, padding=1)
        self.enlarge = enlarger(scale, width)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        carry(self.first, 3)
        for block in self.blocks:
            silence(block.body[-1], 3)  # type: ignore[index,union-attr,arg-type]
        silence(self.after, 3)
        carry(self.last, 3, others=1e-4)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.first(self.sub_mean(self.white * (lr - self.mean)))
        sr = self.last(self.enlarge(x + self.after(self.blocks(x))))
        moved: Tensor = self.add_mean(sr) / self.white + self.mean
        return moved


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
        )
        + published(
            "EDSR paper (arXiv:1707.02921), Table 3",
            {
                "set5": ((2, 38.11, 0.9601), (3, 34.65, 0.9282), (4, 32.46, 0.8968)),
                "set14": ((2, 33.92, 0.9195), (3, 30.52, 0.8462), (4, 28.80, 0.7876)),
                "bsd100": ((2, 32.32, 0.9013), (3, 29.25, 0.8093), (4, 27.71, 0.7420)),
            },
            size="32 blocks, 256 channels",
            images="DIV2K",
        ),
    )
    channels_last = True
    packed = ("blocks.", "after.")
    recipe = Recipe(
        steps=100_000,
        batch=16,
        patch=192,
        loss=(("l1", 1.0),),
        learning_rate=3e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )

    rename = (
        # of the authors, and in ports of theirs
        (r"^head\.0\.", "first."),
        (r"^body\.(\d+)\.body\.", r"blocks.\1.body."),
        (r"^body\.\d+\.(weight|bias)$", r"after.\1"),
        (r"^tail\.0\.", "enlarge."),
        (r"^tail\.1\.", "last."),
        # of BasicSR
        (r"^conv_first\.", "port.first."),
        (r"^body\.(\d+)\.conv1\.", r"port.blocks.\1.body.0."),
        (r"^body\.(\d+)\.conv2\.", r"port.blocks.\1.body.2."),
        (r"^conv_after_body\.", "port.after."),
        (r"^upsample\.", "port.enlarge."),
        (r"^conv_last\.", "port.last."),
    )

    def build(self, scale: int) -> nn.Module:
        return EdsrNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        begin = "port." if "port.first.weight" in state else ""
        shift = "sub_mean.bias" in state
        width, _, _ = sizes.kernel(state, f"{begin}first.weight")
        blocks = sizes.count(state, rf"^{begin}blocks\.(\d+)\.")
        white = white_of(state) if shift else 255.0 if begin else 1.0

        def build(scale: int) -> nn.Module:
            network = EdsrNet(scale, width, blocks, 0.1 if width >= 256 else 1.0, white=white, shift=shift)
            return Ported(network) if begin else network

        return Sized((enlarged(state, f"{begin}enlarge.", width),), build, f"{blocks} blocks, {width} channels")
