"""Resampling other than MATLAB's bicubic on the grid of pixel centres: the step :class:`Down`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from srbench.degradation.base import Step, as_type_of
from srbench.degradation.grammar import Kernel, Phase
from srbench.imaging.color import round_half_up
from srbench.imaging.resize import Downsampler, axis

_MATLAB = {"bicubic": "bicubic", "bilinear": "bilinear", "area": "box"}


class Down(Step):
    """MATLAB's ``imresize(x, 1/scale, kernel)``, its kernel widened against aliasing; uint8 is rounded after each pass.

    Args:
        kernel: 'bicubic', 'bilinear' or 'area', the mean of scale x scale pixels.
        phase: 'centre': LR pixel i lies in the middle of the pixels that become one; 'first': at HR pixel i * scale.
    """

    def __init__(self, kernel: Kernel, phase: Phase = "centre") -> None:
        self.kernel, self.phase = kernel, phase
        self.key = kernel if phase == "centre" else f"{kernel},{phase}"

    def __call__(self, x: Tensor, scale: int, rng: np.random.Generator) -> Tensor:
        operator = self.operator(x.shape[-2], x.shape[-1], scale)
        if x.dtype != torch.uint8:
            return operator(x)
        rows = round_half_up(operator.rows.apply(x.to(torch.float64)))
        return as_type_of(operator.columns.apply(rows), x)

    def size(self, height: int, width: int, scale: int) -> tuple[int, int]:
        return height // scale, width // scale

    def operator(self, height: int, width: int, scale: int) -> Downsampler:
        low = self.size(height, width, scale)
        shift = 0.0 if self.phase == "centre" else (1 - scale) / 2
        name = _MATLAB[self.kernel]
        return Downsampler(
            axis(height, low[0], 1 / scale, -2, name, shift), axis(width, low[1], 1 / scale, -1, name, shift)
        )

    def symmetric(self, scale: int) -> bool:
        return self.phase == "centre" or scale == 1
