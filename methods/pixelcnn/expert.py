"""Logits over the levels of a sub-pixel, as two networks give them: added, they are a product of experts.

Each expert is a free logit per level plus a parabola -precision / 2 (u - mean)^2, a Gaussian: a network that starts
with good means (bicubic interpolation, the neighbours) need not first learn that neighbouring levels are alike. Any
256 logits can still be expressed. Levels lie at u in [-1, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

LARGEST = 10.0  # bound of the logarithm of a precision: a standard deviation of 0.9 of 256 levels


def grid(levels: int, like: Tensor) -> Tensor:
    """(levels,): the values of the levels in [-1, 1], of the type and on the device of ``like``."""
    return torch.linspace(-1, 1, levels, dtype=like.dtype, device=like.device)


def to_levels(y: Tensor, levels: int) -> Tensor:
    """Values in [0, 1] to the nearest of 0 .. levels - 1 (int64); what lies outside is clipped."""
    return (y.clamp(0, 1) * (levels - 1) + 0.5).floor().to(torch.int64)


def to_unit(index: Tensor, levels: int) -> Tensor:
    """Levels to u in [-1, 1], float32."""
    return index.to(torch.float32) * (2 / (levels - 1)) - 1


def bounded_exp(raw: Tensor) -> Tensor:
    """exp(raw) for small values, at most exp(LARGEST), smooth."""
    return torch.exp(LARGEST * torch.tanh(raw / LARGEST))


@dataclass(frozen=True)
class Expert:
    """``free`` (..., levels), ``mean`` and ``precision`` (...), for every sub-pixel; a network gives (N, H, W, C)."""

    free: Tensor
    mean: Tensor
    precision: Tensor

    def __add__(self, other: Expert) -> Expert:
        """The sum of the logits (up to a constant per sub-pixel, which a softmax does not see)."""
        total = self.precision + other.precision
        mean = (self.precision * self.mean + other.precision * other.mean) / total.clamp_min(1e-12)
        return Expert(self.free + other.free, mean, total)

    def logits(self) -> Tensor:
        """(..., levels)."""
        result: Tensor = _Parabola.apply(self.free, self.mean, self.precision)
        return result

    def nats(self, index: Tensor) -> Tensor:
        """Mean cross entropy, in nats per sub-pixel, of the levels ``index`` (int64, of the shape of ``mean``). Logits
        of half a type are taken as float32, inside of autocast too."""
        free, mean, precision = (t.float() if t.itemsize < 4 else t for t in (self.free, self.mean, self.precision))
        flat = (t.reshape(-1) for t in (mean, precision, index))
        with torch.autocast(free.device.type, enabled=False):
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
    def forward(ctx: Any, free: Tensor, mean: Tensor, precision: Tensor, index: Tensor) -> Tensor:
        count, levels = free.shape
        u = grid(levels, free)
        gradient, total = torch.empty_like(free), free.new_zeros((), dtype=torch.float64)
        of_mean, of_precision = torch.empty_like(mean), torch.empty_like(precision)
        step = count if free.is_cuda else max(1, _CrossEntropy.BLOCK // levels)
        for begin in range(0, count, step):
            part = slice(begin, begin + step)
            rows, at = gradient[part], index[part, None]
            torch.sub(u, mean[part, None], out=rows).square_().mul_(precision[part, None] * -0.5).add_(free[part])
            chosen = rows.gather(1, at)
            peak = rows.amax(dim=1, keepdim=True)
            norm = rows.sub_(peak).exp_().sum(dim=1, keepdim=True)
            total += (norm.log() + peak - chosen).sum(dtype=torch.float64)
            rows.mul_(1 / (norm * count)).scatter_add_(1, at, torch.full_like(norm, -1 / count))
            of_mean[part], of_precision[part] = _of_parabola(rows, mean[part], precision[part])
        ctx.save_for_backward(gradient, of_mean, of_precision)
        return (total / count).to(free.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        (outer,) = gradients
        gradient, of_mean, of_precision = ctx.saved_tensors
        return gradient * outer, of_mean * outer, of_precision * outer, None


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
