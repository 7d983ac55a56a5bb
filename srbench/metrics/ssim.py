"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural
similarity, 2004)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.metrics.base import Metric

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
# Rows handled at once: the working set stays in a processor's cache, and memory small.
_STRIP = 96
# Outputs per matrix product of the filter: dense enough for BLAS, small enough to waste little on zeros.
_BLOCK = 16


@functools.cache
def _band(device: torch.device) -> Tensor:
    """(_BLOCK, _BLOCK + WINDOW - 1): the Gaussian window, which sums to 1, shifted by one from row to row."""
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    window /= window.sum()
    band = torch.zeros(_BLOCK, _BLOCK + WINDOW - 1, dtype=torch.float64)
    for row in range(_BLOCK):
        band[row, row : row + WINDOW] = window
    return band.to(device)


def _filter(maps: Tensor) -> Tensor:
    """Separable Gaussian filter of (N, H, W) doubles, valid region only.

    Both passes are batched products of one banded matrix with overlapping blocks of the map, seen through strides:
    on a CPU twenty times as fast as torch's convolution of doubles.

    Args:
        maps: contiguous; H - WINDOW + 1 and W - WINDOW + 1 are multiples of _BLOCK.

    Returns:
        (N, W - WINDOW + 1, H - WINDOW + 1): transposed, which saves a copy.
    """
    n, height, width = maps.shape
    down, across = (height - WINDOW + 1) // _BLOCK, (width - WINDOW + 1) // _BLOCK
    reach = _BLOCK + WINDOW - 1
    band = _band(maps.device)
    half = maps.new_empty((down * _BLOCK, width))
    result = maps.new_empty((n, across * _BLOCK, down * _BLOCK))
    for plane, out in zip(maps, result, strict=True):
        blocks = plane.as_strided((down, reach, width), (_BLOCK * width, width, 1), plane.storage_offset())
        torch.bmm(band.expand(down, -1, -1), blocks, out=half.view(down, _BLOCK, width))
        blocks = half.as_strided((across, reach, down * _BLOCK), (_BLOCK, 1, width))
        torch.bmm(band.expand(across, -1, -1), blocks, out=out.view(across, _BLOCK, -1))
    return result


def _sum_of_index(x: Tensor, y: Tensor, peak: float) -> Tensor:
    """The sum of the SSIM map of two images (H, W), doubles, valid region."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    height, width = x.shape[0] - WINDOW + 1, x.shape[1] - WINDOW + 1
    padding = (-height % _BLOCK, -width % _BLOCK)
    # Sum and difference carry all second moments SSIM needs in two maps instead of three. With s = x + y and
    # d = x - y: 2 mu_x mu_y = (E[s]^2 - E[d]^2) / 2, mu_x^2 + mu_y^2 = (E[s]^2 + E[d]^2) / 2, and likewise for
    # E[s^2] and E[d^2]. The halves cancel in the fraction when the constants are doubled.
    maps = x.new_zeros((4, x.shape[0] + padding[0], x.shape[1] + padding[1]))
    inner = maps[:, : x.shape[0], : x.shape[1]]
    torch.add(x, y, out=inner[0])
    torch.sub(x, y, out=inner[1])
    torch.mul(inner[:2], inner[:2], out=inner[2:])
    s, d, ss, dd = _filter(maps)
    s.square_().add_(2 * c1)
    d.square_()
    ss.add_(2 * (c1 + c2))
    covariance, variance = ss - dd, ss.add_(dd)
    product, power = s - d, s.add_(d)
    covariance.sub_(product)
    variance.sub_(power)
    index = product.mul_(covariance).div_(power.mul_(variance))
    total: Tensor = index[:width, :height].sum()
    return total


def ssim(sr: Tensor, hr: Tensor, peak: float = 255.0) -> Tensor:
    """Mean SSIM index, one value per image, as MATLAB's ``ssim_index`` defines it.

    11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, biased covariance, valid region only (no
    padding), no downsampling.

    Args:
        sr, hr: (..., H, W) of one shape, on the 0..peak scale; computed in double precision on their device.

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
    pairs = zip(sr.reshape(-1, *sr.shape[-2:]), hr.reshape(-1, *hr.shape[-2:]), strict=True)
    totals = []
    for x, y in pairs:
        x, y = x.to(torch.float64), y.to(torch.float64)
        strips = [slice(start, start + _STRIP + WINDOW - 1) for start in range(0, height, _STRIP)]
        totals.append(torch.stack([_sum_of_index(x[strip], y[strip], peak) for strip in strips]).sum())
    return torch.stack(totals).reshape(sr.shape[:-2]) / (height * width)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    needs=("sr_luma", "hr_luma"),
    compute=lambda pair: float(ssim(pair.sr_luma, pair.hr_luma)),
    min_size=WINDOW,
)
