"""Iterative back-projection (Irani and Peleg 1991) with the true downsampling operator.

Start from the bicubic image y; simulate its LR image, upsample what is missing from the observed one, filter it
with the back-projection kernel p, add it, repeat:

    y <- y + p * U(x - D y)

D is the degradation that made the LR image, U bicubic upsampling, and p the 5x5 Gaussian (sigma 1), squared and
normalised, of Yang et al.'s sparse-coding package. After ten iterations the PSNR has settled; more only sharpen
ringing.
"""

import torch
from torch import Tensor
from torch.nn import functional

from srbench.method import Method, MethodCard, ScaleRange
from srbench.resize import enlarge

ITERATIONS = 10


def _kernel(device: torch.device) -> Tensor:
    offset = torch.arange(-2, 3, dtype=torch.float32, device=device)
    window = torch.exp(-offset.square() / 2).square()
    window /= window.sum()
    return torch.outer(window, window)[None, None]


class BackProjection(Method):
    card = MethodCard(
        name="back-projection",
        title="Iterative back-projection",
        year=1991,
        family="reconstruction",
        paper="Irani and Peleg, Improving resolution by image registration, CVGIP 1991",
        url="https://doi.org/10.1016/1049-9652(91)90045-L",
        colour="any",
        scales=ScaleRange(),
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        y = enlarge(lr, scale)
        kernel = _kernel(lr.device).expand(lr.shape[1], 1, 5, 5)
        downsample = self.degradation.operator(y.shape[-2], y.shape[-1], scale)
        for _ in range(ITERATIONS):
            error = enlarge(lr - downsample(y), scale)
            padded = functional.pad(error, (2, 2, 2, 2), mode="replicate")
            y = y + functional.conv2d(padded, kernel, groups=lr.shape[1])
        return y
