"""RBPN: the features of one frame are projected back and forth against those of each of its neighbours in turn.

Haris, Shakhnarovich, Ukita, Recurrent Back-Projection Network for Video Super-Resolution, CVPR 2019 (arXiv:1903.10128),
figures 2 to 4, without the initial bicubic image, as its tables: for each neighbour a single-image branch (DBPN, four
stages in place of three, :mod:`srbench.methods.dbpn`) makes HR features of the target's LR features; a branch of
several images (residual blocks and a transposed convolution) makes others of target, neighbour and flow; their
difference is encoded and corrects the first; what comes of it is decoded to the LR features for the next neighbour. One
convolution makes the SR image of the HR features of all neighbours.

Here at 32 channels and with five frames, of luma; the paper has seven. The flow is that of Lucas and Kanade
(:func:`srbench.imaging.flow.lucas_kanade`; the paper's is Pyflow). The branch of several images is not shown the
neighbour and the flow as they are, but what follows from them (:func:`seen`): by how much each pixel of the neighbour
differs from the target at its place, laid down where on the HR grid this place is. Starts as
the shipped DBPN of the target (:meth:`RbpnNet.begin_as`); trained on synthetic motion
(:mod:`srbench.training.motion`), not on video.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from srbench.imaging.flow import lucas_kanade
from srbench.imaging.subpixel import laid_down
from srbench.method import MethodCard
from srbench.methods.dbpn import GEOMETRY, DbpnNet, Down, Up, conv, projected
from srbench.training import Recipe
from srbench.training.clips import MotionTrained
from srbench.training.motion import MotionPartRecipe, MotionRecipe
from srbench.training.start import carry, he, silence, stretch

FRAMES = 5
STAGES = 4  # of the single-image branch
LOUDER = 8  # errors are shown so many times as large: they are a few hundredths
TAPS = 9  # of the last convolution: HR features that hold the image itself at the start, one for each


class Residual(nn.Module):
    """(N, C, H, W) to the same: a block of two convolutions beside a skip connection, nothing at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class SingleImage(nn.Module):
    """LR features (N, C, H, W) to HR features (N, C, scale H, scale W): DBPN's stages and a convolution of 1x1."""

    def __init__(self, scale: int, width: int, stages: int = STAGES) -> None:
        super().__init__()
        self.ups = nn.ModuleList([Up(scale, width, max(1, n)) for n in range(stages)])
        self.downs = nn.ModuleList([Down(scale, width, n + 1) for n in range(stages - 1)])
        self.output = nn.Conv2d(stages * width, width, 1)

    def forward(self, low: Tensor) -> Tensor:
        return self.output(projected(low, self.ups, self.downs))


