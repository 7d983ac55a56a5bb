"""Resampling other than MATLAB's bicubic on the grid of pixel centres: the step :class:`Down`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from srbench.degradation.grammar import Kernel, Phase
from srbench.degradation.step import Step, as_type_of
from srbench.imaging.color import round_half_up
from srbench.imaging.resize import Downsampler, axis
from srbench.scale import reduced

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

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        operator = self.operator(x.shape[-2], x.shape[-1], scale)
        if x.dtype != torch.uint8:
            return operator(x)
        rows = round_half_up(operator.rows.apply(x.to(torch.float64)))
        return as_type_of(operator.columns.apply(rows), x)

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return reduced(height, scale), reduced(width, scale)

    def operator(self, height: int, width: int, scale: float) -> Downsampler:
        low = self.size(height, width, scale)
        whole = scale == int(scale)  # at others the LR image fits into the HR image exactly
        ratios = [1 / scale if whole else out / length for out, length in zip(low, (height, width), strict=True)]
        shifts = [0.0 if self.phase == "centre" else (1 - 1 / ratio) / 2 for ratio in ratios]
        name = _MATLAB[self.kernel]
        return Downsampler(
            axis(height, low[0], ratios[0], -2, name, shifts[0]), axis(width, low[1], ratios[1], -1, name, shifts[1])
        )

    def symmetric(self, scale: float) -> bool:
        return self.phase == "centre" or scale == 1
