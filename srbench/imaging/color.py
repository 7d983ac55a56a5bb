"""BT.601 studio-range colour conversion and rounding, as MATLAB does them.

All functions take torch tensors (..., 3, H, W) or (..., H, W) with values on the 0..255 scale and compute in
double precision. Y is in 16..235, Cb and Cr in 16..240: MATLAB's ``rgb2ycbcr``, ITU-R BT.601.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.imaging.memory import converted, empty_like

_TO_YCBCR = (
    torch.tensor([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]], dtype=torch.float64)
    / 255
)
# The first row is _WHOLE times _UNIT.
_WHOLE, _UNIT = torch.tensor([299.0, 587.0, 114.0], dtype=torch.float32), 73 / 85000
_FULL_RANGE = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
_OFFSET = torch.tensor([16.0, 128.0, 128.0], dtype=torch.float64)
_BLACK = _OFFSET[0]

# float32 carries an error of up to about 1e-4 grey levels. A value that close below a half is a half, and
# MATLAB rounds halves up; without this, the last bit of a processor's arithmetic would decide pixels.
_HALF = {torch.float64: 0.5 + 1e-9}
_HALF_SINGLE = 0.5 + 1e-4


def luma(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) RGB in 0..255 to (..., H, W) Y in 16..235, double, not rounded.

    >>> luma(torch.tensor([255.0, 255.0, 255.0]).reshape(3, 1, 1)).item()
    235.0
    """
    if rgb.dtype == torch.uint8:
        return luma_of_levels(rgb)
    return _product(_TO_YCBCR[0], rgb.to(torch.float64)).add_(16.0)


def luma_of_levels(rgb: Tensor) -> Tensor:
    """The same for whole numbers of any type, in less time: within an ulp of the true Y on every processor."""
    # The sum of whole numbers is below 2^18, exact in single precision, which is faster than double on a CPU. On a GPU
    # single precision may mean less.
    weights = _WHOLE if rgb.device.type == "cpu" else _WHOLE.to(torch.float64)
    total = converted(_product(weights, converted(rgb, weights.dtype)), torch.float64)
    return torch.add(_BLACK, total, alpha=_UNIT, out=total)


def _product(weights: Tensor, planes: Tensor) -> Tensor:
    """Weighted sum (..., H, W) of planes (..., 3, H, W). A sum of scaled planes would write the image several times."""
    flat = planes.flatten(-2)
    row = weights.to(planes.device).expand(*flat.shape[:-2], 1, 3)
    return torch.matmul(row, flat).view(*planes.shape[:-3], *planes.shape[-2:])


def rgb_to_ycbcr(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) RGB in 0..255 to (..., 3, H, W) YCbCr, double, not rounded."""
    matrix, offset = _TO_YCBCR.to(rgb.device), _OFFSET.to(rgb.device)
    return torch.einsum("ij,...jhw->...ihw", matrix, rgb.to(torch.float64)) + offset[:, None, None]


def ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    """(..., 3, H, W) YCbCr to (..., 3, H, W) RGB on the 0..255 scale, double, neither clipped nor rounded."""
    matrix, offset = torch.linalg.inv(_TO_YCBCR).to(ycbcr.device), _OFFSET.to(ycbcr.device)
    return torch.einsum("ij,...jhw->...ihw", matrix, ycbcr.to(torch.float64) - offset[:, None, None])


def grey(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) RGB in 0..255 to (..., H, W) full-range grey (MATLAB's ``rgb2gray``), double."""
    red, green, blue = rgb.to(torch.float64).unbind(-3)
    return 0.298936021293775 * red + 0.587043074451121 * green + 0.114020904255103 * blue


def full_range(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) RGB in 0..255 to (..., H, W) Y in 0..255 (OpenCV's and Pillow's grey, Y of YIQ), double."""
    return _product(_FULL_RANGE, rgb.to(torch.float64))


def round_half_up_(x: Tensor) -> Tensor:
    """Clip to 0..255 and round, halves up, in place; the floating type stays."""
    return x.add_(_HALF.get(x.dtype, _HALF_SINGLE)).floor_().clamp_(0, 255)


def round_half_up(x: Tensor) -> Tensor:
    """Clip to 0..255 and round, halves up, in a new tensor; the floating type stays."""
    return (x + _HALF.get(x.dtype, _HALF_SINGLE)).floor_().clamp_(0, 255)


def levels(x: Tensor) -> Tensor:
    """0..1 to whole numbers in 0..255, clipped, halves rounded up: a new tensor, float32 or what is more precise.

    >>> levels(torch.tensor([-0.1, 0.5, 1.2])).tolist()
    [0.0, 128.0, 255.0]
    """
    if x.dtype != torch.float64:
        x = x.to(torch.float32)
    scaled = torch.add(_half(x.dtype, x.device), x, alpha=255, out=empty_like(x))
    return scaled.floor_().clamp_(0, 255)


@functools.cache
def _half(dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(_HALF.get(dtype, _HALF_SINGLE), dtype=dtype, device=device)


def to_uint8(x: Tensor) -> Tensor:
    """Clip to 0..255, round halves up, convert to uint8.

    >>> to_uint8(torch.tensor([-3.0, 0.5, 1.5, 2.49, 300.0])).tolist()
    [0, 1, 2, 2, 255]
    """
    return to_uint8_(x.clone())


def to_uint8_(x: Tensor) -> Tensor:
    """As :func:`to_uint8`, for an ``x`` that nobody needs any more: saves writing it once."""
    # Converting to integers cuts the fraction off, which is what floor does to what is not negative. On a CPU torch is
    # three times as fast by way of 16 bits.
    return x.add_(_HALF.get(x.dtype, _HALF_SINGLE)).clamp_(0, 255.5).to(torch.int16).to(torch.uint8)
