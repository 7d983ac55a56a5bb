"""MATLAB's ``imresize``, exactly: kernels, antialiasing, half-pixel grid, symmetric borders, rounding.

One axis at a time, the output is a banded matrix times the input.

The rules were checked against MATLAB's own output (docs/protocol.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.errors import SrbenchError
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.color import round_half_up_, to_uint8_
from srbench.imaging.memory import converted
from srbench.scale import enlarged_size

_Array = NDArray[np.float64]


def _cubic(t: _Array) -> _Array:
    """Keys' cubic convolution kernel with a = -0.5 (Keys 1981)."""
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    result: _Array = np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
    return result


def _triangle(t: _Array) -> _Array:
    result: _Array = np.maximum(1 - np.abs(t), 0.0)
    return result


def _box(t: _Array) -> _Array:
    return ((t >= -0.5) & (t < 0.5)).astype(np.float64)


def _lanczos(lobes: int) -> Callable[[_Array], _Array]:
    def kernel(t: _Array) -> _Array:
        return np.where(np.abs(t) < lobes, np.sinc(t) * np.sinc(t / lobes), 0.0)

    return kernel


@dataclass(frozen=True)
class _Kernel:
    function: Callable[[_Array], _Array]
    width: float
    antialias: bool = True


# 'nearest' is MATLAB's: a box without antialiasing. 'box' averages when it shrinks.
_KERNELS = {
    "nearest": _Kernel(_box, 1, antialias=False),
    "box": _Kernel(_box, 1),
    "bilinear": _Kernel(_triangle, 2),
    "bicubic": _Kernel(_cubic, 4),
    "lanczos2": _Kernel(_lanczos(2), 4),
    "lanczos3": _Kernel(_lanczos(3), 6),
}
KERNELS = tuple(_KERNELS)
_ALIGNED = 24  # LR rows: a multiple of those of a block of products, at every scale


def weights(
    length: int, out_length: int, scale: float, kernel: str = "bicubic", shift: float = 0.0
) -> tuple[_Array, NDArray[np.int64]]:
    """The weights and input indices of every output sample along one axis.

    Output sample i (0-based) sits at (i + 0.5) / scale - 0.5 + ``shift`` of the input. When shrinking, the kernel is
    stretched by 1/scale; every row is normalised to sum 1; indices beyond the border are mirrored
    (half-sample symmetric: -1 -> 0).

    Returns:
        weights (out_length, taps) and indices (out_length, taps).
    """
    shape = _KERNELS[kernel]
    stretch = scale if shape.antialias and scale < 1 else 1.0
    width = shape.width / stretch
    centre = (np.arange(1, out_length + 1)) / scale + 0.5 * (1 - 1 / scale) + shift
    left = np.floor(centre - width / 2)
    index = left[:, None] + np.arange(math.ceil(width) + 2)
    weight = stretch * shape.function(stretch * (centre[:, None] - index))
    weight /= weight.sum(axis=1, keepdims=True)
    mirror = np.concatenate([np.arange(length), np.arange(length - 1, -1, -1)])
    return weight, mirror[(index.astype(np.int64) - 1) % (2 * length)]


@lru_cache(maxsize=256)
def axis(length: int, out_length: int, scale: float, dim: Dim, kernel: str = "bicubic", shift: float = 0.0) -> Axis:
    """The (cached) :class:`Axis` that maps ``length`` samples to ``out_length`` at ``scale``."""
    return Axis.of(length, *weights(length, out_length, scale, kernel, shift), dim)


@overload
def imresize(
    x: NDArray[np.uint8],
    scale: float | None = None,
    *,
    size: tuple[int, int] | None = None,
    kernel: str = "bicubic",
) -> NDArray[np.uint8]: ...
@overload
def imresize(
    x: NDArray[np.floating],
    scale: float | None = None,
    *,
    size: tuple[int, int] | None = None,
    kernel: str = "bicubic",
) -> NDArray[np.floating]: ...
@overload
def imresize(
    x: Tensor, scale: float | None = None, *, size: tuple[int, int] | None = None, kernel: str = "bicubic"
) -> Tensor: ...


