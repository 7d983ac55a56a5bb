"""VESPCN: three frames, the outer two brought onto the middle one by a small spatial transformer, are fused at once.

Caballero, Ledig, Aitken, Acosta, Totz, Wang, Shi, Real-Time Video Super-Resolution with Spatio-Temporal Networks and
Motion Compensation, CVPR 2017 (arXiv:1611.05250): early fusion (section 3.1), ESPCN's sub-pixel convolution at the end,
and the transformer of section 3.2 and table 1: a coarse flow at a quarter of the size, then what is missing of it at
half. Both parts are trained together, eq. 8: beside the error of the SR image, compensated frames are to look alike,
and the flow is to be smooth (Huber). Here the flow learns from that of Lucas and Kanade, too, and is refined by a few
iterations of theirs (:func:`srbench.imaging.flow.lucas_kanade`).

The paper resamples the outer frames on the grid of the middle one. Fused so, they brought 0.04 dB in 1,500 steps
(docs/training-queue.md): where between the pixels their samples were taken is lost. Here what they say beyond the
middle one is laid down where it belongs on the HR grid (:func:`srbench.imaging.subpixel.laid_down`).

Starts as interpolation of the middle frame and without any motion (:mod:`srbench.training.start`). The trunk has
tanh, as ESPCN's, with which a training may begin (:meth:`VespcnNet.begin_as`), and its borders are replicated. It was
trained on synthetic motion (:mod:`srbench.training.motion`), not on video.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.imaging.flow import lucas_kanade, warped
from srbench.imaging.subpixel import laid_down
from srbench.method import MethodCard
from srbench.methods.espcn import GAIN, PASSING, EspcnNet
from srbench.training.clips import MotionTrained
from srbench.training.losses import Batch, Loss
from srbench.training.motion import MotionRecipe
from srbench.training.start import carry, he, interpolate

FRAMES = 3
LOUDER = 8  # errors are shown so many times as large: they are a few hundredths
REACH = 8.0  # LR pixels: the largest motion that the coarse flow can tell
FINE = 2.0  # and the largest correction of the fine one
ALIKE = 0.01  # weight of the squared error between compensated frames and the middle one, as in the paper
TAUGHT = 0.01  # weight of the distance, in pixels, to the flow of Lucas and Kanade
SMOOTH = 0.001  # weight of the Huber loss on the flow's gradient, as in the paper
HUBER = 0.01  # where it turns from square to linear


def _conv(n_in: int, n_out: int, side: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, side, stride, side // 2, padding_mode="replicate")


def _estimator(n_in: int, strides: Sequence[int], factor: int, width: int = 24) -> nn.Sequential:
    """Five convolutions and a sub-pixel rearrangement by ``factor``: (N, n_in, H, W) to (N, 2, H, W) in [-1, 1], which
    is nothing at the start."""
    layers: list[nn.Module] = []
    for stride in strides:
        layers += [_conv(n_in, width, 5 if stride > 1 else 3, stride), nn.ReLU()]
        n_in = width
    last = _conv(width, 2 * factor**2, 3)
    he(nn.Sequential(*layers), slope=0.0)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()  # type: ignore[union-attr]
    return nn.Sequential(*layers, last, nn.Tanh(), nn.PixelShuffle(factor))


class Transformer(nn.Module):
    """A frame and another, (N, 1, H, W) each, to the flow (N, 2, H, W) from one to the other, (dy, dx) in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = _estimator(2, (2, 1, 2, 1), 4)
        self.fine = _estimator(5, (2, 1, 1, 1), 2)

    def forward(self, target: Tensor, other: Tensor) -> Tensor:
        height, width = target.shape[-2:]
        padding = (0, -width % 4, 0, -height % 4)  # both strides have to fit
        target, other = (F.pad(x, padding, mode="replicate") for x in (target, other))
        flow = REACH * self.coarse(torch.cat([target, other], dim=1)).float()
        seen = torch.cat([target, other, warped(other.float(), flow), flow], dim=1)
        flow = flow + FINE * self.fine(seen).float()
        return flow[..., :height, :width]


