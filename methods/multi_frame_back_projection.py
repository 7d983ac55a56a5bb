"""Iterative back-projection over several frames (Irani and Peleg 1991), with the true downsampling operators.

Start from the bicubic image y of the target frame; simulate every frame, upsample what is missing from the observed
one, shift it back, filter the mean over the frames with the back-projection kernel p, add it, repeat:

    y <- y + p * ( sum_t w_t S_t U(x_t - D_t y) / sum_t w_t )

D_t is the degradation of the HR image that is shifted as frame t, U bicubic upsampling, S_t shifts back, w_t is how far
the frame is trusted. Of one frame it is back-projection, to the last bit. Each frame of a burst says something of the
HR image that is new, up to as many as an LR pixel has HR pixels at x2; the rounds grow with them. Where LR images have
noise, more rounds would only fit that.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from srbench.degradation.moves import moved
from srbench.imaging.alignment import AlignedFrame
from srbench.method import MethodCard, ScaleRange
from srbench.method.aligned import AlignedFramesMethod
from srbench.resize import enlarge

ITERATIONS = 10  # as of one frame
MOST = 4  # times as many rounds


class MultiFrameBackProjection(AlignedFramesMethod):
    card = MethodCard(
        name="multi-frame-back-projection",
        title="Back-projection of several frames",
        year=1991,
        family="reconstruction, several frames",
        paper="Irani and Peleg, Improving resolution by image registration, CVGIP 1991",
        url="https://doi.org/10.1016/1049-9652(91)90045-L",
        colour="any",
        scales=ScaleRange(),
        frames="any",
        uses_shifts=True,
    )

    def fuse(self, frames: Sequence[AlignedFrame], scale: float) -> Tensor:
        y = enlarge(frames[0].pixels[None], scale)
        kernel = _kernel(y.device).expand(y.shape[1], 1, 5, 5)
        height, width = y.shape[-2:]
        simulate = [self.degradation.frame_operator(height, width, scale, frame.shift) for frame in frames]
        trusts = [None if frame.trust is None else enlarge(frame.trust, scale).clamp(0, 1) for frame in frames]
        trusted = sum(1 if trust is None else trust for trust in trusts)
        for _ in range(self._rounds(len(frames))):
            total = torch.zeros_like(y)
            for frame, downsample, trust in zip(frames, simulate, trusts, strict=True):
                error = enlarge(frame.pixels - downsample(y), scale)
                error = moved(error, (-scale * frame.shift[0], -scale * frame.shift[1]))
                total += error if trust is None else trust * error
            padded = functional.pad(total / trusted, (2, 2, 2, 2), mode="replicate")
            y = y + functional.conv2d(padded, kernel, groups=y.shape[1])
        return y

    def _rounds(self, frames: int) -> int:
        return ITERATIONS * (min(frames, MOST) if self.degradation.noise_sigma() == 0 else 1)


def _kernel(device: torch.device) -> Tensor:
    """The 5x5 Gaussian (sigma 1), squared and normalised, of :mod:`srbench.methods.back_projection`."""
    offset = torch.arange(-2, 3, dtype=torch.float32, device=device)
    window = torch.exp(-offset.square() / 2).square()
    window /= window.sum()
    return torch.outer(window, window)[None, None]
