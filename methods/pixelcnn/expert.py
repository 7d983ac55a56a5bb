"""Logits over the levels of a sub-pixel, as two networks give them: added, they are a product of experts.

Each expert is a free logit per level plus a parabola -precision / 2 (u - mean)^2, a Gaussian: a network that starts
with good means (bicubic interpolation, the neighbours) need not first learn that neighbouring levels are alike. Any
256 logits can still be expressed. Levels lie at u in [-1, 1].

The prior of photographs has a :class:`Peak` in place of the parabola, whose sides are those of Student's t. The past
foretells most sub-pixels to a level or two and, at an edge, none at all. The product of a sharp and a wide Gaussian has
its mean near the sharp one's and next to no probability at an edge that only the LR image shows; beside the flat sides
of a peak the other expert decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

LARGEST = 10.0  # bound of the logarithm of a precision: a standard deviation of 0.9 of 256 levels
SHARPEST = 14.0  # the same of a peak: 0.12 levels
STEEPEST = 2.0  # bound of the logarithm of a peak's tails


def grid(levels: int, like: Tensor) -> Tensor:
    """(levels,): the values of the levels in [-1, 1], of the type and on the device of ``like``."""
    return torch.linspace(-1, 1, levels, dtype=like.dtype, device=like.device)


def to_levels(y: Tensor, levels: int) -> Tensor:
    """Values in [0, 1] to the nearest of 0 .. levels - 1 (int64); what lies outside is clipped."""
    return (y.clamp(0, 1) * (levels - 1) + 0.5).floor().to(torch.int64)


def to_unit(index: Tensor, levels: int) -> Tensor:
    """Levels to u in [-1, 1], float32."""
    return index.to(torch.float32) * (2 / (levels - 1)) - 1


def bounded_exp(raw: Tensor, largest: float = LARGEST) -> Tensor:
    """exp(raw) for small values, at most exp(largest), smooth."""
    return torch.exp(largest * torch.tanh(raw / largest))


@dataclass(frozen=True)
class Peak:
    """-tails log(1 + precision (u - mean)^2 / (2 tails)) for every sub-pixel; all three of one shape.

    Near the mean it is a parabola of that precision. Far from it the probability falls as a power, with 2 tails - 1
    degrees of freedom.
    """

    mean: Tensor
    precision: Tensor
    tails: Tensor

    @classmethod
    def of(cls, mean: Tensor, raw_precision: Tensor, raw_tails: Tensor) -> Peak:
        """From what a network gives without bounds."""
        return cls(mean, bounded_exp(raw_precision, SHARPEST), bounded_exp(raw_tails, STEEPEST))

    def logits(self, u: Tensor) -> Tensor:
        """(..., levels), of the values ``u`` (levels,)."""
        squares = (u - self.mean[..., None]).square_() * (self.precision / (2 * self.tails))[..., None]
        return torch.log1p(squares) * -self.tails[..., None]


@dataclass(frozen=True)
class Expert:
    """``free`` (..., levels), ``mean`` and ``precision`` (...), for every sub-pixel; a network gives (N, H, W, C). At
    most one of those that are added has a ``peak``."""

    free: Tensor
    mean: Tensor
    precision: Tensor
    peak: Peak | None = None

    def __add__(self, other: Expert) -> Expert:
        """The sum of the logits (up to a constant per sub-pixel, which a softmax does not see)."""
        total = self.precision + other.precision
        mean = (self.precision * self.mean + other.precision * other.mean) / total.clamp_min(1e-12)
        return Expert(self.free + other.free, mean, total, self.peak or other.peak)

    def logits(self) -> Tensor:
        """(..., levels)."""
        result: Tensor = _Parabola.apply(self.free, self.mean, self.precision)
        return result if self.peak is None else result + self.peak.logits(grid(result.shape[-1], result))

    def nats(self, index: Tensor) -> Tensor:
        """Mean cross entropy, in nats per sub-pixel, of the levels ``index`` (int64, of the shape of ``mean``). Logits
        of half a type are taken as float32, inside of autocast too."""
        peak = () if self.peak is None else (self.peak.mean, self.peak.precision, self.peak.tails)
        parts = (self.free, self.mean, self.precision, *peak)
        free, *others = (t.float() if t.itemsize < 4 else t for t in parts)
        with torch.autocast(free.device.type, enabled=False):
            flat = [t.reshape(-1) for t in (index, *others)]
            result: Tensor = _CrossEntropy.apply(free.reshape(-1, free.shape[-1]), *flat)
        return result


class _Parabola(torch.autograd.Function):
    """free - precision / 2 (u - mean)^2 without tensors of all levels kept for the gradient: it needs but the sums of
    the logits' gradient times 1, u and u^2."""

    @staticmethod
    def forward(ctx: Any, free: Tensor, mean: Tensor, precision: Tensor) -> Tensor:
        ctx.save_for_backward(mean, precision)
        square = (grid(free.shape[-1], free) - mean[..., None]).square_()
        return square.mul_(precision[..., None] * -0.5).add_(free)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (gradient,) = gradients
        return gradient, *_of_parabola(gradient, *ctx.saved_tensors)


