"""Adjoints of the linear maps that make LR images: what carries a difference between LR images back to the HR grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from srbench.imaging.banded import Axis
from srbench.imaging.resize import Downsampler

_Map = Callable[[Tensor], Tensor]


def adjoint(operator: _Map, height: int, width: int) -> _Map:
    """The adjoint of a linear map of images (..., height, width): <A x, y> = <x, A' y>.

    Banded matrices are transposed. For any other map autograd gives it, whether gradients are switched on or not.
    """
    if isinstance(operator, Downsampler):
        return Downsampler(_transposed(operator.rows), _transposed(operator.columns))

    def back(low: Tensor) -> Tensor:
        with torch.enable_grad():
            at = torch.zeros(*low.shape[:-2], height, width, dtype=low.dtype, device=low.device, requires_grad=True)
            (result,) = torch.autograd.grad(operator(at), at, low)
        return result

    return back


def _transposed(axis: Axis) -> Axis:
    matrix = axis.matrix().numpy().T
    used, outputs = matrix != 0, axis.out_length
    empty = ~used.any(axis=1)  # an input that no output reads
    start = np.where(empty, 0, used.argmax(axis=1))
    end = np.where(empty, 1, outputs - used[:, ::-1].argmax(axis=1))
    taps = int((end - start).max())
    index = np.minimum(start, outputs - taps)[:, None] + np.arange(taps)
    return Axis.of(outputs, np.take_along_axis(matrix, index, axis=1), index, axis.dim)