def imresize(  # type: ignore[no-untyped-def]  # the overloads above are the signature
    x, scale=None, *, size=None, kernel="bicubic"
):
    """Resize as MATLAB's ``imresize(x, scale, kernel)`` or ``imresize(x, size, kernel)`` does.

    Args:
        x: numpy (H, W) or (H, W, C), or torch (..., H, W) on any device. uint8 in gives uint8 out, rounded
            after each of the two passes as MATLAB does; floating point in gives the same type out, unrounded.
        scale: any positive number; the output is ceil(scale * H) by ceil(scale * W).
        size: (height, width) of the output, in place of ``scale``.
        kernel: one of ``srbench.imaging.resize.KERNELS``.

    Raises:
        SrbenchError: neither or both of scale and size, a scale or size that is not positive, an unknown kernel,
            a type that is neither uint8 nor floating point.

    >>> imresize(np.full((4, 4), 7, np.uint8), 0.5).tolist()
    [[7, 7], [7, 7]]
    >>> imresize(torch.tensor([[0.0, 1.0]], dtype=torch.float64), size=(1, 4), kernel="bilinear").tolist()
    [[0.0, 0.25, 0.75, 1.0]]
    """
    if isinstance(x, np.ndarray):
        if x.ndim not in (2, 3):
            raise SrbenchError(f"imresize takes (H, W) or (H, W, C), not {x.shape}", "reshape the array")
        planes = torch.from_numpy(np.ascontiguousarray(x if x.ndim == 2 else x.transpose(2, 0, 1)))
        result = imresize(planes, scale, size=size, kernel=kernel).numpy()
        return result if x.ndim == 2 else np.ascontiguousarray(result.transpose(1, 2, 0))
    height, width = x.shape[-2:]
    scales, out = _geometry(height, width, scale, size)
    if kernel not in _KERNELS:
        raise SrbenchError(f"unknown kernel '{kernel}'", f"use one of {', '.join(KERNELS)}")
    if x.dtype != torch.uint8 and not x.is_floating_point():
        raise SrbenchError(f"imresize takes uint8 or floating point, not {x.dtype}", "convert the image first")
    passes = [axis(height, out[0], scales[0], -2, kernel), axis(width, out[1], scales[1], -1, kernel)]
    # MATLAB starts with the dimension that shrinks most; with equal scales, with the rows. It matters for uint8.
    if scales[1] < scales[0]:
        passes.reverse()
    first, second = passes
    if x.dtype != torch.uint8:
        return second.apply(first.apply(x))
    x = converted(x, _precision_for_uint8(scales, kernel))
    return to_uint8_(second.apply(round_half_up_(first.apply(x))))


def enlarge(x: Tensor, scale: float, kernel: str = "bicubic") -> Tensor:
    """An image (..., h, w) enlarged to :func:`srbench.scale.enlarged` of its sides, as ``imresize(x, size, kernel)``.

    Where a side times the scale is no whole number, its pixels lie as those of an LR image that was made of an HR image
    of that size: both images begin and end at the same places.

    >>> enlarge(torch.zeros(1, 3, 5), 2.5).shape
    torch.Size([1, 8, 12])
    """
    return imresize(x, size=enlarged_size(x.shape[-2:], scale), kernel=kernel)


def rows_around(length: int, first: int, last: int, scale: float) -> slice:
    """The rows of an image of ``length`` rows that decide those from ``first`` to ``last`` where it is enlarged:
    enlarged alone, they give the pixels of the whole image there, to the last bit. At a scale that is no whole number
    those are all."""
    if scale != int(scale):
        return slice(0, length)
    # Further away than any kernel reaches, and where a block of equal products begins at any scale (Axis).
    begin = max(0, first // _ALIGNED - 1) * _ALIGNED
    return slice(begin, min(length, last + _ALIGNED))


def _precision_for_uint8(scales: tuple[float, float], kernel: str) -> torch.dtype:
    """The type in which a uint8 image is resized: single, at half the cost, where it gives the pixels of double.

    Shrinking to 1/2 or 1/4, the weights of the polynomial kernels are multiples of 1/4096, so sums of uint8 are
    exact in single precision. Shrinking to 1/3 they are multiples of 1/54: a sum that is not exactly a half is at
    least 1/54 away from one, and single precision errs by less than the 1e-4 that rounding allows for.
    """
    simple = all(any(abs(scale * n - 1) < 1e-12 for n in (2, 3, 4)) for scale in scales)
    return torch.float32 if simple and kernel in ("bicubic", "bilinear", "box") else torch.float64


def _geometry(
    height: int, width: int, scale: float | None, size: tuple[int, int] | None
) -> tuple[tuple[float, float], tuple[int, int]]:
    if (scale is None) == (size is None):
        raise SrbenchError("imresize needs either scale or size", "give exactly one of the two")
    if size is not None:
        out = (int(size[0]), int(size[1]))
        scales = (out[0] / height, out[1] / width)
    elif scale is not None and math.isfinite(scale):
        scales = (float(scale), float(scale))
        # MATLAB's ceil(scale * n); the tolerance keeps 1/3 of 255 at 85 when the division is not exact.
        out = (math.ceil(scales[0] * height - 1e-9), math.ceil(scales[1] * width - 1e-9))
    else:
        raise SrbenchError(f"imresize cannot scale by {scale}", "use a positive number")
    if min(out) < 1:
        raise SrbenchError(f"imresize cannot make an image of {out[0]}x{out[1]}", "use a positive scale or size")
    return scales, out


@dataclass(frozen=True)
class Downsampler:
    """The linear map HR -> LR of a separable degradation. Works on (..., H, W), floating."""

    rows: Axis
    columns: Axis

    def __call__(self, hr: Tensor) -> Tensor:
        return self.columns.apply(self.rows.apply(hr))
