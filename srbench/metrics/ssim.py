"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural
similarity, 2004)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.metrics.base import Comparison, Metric

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
# At most so many pixels at once, for the sake of memory; smaller strips are slower.
_STRIP = 1 << 18
# Outputs per matrix product of the filter: dense enough for BLAS, small enough to waste little on zeros.
_BLOCK = 8
_REACH = _BLOCK + WINDOW - 1


@functools.lru_cache(maxsize=512)
def _bands(count: int, device: torch.device) -> Tensor:
    """(count, _BLOCK, _REACH): the Gaussian window, which sums to 1, shifted by one from row to row."""
    return _band(_BLOCK, device).expand(count, -1, -1)


@functools.cache
def _band(rows: int, device: torch.device) -> Tensor:
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    window /= window.sum()
    band = torch.zeros(rows, rows + WINDOW - 1, dtype=torch.float64)
    for row in range(rows):
        band[row, row : row + WINDOW] = window
    return band.to(device)


# The Gaussian filter is separable. Both passes are batched products of one banded matrix with overlapping blocks of a
# map, seen through strides: on a CPU twenty times as fast as torch's convolution of doubles. What is left over at the
# end is a smaller product.


def _filter_rows(x: Tensor, out: Tensor) -> None:
    """Filter (H, W), from row to row, into ``out`` (H - WINDOW + 1, W), contiguous."""
    rows, width = out.shape
    blocks, left = divmod(rows, _BLOCK)
    if blocks:
        stride = x.stride(0)
        parts = x.as_strided((blocks, _REACH, width), (_BLOCK * stride, stride, x.stride(1)))
        target = out.as_strided((blocks, _BLOCK, width), (_BLOCK * width, width, 1))
        torch.bmm(_bands(blocks, x.device), parts, out=target)
    if left:
        torch.mm(_band(left, x.device), x[rows - left :], out=out[rows - left :])


def _filter_columns(x: Tensor, out: Tensor, add: float = 0.0) -> None:
    """Filter (H, W), contiguous, from column to column, into ``out`` (W - WINDOW + 1, H), contiguous: transposed, which
    saves a copy. What was in ``out`` is multiplied by ``add`` and added."""
    columns, height = out.shape
    blocks, left = divmod(columns, _BLOCK)
    if blocks:
        parts = x.as_strided((blocks, _REACH, height), (_BLOCK, 1, x.stride(0)))
        target = out.as_strided((blocks, _BLOCK, height), (_BLOCK * height, height, 1))
        torch.baddbmm(target, _bands(blocks, x.device), parts, beta=add, out=target)
    if left:
        target = out[columns - left :]
        torch.addmm(target, _band(left, x.device), x[:, columns - left :].T, beta=add, out=target)


def window_mean(x: Tensor) -> Tensor:
    """Mean of (H, W) doubles in SSIM's Gaussian window, valid region: (H - 10, W - 10), doubles."""
    height, width = x.shape[0] - WINDOW + 1, x.shape[1] - WINDOW + 1
    half, mean = x.new_empty((height, x.shape[1])), x.new_empty((width, height))
    _filter_rows(x, half)
    _filter_columns(half, mean)
    return mean.T


@functools.cache
def _constants(peak: float, device: torch.device) -> tuple[Tensor, ...]:
    """c1 / 2, c1, (c1 + c2) / 2, c1 + c2."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    values = (c1 / 2, c1, (c1 + c2) / 2, c1 + c2)
    return tuple(torch.tensor(value, dtype=torch.float64, device=device) for value in values)


def _sum_of_index(x: Tensor, y: Tensor, mean_y: Tensor, peak: float) -> Tensor:
    """The sum of the SSIM map of two images (H, W), doubles; ``mean_y`` is :func:`window_mean` of the second."""
    width, height = x.shape[1] - WINDOW + 1, x.shape[0] - WINDOW + 1
    half_c1, c1, half_c, c = _constants(peak, x.device)
    map_, half = x.new_empty(x.shape), x.new_empty((height, x.shape[1]))
    mean_x, power, product = (x.new_empty((width, height)) for _ in range(3))  # transposed, as filters leave them
    mean_y = mean_y.T
    _filter_rows(x, half)
    _filter_columns(half, mean_x)
    # The index is (2 mean_x mean_y + c1) (2 cov + c2) / ((mean_x^2 + mean_y^2 + c1) (var_x + var_y + c2)), here with
    # both factors above halved. It needs the variances only as a sum, so that the filtered maps x, y, xy, x^2 + y^2
    # are enough. The products of the last two go on top of what has to be subtracted from them.
    torch.addcmul(half_c1, mean_x, mean_y, out=product)
    torch.addcmul(c1, mean_x, mean_x, out=power).addcmul_(mean_y, mean_y)
    torch.mul(x, y, out=map_)
    _filter_rows(map_, half)
    covariance = torch.sub(half_c, product, out=mean_x)
    _filter_columns(half, covariance, add=1.0)
    product.mul_(covariance)
    torch.mul(x, x, out=map_).addcmul_(y, y)
    _filter_rows(map_, half)
    variance = torch.sub(c, power, out=covariance)
    _filter_columns(half, variance, add=1.0)
    return product.div_(power.mul_(variance)).sum() * 4


def ssim(sr: Tensor, hr: Tensor, peak: float = 255.0, *, hr_mean: Tensor | None = None) -> Tensor:
    """Mean SSIM index, one value per image, as MATLAB's ``ssim_index`` defines it.

    11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, biased covariance, valid region only (no
    padding), no downsampling.

    Args:
        sr, hr: (..., H, W) of one shape, on the 0..peak scale; computed in double precision on their device.
        hr_mean: (..., H - 10, W - 10), :func:`window_mean` of ``hr``, if it is at hand.

    Returns:
        shape (...,); 1 for identical images.

    Raises:
        ImageError: a side is shorter than the window.

    >>> ssim(torch.ones(16, 16), torch.ones(16, 16)).item()
    1.0
    """
    if min(sr.shape[-2:]) < WINDOW:
        raise ImageError(
            f"SSIM needs at least {WINDOW}x{WINDOW} pixels after the border is shaved, "
            f"this image has {sr.shape[-1]}x{sr.shape[-2]}",
            "use a larger image",
        )
    height, width = sr.shape[-2] - WINDOW + 1, sr.shape[-1] - WINDOW + 1
    xs, ys = (image.to(torch.float64).reshape(-1, *image.shape[-2:]) for image in (sr, hr))
    means = map(window_mean, ys) if hr_mean is None else hr_mean.reshape(-1, height, width)
    strips = -(-height * width // _STRIP)
    rows = -(-height // strips)
    totals = []
    for x, y, mean in zip(xs, ys, means, strict=True):
        total = x.new_zeros(())
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            reach = slice(top, bottom + WINDOW - 1)
            total += _sum_of_index(x[reach], y[reach], mean[top:bottom], peak)
        totals.append(total)
    return torch.stack(totals).reshape(sr.shape[:-2]) / (height * width)


def compute(pair: Comparison) -> float:
    """SSIM of a pair; the mean of its HR image is made once."""

    def measure() -> float:
        return float(ssim(pair.sr_luma, pair.hr_luma, hr_mean=pair.hr_window("ssim mean", window_mean)))

    return pair.once("ssim", measure)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    needs=("sr_luma", "hr_luma"),
    compute=compute,
    min_size=WINDOW,
)
