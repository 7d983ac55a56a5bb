"""Images that are moved: by whole pixels as they are, by parts of one through cubic interpolation.

Beyond the border the pixels at the border are repeated. Along each axis a move is a banded matrix, so that what moves
an image and shrinks it is one linear map, with an adjoint that autograd gives.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.degradation.step import LinearMap, as_type_of
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.resize import Downsampler, weights

Move = tuple[float, float]  # (down, right), in pixels
_WHOLE = 1e-9  # pixels by which a move may miss a whole number: what is lost where a third is multiplied by three
_AROUND = 16  # samples of an axis, of which the middle one is far from both ends

_Taps = tuple[NDArray[np.float64], NDArray[np.int64]]  # weights, and where their inputs lie from the output


def moved(x: Tensor, move: Move) -> Tensor:
    """``x`` (..., H, W), uint8 or floating, moved by ``move``: what lay at (y, x) lies at (y + down, x + right). Of the
    same type; uint8 is rounded.

    >>> moved(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64), (0, 1)).tolist()
    [[1.0, 1.0, 2.0]]
    """
    if all(abs(part - round(part)) < _WHOLE for part in move):
        for dim, part in zip((-2, -1), move, strict=True):
            index = torch.arange(x.shape[dim], device=x.device) - round(part)
            x = x.index_select(dim, index.clamp_(0, x.shape[dim] - 1))
        return x
    return as_type_of(_map(x.shape[-2], x.shape[-1], move)(x.to(torch.float64)), x)


def after_move(operator: LinearMap, height: int, width: int, move: Move) -> LinearMap:
    """``operator`` of what :func:`moved` makes of floating images of that size; one map where it is separable."""
    if not any(move):
        return operator
    if isinstance(operator, Downsampler):
        rows, columns = operator.rows, operator.columns
        return Downsampler(_after_move(rows, move[0]), _after_move(columns, move[1]))
    first = _map(height, width, move)
    return lambda hr: operator(first(hr))


def _map(height: int, width: int, move: Move) -> Downsampler:
    return Downsampler(_axis(height, move[0], -2), _axis(width, move[1], -1))


@lru_cache(maxsize=256)
def _axis(length: int, move: float, dim: Dim) -> Axis:
    weight, offset = _taps(move)
    index = np.clip(np.arange(length)[:, None] + offset, 0, length - 1)
    return Axis.of(length, np.broadcast_to(weight, index.shape).copy(), index, dim)


def _after_move(axis: Axis, move: float) -> Axis:
    """``axis`` of moved samples: each of its taps becomes those of the move."""
    matrix, length = axis.matrix().numpy(), axis.length
    used = matrix != 0
    start, end = used.argmax(axis=1), length - used[:, ::-1].argmax(axis=1)
    taps = int((end - start).max())
    index = np.minimum(start, length - taps)[:, None] + np.arange(taps)
    own = np.take_along_axis(matrix, index, axis=1)
    weight, offset = _taps(move)
    both = np.clip(index[:, :, None] + offset, 0, length - 1)
    return Axis.of(length, (own[:, :, None] * weight).reshape(len(own), -1), both.reshape(len(own), -1), axis.dim)


def _taps(move: float) -> _Taps:
    whole = round(move)
    if abs(move - whole) < _WHOLE:
        return np.ones(1), np.array([-whole])
    below = math.floor(move)
    # Keys' kernel, a = -0.5, as imresize has it where it does not change the size.
    weight, index = weights(_AROUND, _AROUND, 1.0, shift=below - move)
    middle = _AROUND // 2
    used = weight[middle] != 0
    return weight[middle][used], index[middle][used] - middle - below
