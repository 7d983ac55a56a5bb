"""Banded matrices along an axis of images: resampling and filters.

The rows of such a matrix are grouped into blocks whose inputs are contiguous, so that each block is one small dense
product of a matrix with a part of the image that is seen through strides: fast on any device, for any scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.imaging.memory import empty_like
from srbench.imaging.products import Operand, Product, multiply, operand, product
from srbench.imaging.single import in_single_precision

Dim = Literal[-2, -1]
_Array = NDArray[np.float64]
_Index = NDArray[np.int64]

_FEW = 16  # kinds of blocks; a whole scale has three: one at each border, one between


class Axis:
    """A banded matrix along one axis of images. Immutable; safe to share between threads.

    Args:
        length: how many input samples there are.
        out_length: how many output samples.
        dim: -2 where the samples are rows of images (..., H, W), -1 where they are columns.
    """

    def __init__(self, length: int, out_length: int, dim: Dim, blocks: Sequence[_Blocks]) -> None:
        self.length, self.out_length, self.dim = length, out_length, dim
        self._blocks = blocks
        self._cast: dict[tuple[torch.dtype, torch.device], list[Operand]] = {}

    @classmethod
    def of(cls, length: int, weight: _Array, index: _Index, dim: Dim) -> Axis:
        """Output sample i is the sum over j of ``weight[i, j]`` times input sample ``index[i, j]``; both are
        (outputs, taps), and an index may come twice."""
        ratio = len(weight) / length
        blocks = _blocks(length, weight, index, _height(ratio, dim))
        if len(blocks) > _FEW:  # an odd scale: no two blocks are equal
            blocks = _blocks(length, weight, index, max(8, min(64, round(16 * max(ratio, 1.0)))))
        return cls(length, len(weight), dim, blocks)

    @classmethod
    def sliding(cls, window: _Array, out_length: int, dim: Dim) -> Axis:
        """Output sample i is the sum over j of ``window[j]`` times input sample i + j."""
        reach = len(window) - 1
        height = _height(out_length / (out_length + reach), dim)
        whole, left = divmod(out_length, height)
        blocks = [_Blocks(0, 0, height, whole, _band(window, height))] if whole else []
        if left:
            blocks.append(_Blocks(whole * height, whole * height, 0, 1, _band(window, left)))
        return cls(out_length + reach, out_length, dim, blocks)

    def apply(self, x: Tensor) -> Tensor:
        """Resample or filter ``x`` (..., H, W), floating, along the axis. Differentiable. Autocast is left aside: the
        products of a filter need the precision of the image."""
        with in_single_precision(x.device.type):
            return self._apply(x)

    def _apply(self, x: Tensor) -> Tensor:
        if x.requires_grad:
            if torch.is_grad_enabled():
                matrix = self.matrix().to(x)
                return matrix @ x if self.dim == -2 else x @ matrix.T
            x = x.detach()
        if x.ndim > 2 or x.stride(-1) != 1:
            x = x.contiguous()
        shape = list(x.shape)
        shape[self.dim] = self.out_length
        out = empty_like(x, shape)
        multiply(self.products(x, out))
        return out

    def products(self, x: Tensor, out: Tensor) -> list[Product]:
        """What :func:`multiply` does to fill ``out`` from ``x``, now and whenever ``x`` has changed.

        Args:
            x, out: of one type and device, contiguous; if two-dimensional, the rows of ``x`` may lie apart.
        """
        # A view of a tensor is no cheaper than a product of small matrices, so these make few.
        return self._rows(x, out) if self.dim == -2 else self._columns(x, out)

    def _rows(self, x: Tensor, out: Tensor) -> list[Product]:
        (height, width), row = x.shape[-2:], _row_stride(x)
        planes = x.numel() // (height * width)
        found: list[Product] = []
        for block, matrix in zip(self._blocks, self._matrices(x), strict=True):
            count, (outputs, inputs) = block.count, matrix.shape
            parts = x.as_strided(
                (planes, count, inputs, width),
                (height * row, block.step * row, row, 1),
                x.storage_offset() + block.column * row,
            )
            target = out.as_strided(
                (planes, count, outputs, width),
                (self.out_length * width, outputs * width, width, 1),
                out.storage_offset() + block.row * width,
            )
            found += product(matrix, operand(parts), operand(target))
        return found

    def _columns(self, x: Tensor, out: Tensor) -> list[Product]:
        width, row = x.shape[-1], _row_stride(x)
        rows = x.numel() // width
        found: list[Product] = []
        for block, matrix in zip(self._blocks, self._matrices(x), strict=True):
            count, (inputs, outputs) = block.count, matrix.shape
            start, first = x.storage_offset() + block.column, out.storage_offset() + block.row
            parts = x.as_strided((count, rows, inputs), (block.step, row, 1), start)
            target = out.as_strided((count, rows, outputs), (outputs, self.out_length, 1), first)
            found += product(operand(parts), matrix, operand(target))
        return found

    def _matrices(self, x: Tensor) -> list[Operand]:
        """The blocks in the type and on the device of ``x``: (outputs, inputs), of columns (inputs, outputs)."""
        key = (x.dtype, x.device)
        if key not in self._cast:
            matrices = [block.matrix if self.dim == -2 else block.matrix.T for block in self._blocks]
            self._cast[key] = [operand(matrix.to(x).contiguous()) for matrix in matrices]
        return self._cast[key]

    def matrix(self) -> Tensor:
        """The whole matrix, dense, double (out_length, length)."""
        dense = torch.zeros(self.out_length, self.length, dtype=torch.float64)
        for block in self._blocks:
            outputs, inputs = block.matrix.shape
            for number in range(block.count):
                row, column = block.row + number * outputs, block.column + number * block.step
                dense[row : row + outputs, column : column + inputs] = block.matrix
        return dense


def _row_stride(x: Tensor) -> int:
    return x.stride(0) if x.ndim == 2 else x.shape[-1]  # torch leaves open what the stride of a single row is


@dataclass(frozen=True)
class _Blocks:
    """``count`` equal blocks of the banded matrix, one after the other."""

    row: int  # first output sample
    column: int  # first input sample that it reads
    step: int  # by how much the input moves on from block to block
    count: int
    matrix: Tensor  # (outputs, inputs) of one block, double


def _band(window: _Array, outputs: int) -> Tensor:
    """(outputs, outputs + taps - 1): the window, shifted by one from row to row."""
    band = np.zeros((outputs, outputs + len(window) - 1))
    for row in range(outputs):
        band[row, row : row + len(window)] = window
    return torch.from_numpy(band)


def _height(ratio: float, dim: Dim) -> int:
    """Outputs of a block: few waste little arithmetic on zeros, many make few products, and along columns they fill a
    vector: of doubles for filters, of single precision for resampling. Where an axis gets longer by a whole scale, a
    multiple of it makes all blocks equal."""
    scale = max(round(ratio), 1)
    if dim == -1:
        return 8 if round(ratio) == 1 else max(16 // scale, 1) * scale
    return 4 if ratio < 1 else -(-8 // scale) * scale


def _blocks(length: int, weight: _Array, index: _Index, height: int) -> list[_Blocks]:
    """The matrix in blocks of ``height`` outputs. For a whole scale they repeat, but at the borders, where mirrored
    samples fold back."""
    out_length = len(weight)
    used = weight != 0
    low = np.where(used, index, length).min(axis=1)
    high = np.where(used, index, -1).max(axis=1) + 1
    starts = np.arange(0, out_length, height)
    first, last = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    heights, widths = np.minimum(height, out_length - starts), last - first
    row, widest = np.arange(out_length)[:, None], int(widths.max())
    local = np.where(used, index - first[row // height], 0)
    flat = np.bincount((row * widest + local).ravel(), weight.ravel(), len(starts) * height * widest)
    dense = flat.reshape(len(starts), height, widest)
    steps = np.diff(first, append=0).tolist()
    # Equal but for the noise of weights that should be zero, which may make a block wider, and reach further.
    equal = (np.abs(dense[1:] - dense[:-1]) <= 1e-13).all(axis=(1, 2)) & (widths[1:] == widths[:-1])
    blocks: list[_Blocks] = []
    start = 0
    while start < len(starts):
        end = start + 1
        while end < len(starts) and equal[end - 1] and steps[end - 1] == steps[start]:
            end += 1
        matrix = torch.from_numpy(dense[start, : heights[start], : widths[start]])
        step = steps[start] if end - start > 1 else 0
        blocks.append(_Blocks(int(starts[start]), int(first[start]), step, end - start, matrix))
        start = end
    return blocks