def _of_parabola(gradient: Tensor, mean: Tensor, precision: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients with respect to mean and precision, from that with respect to the logits."""
    u = grid(gradient.shape[-1], mean)
    powers = torch.stack([torch.ones_like(u), u, u * u], dim=1)
    zeroth, first, second = (gradient.to(u.dtype) @ powers).unbind(-1)
    return precision * (first - mean * zeroth), -0.5 * (second - 2 * mean * first + mean.square() * zeroth)


class _CrossEntropy(torch.autograd.Function):
    """Mean -log softmax at the index, of rows of logits. The gradient is softmax less one-hot; it is made together with
    the value, in blocks that stay in a processor's cache, which takes a third of the time of the separate steps."""

    BLOCK = 1 << 19  # logits at once

    @staticmethod
    def forward(ctx: Any, free: Tensor, index: Tensor, mean: Tensor, precision: Tensor, *peak: Tensor) -> Tensor:
        count, levels = free.shape
        u = grid(levels, free)
        gradient, total = torch.empty_like(free), free.new_zeros((), dtype=torch.float64)
        others = [torch.empty_like(t) for t in (mean, precision, *peak)]
        step = count if free.is_cuda else max(1, _CrossEntropy.BLOCK // levels)
        for begin in range(0, count, step):
            part = slice(begin, begin + step)
            rows, at = gradient[part], index[part, None]
            torch.sub(u, mean[part, None], out=rows).square_().mul_(precision[part, None] * -0.5).add_(free[part])
            sides = _Sides(u, *(t[part] for t in peak)) if peak else None
            if sides is not None:
                rows.sub_(sides.height)
            chosen = rows.gather(1, at)
            highest = rows.amax(dim=1, keepdim=True)
            norm = rows.sub_(highest).exp_().sum(dim=1, keepdim=True)
            total += (norm.log() + highest - chosen).sum(dtype=torch.float64)
            rows.mul_(1 / (norm * count)).scatter_add_(1, at, torch.full_like(norm, -1 / count))
            found = _of_parabola(rows, mean[part], precision[part])
            for whole, own in zip(others, (*found, *(sides.gradients(rows) if sides else ())), strict=True):
                whole[part] = own
        ctx.save_for_backward(gradient, *others)
        return (total / count).to(free.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (outer,) = gradients
        gradient, *others = ctx.saved_tensors
        return gradient * outer, None, *(t * outer for t in others)


class _Sides:
    """A peak, as (rows, levels), and what its gradient needs."""

    def __init__(self, u: Tensor, mean: Tensor, precision: Tensor, tails: Tensor) -> None:
        self.precision, self.tails = precision, tails
        self.distance = u - mean[:, None]
        self.squares = self.distance.square() * (precision / (2 * tails))[:, None]
        self.logs = torch.log1p(self.squares)
        self.height = self.logs * tails[:, None]  # of the logits, downwards

    def gradients(self, of_logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With respect to mean, precision and tails."""
        weights = of_logits / (1 + self.squares)
        spread = (weights * self.squares).sum(dim=1)
        of_mean = self.precision * (weights * self.distance).sum(dim=1)
        return of_mean, -self.tails / self.precision * spread, spread - (of_logits * self.logs).sum(dim=1)


@dataclass(frozen=True)
class Condition:
    """What a conditioning network says of every sub-pixel, with its free logits still to be multiplied out: those of
    a whole photograph would not fit memory.

    ``features`` (N, H, W, F); ``mean``, ``precision`` (N, H, W, C); ``weight`` (C * levels, F), ``bias`` (C * levels).
    """

    features: Tensor
    mean: Tensor
    precision: Tensor
    weight: Tensor
    bias: Tensor

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W) of the images that it describes."""
        n, height, width, channels = self.mean.shape
        return n, channels, height, width

    @property
    def levels(self) -> int:
        return self.bias.numel() // self.mean.shape[-1]

    def part(self, images: slice = slice(None), rows: slice = slice(None)) -> Condition:
        """Of some images and some rows."""
        features, mean, precision = (t[images, rows] for t in (self.features, self.mean, self.precision))
        return Condition(features, mean, precision, self.weight, self.bias)

    def expert(self) -> Expert:
        """All logits at once: for windows and small images."""
        free = F.linear(self.features, self.weight, self.bias)
        return Expert(free.view(*self.mean.shape, self.levels), self.mean, self.precision)


class ConditionHead(nn.Module):
    """1x1 layers from features to a :class:`Condition` whose means start at a given image.

    Args:
        precision: the logarithm of the precision at the start.
    """

    def __init__(self, width: int, channels: int, levels: int, precision: float = 4.0) -> None:
        super().__init__()
        self.free = nn.Linear(width, channels * levels)
        self.shape = nn.Linear(width, 2 * channels)
        for layer in (self.free, self.shape):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.shape.bias[channels:] = precision

    def forward(self, features: Tensor, start: Tensor) -> Condition:
        """``features`` (N, H, W, F) and ``start`` (N, H, W, C) in [-1, 1]."""
        residual, raw = self.shape(features).chunk(2, dim=-1)
        return Condition(features, start + residual, bounded_exp(raw), self.free.weight, self.free.bias)