class VespcnNet(nn.Module):
    """(N, 3, H, W), luma of three frames, to (N, 1, scale H, scale W) of the middle one.

    Args:
        compensated: whether motion is looked for; else all frames are taken to lie on the middle one.
    """

    def __init__(self, scale: int, compensated: bool = True, width: int = 96, inner: int = 48) -> None:
        super().__init__()
        self.scale = scale
        self.transformer = Transformer() if compensated else None
        self.body = nn.Sequential(
            _conv(1 + 2 * scale**2 * (FRAMES - 1), width, 5), nn.Tanh(), _conv(width, inner, 3), nn.Tanh()
        )
        self.head = _conv(inner, scale**2, 3)
        self.shuffle = nn.PixelShuffle(scale)
        first, second = self.convolutions[:2]
        with torch.no_grad():
            first.weight.normal_(std=GAIN)
            # Without a mean over place and frames: flat areas of any brightness stay at zero.
            first.weight -= first.weight.mean(dim=(1, 2, 3), keepdim=True)
            nn.init.zeros_(first.bias)  # type: ignore[arg-type]
            nn.init.xavier_normal_(second.weight)
            nn.init.zeros_(second.bias)  # type: ignore[arg-type]
        carry(first, 1)
        carry(second, 1)
        interpolate(self.head, scale, 1)
        with torch.no_grad():  # the middle frame passes where tanh is nearly straight
            first.weight[0] *= PASSING
            self.head.weight /= PASSING
            self.head.weight[:, 1:].normal_(std=1e-4)

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """Those of the trunk, the first one first."""
        return [part for part in (*self.body, self.head) if isinstance(part, nn.Conv2d)]

    def begin_as(self, still: EspcnNet) -> None:
        """Be exactly the trained single-image network ``still``, which sees the middle frame. The channels that it has
        not keep their values, and what comes out of them is not used yet."""
        own, others = self.convolutions, [part for part in (*still.body, still.head) if isinstance(part, nn.Conv2d)]
        with torch.no_grad():
            for conv, other in zip(own, others, strict=True):
                n_out, n_in = other.weight.shape[:2]
                conv.weight[:n_out].zero_()
                conv.weight[:n_out, :n_in] = other.weight
                conv.bias[:n_out] = other.bias  # type: ignore[index]

    def flows(self, frames: Tensor) -> list[Tensor]:
        """From each of the other frames to the middle one, (N, 2, H, W) in LR pixels; none without compensation."""
        if self.transformer is None:
            return []
        return [self.transformer(frames[:, n : n + 1], frames[:, 1:2]) for n in (0, 2)]

    def fused(self, frames: Tensor, flows: Sequence[Tensor]) -> Tensor:
        """The SR image. ``flows``, as of :meth:`flows`, are refined first, without a gradient."""
        middle = frames[:, 1:2]
        still = frames.new_zeros(len(frames), 2, *frames.shape[-2:], dtype=torch.float32)
        shown = [middle]
        for n, flow in zip((0, 2), flows or (None, None), strict=True):
            other = frames[:, n : n + 1]
            motion = still if flow is None else lucas_kanade(other, middle, start=flow)
            errors, shares = laid_down(middle, other, motion, self.scale)
            shown += [LOUDER * errors, shares]
        return cast(Tensor, self.shuffle(self.head(self.body(torch.cat(shown, dim=1)))))

    def forward(self, frames: Tensor) -> Tensor:
        return self.fused(frames, self.flows(frames))


class Vespcn(MotionTrained):
    card = MethodCard(
        name="vespcn",
        title="VESPCN",
        year=2017,
        family="cnn, several frames",
        paper="Caballero et al., Real-Time Video Super-Resolution with Spatio-Temporal Networks and Motion "
        "Compensation, CVPR 2017",
        url="https://arxiv.org/abs/1611.05250",
        colour="luma",
        scales=(4,),
        frames=(1, FRAMES),
        size="5-3-3, 96 and 48 channels, 3 frames",
    )
    compensated: ClassVar[bool] = True
    recipe = MotionRecipe(
        steps=20_000,
        batch=16,
        patch=96,
        shave=8,
        loss=(("l2", 1.0),),
        learning_rate=5e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )
    window = FRAMES

    def build(self, scale: int) -> nn.Module:
        return VespcnNet(scale, self.compensated)

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """Eq. 8: the error of the SR image, of the compensated frames, and the roughness of the flow. Beside it the
        flow is taught by another estimate, from which it learns motions in fewer steps."""
        network = cast(VespcnNet, network)
        middle, flows = lr[:, 1:2], network.flows(lr)
        total = loss(Batch(network.fused(lr, flows), hr, lr, scale))
        for n, flow in zip((0, 2), flows, strict=False):  # none without compensation
            other = lr[:, n : n + 1]
            total = total + ALIKE * (warped(middle, flow) - other).square().mean() + SMOOTH * _roughness(flow)
            total = total + TAUGHT * (flow - lucas_kanade(other, middle)).abs().mean()
        return total


def _roughness(flow: Tensor) -> Tensor:
    """sqrt(HUBER + sum of the squared differences between neighbours), as the paper has it, less its value at zero."""
    across = flow[..., :-1, 1:] - flow[..., :-1, :-1]
    down = flow[..., 1:, :-1] - flow[..., :-1, :-1]
    return ((HUBER + (across.square() + down.square()).sum(1)).sqrt() - HUBER**0.5).mean()
