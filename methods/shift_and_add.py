"""Shift-and-add: the pixels of all frames, put where they lie on the HR grid, and interpolated.

Farsiu, Robinson, Elad and Milanfar (2004). With y0, the bicubic image of the target frame, and k, a narrow Gaussian:

    y(u) = y0(u) + sum_t,i k(u - u_ti) w_ti (x_t(i) - y0(u_ti)) / ( c + sum_t,i k(u - u_ti) w_ti )

u_ti is where pixel i of frame t lies on the HR grid: the degradation's operator tells where it puts pixels, the shift
moves them. This is normalised interpolation (Knutsson and Westin 1993) of what bicubic interpolation gets wrong: an HR
pixel without any LR pixel nearby stays bicubic. The blur of the degradation is not undone.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from srbench.degradation.moves import moved
from srbench.errors import NotSupportedError
from srbench.imaging.alignment import AlignedFrame, trust_in
from srbench.imaging.banded import Axis, Dim
from srbench.method import MethodCard, ScaleRange
from srbench.method.aligned import AlignedFramesMethod
from srbench.resize import Downsampler, enlarge

NARROW = 0.35  # standard deviation of k in HR pixels
CERTAINTY = 1e-2  # c: that of the bicubic image, where an LR pixel right at an HR pixel has 1
_REACH = 4.0  # standard deviations


class ShiftAndAdd(AlignedFramesMethod):
    card = MethodCard(
        name="shift-and-add",
        title="Shift-and-add",
        year=2004,
        family="interpolation, several frames",
        paper="Farsiu et al., Fast and robust multiframe super resolution, IEEE TIP 2004",
        url="https://doi.org/10.1109/TIP.2004.834669",
        colour="any",
        scales=ScaleRange(),
        frames="any",
        uses_shifts=True,
    )

    def fuse(self, frames: Sequence[AlignedFrame], scale: float) -> Tensor:
        target = frames[0].pixels
        y = enlarge(target, scale)
        size = y.shape[-2:]
        origin = self._origin(size[0], size[1], scale)
        middle = (scale - 1) / 2  # where enlarge has the first LR pixel
        y = moved(y, (origin[0] - middle, origin[1] - middle))
        correction, certainty = torch.zeros_like(y), torch.full_like(y[:1], CERTAINTY)
        for frame in frames[1:]:
            # The bicubic image at the places of the frame's pixels is the target frame, interpolated there.
            wrong = frame.pixels - moved(target, frame.shift)
            trust = moved(trust_in(frame), frame.shift).clamp(0, 1)
            spread = _spread(target.shape[-2:], size, scale, origin, frame.shift)
            correction += spread(trust * wrong)
            certainty += spread(trust[None])
        # The target frame's own pixels say that there is nothing to correct.
        certainty += _spread(target.shape[-2:], size, scale, origin, frames[0].shift)(torch.ones_like(target[:1]))
        return (y + correction / certainty)[None]

    def _origin(self, height: int, width: int, scale: float) -> tuple[float, float]:
        """Where the first pixel of the target frame lies on the HR grid (H, W): as an image of coordinates comes out of
        the operator, or, where the operator is not known, in the middle of the HR pixels that became one."""
        try:
            operator = self.degradation.operator(height, width, scale)
        except NotSupportedError:
            return (scale - 1) / 2, (scale - 1) / 2
        down = torch.arange(height, dtype=torch.float64)[:, None].expand(height, width)
        right = torch.arange(width, dtype=torch.float64).expand(height, width)
        low = [operator(ramp.contiguous()) for ramp in (down, right)]
        at = [side // 2 for side in low[0].shape]  # far from the borders, which bend the coordinates
        return tuple(float(ramp[at[0], at[1]]) - scale * own for ramp, own in zip(low, at, strict=True))


def _spread(
    low: Sequence[int], high: Sequence[int], scale: float, origin: tuple[float, float], shift: tuple[float, float]
) -> Downsampler:
    """The map of a frame (..., h, w) to the sums over its pixels of k, (..., H, W)."""
    dims: tuple[Dim, Dim] = (-2, -1)
    axes = [
        _axis(low[axis], high[axis], scale, origin[axis] - scale * shift[axis], dim) for axis, dim in enumerate(dims)
    ]
    return Downsampler(*axes)


def _axis(length: int, out_length: int, scale: float, first: float, dim: Dim) -> Axis:
    """LR pixel i lies at ``first`` + ``scale`` i of the HR grid."""
    reach = _REACH * NARROW
    nearest = np.round((np.arange(out_length) - first) / scale).astype(np.int64)
    around = int(np.ceil(reach / scale))
    index = nearest[:, None] + np.arange(-around, around + 1)
    away = np.arange(out_length)[:, None] - (first + scale * index)
    weight = np.where((index >= 0) & (index < length), np.exp(-((away / NARROW) ** 2) / 2), 0.0)
    return Axis.of(length, weight, np.clip(index, 0, length - 1), dim)
