"""Maximum-a-posteriori reconstruction of several frames with a total-variation prior.

    minimise over y:   scale^2 / (2 T) sum_t || sqrt(w_t) (D_t y - x_t) ||^2  +  alpha TV(y)

D_t is the degradation of the HR image that is shifted as frame t, w_t the square of how far the frame is trusted at
each of its pixels, T the sum of that over the frames, TV isotropic total variation. The observation model is that of
Elad and Feuer (1997), the prior that of tv-map; of one frame the objective is tv-map's. Each frame's operator has other
singular vectors, so the data term's proximal map has no closed form: the problem is solved by accelerated proximal
gradients (FISTA, Beck and Teboulle 2009), with a few warm steps for the proximal map of total variation in each.
"""

import math
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from srbench.degradation.moves import moved
from srbench.errors import SrbenchWarning
from srbench.imaging.adjoints import adjoint
from srbench.imaging.alignment import AlignedFrame, trust_in
from srbench.method import MethodCard, MethodContext, ScaleRange
from srbench.method.aligned import AlignedFramesMethod
from srbench.methods.tv_map import weight
from srbench.resize import enlarge
from srbench.scale import enlarged

ITERATIONS = 60
_INNER = 4  # steps of the proximal map of total variation; its dual variables are kept from one to the next
_DOUBT = 40  # weight of the part of registered frames that does not fit; chosen on parts of city and walk
_PROBE = 24  # LR pixels: side of the image on which the operators' norm is measured
_POWERS = 30  # steps of the power iteration for it
_MARGIN = 1.05  # by which it may be larger on the image itself


class MultiFrameTv(AlignedFramesMethod):
    card = MethodCard(
        name="multi-frame-tv",
        title="TV-MAP of several frames",
        year=1997,
        family="reconstruction, several frames",
        paper="Elad and Feuer, Restoration of a single superresolution image from several blurred, noisy, and "
        "undersampled measured images, IEEE TIP 1997",
        url="https://doi.org/10.1109/83.650118",
        colour="any",
        scales=ScaleRange(),
        frames="any",
        uses_shifts=True,
    )

    def prepare(self, scale: float, context: MethodContext) -> None:
        told = context.degradation is not self.degradation
        super().prepare(scale, context)
        if told and context.degradation.noise_sigma() is None:
            warnings.warn(
                f"multi-frame-tv: the noise of {context.degradation.name} is not known, so its weight is that for none",
                SrbenchWarning,
                stacklevel=2,
            )

    def fuse(self, frames: Sequence[AlignedFrame], scale: float) -> Tensor:
        y = enlarge(frames[0].pixels[None], scale)
        height, width = y.shape[-2:]
        parts = [self._seen(frame, height, width, scale) for frame in frames]
        trusted = sum(float(_weight(frame).mean()) for frame in frames)
        alpha = weight(scale, (self.degradation.noise_sigma() or 0.0) / math.sqrt(trusted)) * _caution(frames)
        step = trusted / (scale**2 * self._norm(frames, scale))
        prior = _TotalVariation(y, step * alpha)
        ahead, momentum = y, 1.0
        for _ in range(ITERATIONS):
            slope = sum(part(ahead) for part in parts)
            new = prior.proximal(ahead - step * scale**2 / trusted * slope)
            following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
            ahead = new + (momentum - 1) / following * (new - y)
            y, momentum = new, following
        return y

    def _seen(self, frame: AlignedFrame, height: int, width: int, scale: float) -> Callable[[Tensor], Tensor]:
        """The slope of half the squared difference between a frame and what an HR image would make of it."""
        downsample = self.degradation.frame_operator(height, width, scale, frame.shift)
        back = adjoint(downsample, height, width)
        trust = moved(_weight(frame), frame.shift).clamp(0, 1)
        return lambda y: back(trust * (downsample(y) - frame.pixels))

    def _norm(self, frames: Sequence[AlignedFrame], scale: float) -> float:
        """The largest eigenvalue of sum_t D_t' D_t, by power iteration on a small image, where it is the same."""
        side = enlarged(_PROBE, scale)
        x = torch.rand(1, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        maps = [self.degradation.frame_operator(side, side, scale, frame.shift) for frame in frames]
        backs = [adjoint(own, side, side) for own in maps]
        norm = 1.0
        for _ in range(_POWERS):
            x = sum((back(own(x)) for own, back in zip(maps, backs, strict=True)), start=torch.zeros_like(x))
            norm = float(x.norm())
            x = x / norm
        return _MARGIN * norm


def _weight(frame: AlignedFrame) -> Tensor:
    return trust_in(frame).square()


def _caution(frames: Sequence[AlignedFrame]) -> float:
    """By how much more the prior counts where registered frames do not fit everywhere: frames that contradict each
    other are fitted by ringing, unless something holds against that. 1 where all fit, or shifts are known."""
    trusts = [float(frame.trust.mean()) for frame in frames if frame.trust is not None]
    return 1 + _DOUBT * (1 - sum(trusts) / len(trusts)) if trusts else 1.0


class _TotalVariation:
    """The proximal map of ``amount`` times isotropic total variation, by projected gradients on its dual."""

    def __init__(self, like: Tensor, amount: float) -> None:
        self.amount = amount
        self.p, self.q = torch.zeros_like(like), torch.zeros_like(like)

    def proximal(self, v: Tensor) -> Tensor:
        p, q = self.p, self.q
        for _ in range(_INNER):
            x = self._primal(v)
            p[..., :-1, :].add_(x[..., 1:, :] - x[..., :-1, :], alpha=1 / 8)
            q[..., :-1].add_(x[..., 1:] - x[..., :-1], alpha=1 / 8)
            norm = torch.hypot(p, q).div_(self.amount).clamp_(min=1)
            p.div_(norm)
            q.div_(norm)
        return self._primal(v)

    def _primal(self, v: Tensor) -> Tensor:
        """v - gradient'(p, q)."""
        x = v.clone()
        x[..., :-1, :].add_(self.p[..., :-1, :])
        x[..., 1:, :].sub_(self.p[..., :-1, :])
        x[..., :-1].add_(self.q[..., :-1])
        x[..., 1:].sub_(self.q[..., :-1])
        return x