class RbpnNet(nn.Module):
    """(N, T, H, W), luma of frames with the target in the middle, to (N, 1, scale H, scale W).

    Args:
        width: channels of LR and of HR features.
        blocks: residual blocks of the branch of several images, and of the encoder and the decoder.
    """

    def __init__(
        self, scale: int, width: int = 32, features: int = 128, inner: int = 64, blocks: tuple[int, int] = (3, 1)
    ) -> None:
        super().__init__()
        self.scale = scale
        neighbours = FRAMES - 1
        kernel, stride, padding = GEOMETRY[scale]
        several, both = blocks
        self.features = nn.Sequential(conv(1, features, 3, padding=1), conv(features, width, 1))
        self.single = SingleImage(scale, width)
        self.several = nn.Sequential(
            conv(1 + 2 * scale**2, inner, 3, padding=1),
            *[Residual(inner) for _ in range(several)],
            nn.ConvTranspose2d(inner, width, kernel, stride, padding),
            nn.PReLU(),
        )
        self.encoder = nn.Sequential(*[Residual(width) for _ in range(both)], nn.Conv2d(width, width, 3, padding=1))
        self.decoder = nn.Sequential(
            *[Residual(width) for _ in range(both)], nn.Conv2d(width, width, kernel, stride, padding)
        )
        self.output = nn.Conv2d(neighbours * width, 1, 3, padding=1)
        self._start()

    def _start(self) -> None:
        """As bilinear interpolation of the target. Corrections by the neighbours begin near nothing."""
        he(self)
        with torch.no_grad():
            for unit in (*self.single.ups, *self.single.downs):
                unit.second[0].weight.mul_(0.1)  # type: ignore[union-attr,index,operator]  # a correction
            for block in self.modules():
                if isinstance(block, Residual):
                    block.second.weight.mul_(0.1)
            self.encoder[-1].weight.mul_(1e-2)  # type: ignore[operator]
            self.decoder[-1].weight.zero_()  # type: ignore[operator]
            self.output.weight.normal_(std=1e-4)
            carry(self.features[0][0], 1)  # type: ignore[index,arg-type]
            carry(self.features[1][0], 1)  # type: ignore[index,arg-type]
            stretch(self.single.ups[0].first[0], 1)  # type: ignore[union-attr,index,arg-type]
            silence(self.single.ups[0].second[0], 1)  # type: ignore[union-attr,index,arg-type]
            taps = torch.zeros(TAPS, self.single.output.in_channels)
            taps[TAPS // 2, 0] = 1
            self.image_of(taps.reshape(3, 3, -1), 0.0)

    def image_of(self, kernel: Tensor, bias: float) -> None:
        """Let the image be the convolution of the single branch's HR features by ``kernel`` (3, 3, stages * C): what
        each tap gives is a channel of its output, and the last convolution adds them up, for all neighbours alike."""
        with torch.no_grad():
            self.single.output.weight[:TAPS] = kernel.reshape(TAPS, -1, 1, 1)
            self.single.output.bias[:TAPS] = 0  # type: ignore[index]
            silence(cast(nn.Conv2d, self.encoder[-1]), TAPS)
            width = self.single.output.out_channels
            for first in range(0, self.output.in_channels, width):
                for tap in range(TAPS):
                    self.output.weight[0, first + tap] = 0
                    self.output.weight[0, first + tap, tap // 3, tap % 3] = width / self.output.in_channels
            self.output.bias.fill_(bias)  # type: ignore[union-attr]

    def begin_as(self, still: DbpnNet) -> None:
        """Be nearly the trained DBPN ``still`` of the grey target: what neighbours add is small yet."""
        own, other = self.state_dict(), still.state_dict()
        with torch.no_grad():
            for name, value in other.items():
                if name == "features.0.0.weight":
                    value = value.sum(1, keepdim=True)
                name = name if name.startswith("features") else f"single.{name}"
                if name in own and not name.startswith("single.output"):
                    own[name].copy_(value)
        kernel = still.output.weight.mean(0).permute(1, 2, 0)
        self.image_of(kernel, still.output.bias.mean().item())  # type: ignore[union-attr]

    def forward(self, frames: Tensor) -> Tensor:
        middle = frames.shape[1] // 2
        target = frames[:, middle : middle + 1]
        low, highs = self.features(target), []
        for n in sorted(set(range(frames.shape[1])) - {middle}, key=lambda n: abs(n - middle)):
            if highs:
                low = low + self.decoder(highs[-1])
            high = self.single(low)
            other = self.several(seen(target, frames[:, n : n + 1], self.scale))
            highs.append(high + self.encoder(high - other))
        return self.output(torch.cat(highs, dim=1))


def seen(target: Tensor, other: Tensor, scale: int) -> Tensor:
    """(N, 1 + 2 scale^2, H, W) of frames (N, 1, H, W): the target, what the other frame says beyond it, and where
    (:func:`srbench.imaging.subpixel.laid_down`)."""
    errors, shares = laid_down(target, other, lucas_kanade(other, target), scale)
    return torch.cat([target, LOUDER * errors, shares], dim=1)


class Rbpn(MotionTrained):
    card = MethodCard(
        name="rbpn",
        title="RBPN, small",
        year=2019,
        family="cnn, several frames",
        paper="Haris, Shakhnarovich, Ukita, Recurrent Back-Projection Network for Video Super-Resolution, CVPR 2019",
        url="https://arxiv.org/abs/1903.10128",
        colour="luma",
        scales=(4,),
        frames=(1, FRAMES),
        size="32 channels, 5 frames",
    )
    packed = ("single.", "several.", "encoder.", "decoder.")
    channels_last = True
    recipe = MotionRecipe(
        steps=100_000,
        batch=8,
        patch=96,
        shave=8,
        loss=(("l1", 1.0),),
        learning_rate=3e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )
    recipes: ClassVar[Mapping[str, Recipe]] = {
        "neighbours": MotionPartRecipe(
            steps=20_000,
            batch=4,
            patch=96,
            shave=8,
            loss=(("l1", 1.0),),
            learning_rate=1e-3,
            clip_norm=1.0,
            frozen=("features.", "single.ups.", "single.downs."),
        )
    }
    """Trains what sees the neighbours; the single-image branch keeps the weights of the training's start."""
    window = FRAMES

    def build(self, scale: int) -> nn.Module:
        return RbpnNet(scale)
