"""Products of small matrices, many at a time, on any device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Operand = Any  # a matrix or a batch of them (..., n, m): of numpy on a CPU, else of torch
Product = tuple[Operand, Operand, Operand]  # two factors, and where their product goes

_BY_NUMPY = (torch.float32, torch.float64)
# Multiply-adds of one product. Of more, OpenBLAS wakes other threads, which spin even when they have nothing to do.
_MOST = 4 << 16


def operand(x: Tensor) -> Operand:
    """A tensor for :func:`multiply`, in the same memory."""
    # OpenBLAS, which numpy calls, multiplies small matrices where they lie. MKL, which torch calls, copies them first,
    # which on AMD's processors takes as long as the product.
    return x.numpy() if x.device.type == "cpu" and x.dtype in _BY_NUMPY else x


def product(a: Operand, b: Operand, out: Operand) -> list[Product]:
    """``out`` = ``a`` times ``b``, in parts that are small enough for one thread. One of the factors is a matrix."""
    if isinstance(out, Tensor):
        return [(a, b, out)]
    rows, columns = out.shape[-2:]
    parts = -(-rows * columns * a.shape[-1] // _MOST)
    if parts <= 1:
        return [(a, b, out)]
    length = max(rows, columns)
    step = -(-length // parts)
    slices = [slice(start, start + step) for start in range(0, length, step)]
    if rows > columns:
        return [(a[..., part, :], b, out[..., part, :]) for part in slices]
    return [(a, b[..., part], out[..., part]) for part in slices]


def multiply(products: Sequence[Product]) -> None:
    """Do them, one after the other."""
    for a, b, out in products:
        if not isinstance(out, Tensor):
            np.matmul(a, b, out=out)
        elif not out.is_meta:  # a tensor of shape alone
            out.copy_(torch.matmul(a, b))
