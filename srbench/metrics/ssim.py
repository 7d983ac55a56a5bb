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
_STRIP = 120
# Outputs per matrix product of the filter: dense enough for BLAS, small enough to waste little on zeros.
_BLOCK = 24


@functools.lru_cache(maxsize=64)
def _band(outputs: int, device: torch.device) -> Tensor:
    """(outputs, outputs + WINDOW - 1): the Gaussian window, which sums to 1, shifted by one from row to row."""
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    window /= window.sum()
    band = torch.zeros(outputs, outputs + WINDOW - 1, dtype=torch.float64)
    for row in range(outputs):
        band[row, row : row + WINDOW] = window
    return band.to(device)


def _filter(maps: Tensor) -> Tensor:
    """Separable Gaussian filter of (N, H, W) doubles, valid region only, as products with banded matrices: on a
    CPU ten times as fast as torch's convolution of doubles, twice as fast as adding shifted copies."""
    n, height, width = maps.shape[0], maps.shape[1] - WINDOW + 1, maps.shape[2] - WINDOW + 1
    rows = maps.new_empty((n, height, maps.shape[2]))
    for start in range(0, height, _BLOCK):
        stop = min(start + _BLOCK, height)
        band = _band(stop - start, maps.device)
        for plane, out in zip(maps, rows, strict=True):
            torch.mm(band, plane[start : stop + WINDOW - 1], out=out[start:stop])
    result = maps.new_empty((n * height, width))
    flat = rows.view(n * height, -1)
    for start in range(0, width, _BLOCK):
        stop = min(start + _BLOCK, width)
        band = _band(stop - start, maps.device)
        torch.mm(flat[:, start : stop + WINDOW - 1], band.T, out=result[:, start:stop])
    return result.view(n, height, width)


def _index(x: Tensor, y: Tensor, peak: float) -> Tensor:
    """The SSIM map of doubles (..., H, W), valid region."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    # Sum and difference carry all second moments SSIM needs in two maps instead of three. With s = x + y and
    # d = x - y: 2 mu_x mu_y = (E[s]^2 - E[d]^2) / 2, mu_x^2 + mu_y^2 = (E[s]^2 + E[d]^2) / 2, and likewise for
    # E[s^2] and E[d^2]. The halves cancel in the fraction when the constants are doubled.
    maps = x.new_empty((4, *x.shape))
    torch.add(x, y, out=maps[0])
    torch.sub(x, y, out=maps[1])
    torch.mul(maps[:2], maps[:2], out=maps[2:])
    filtered = _filter(maps.view(-1, *x.shape[-2:]))
    s, d, ss, dd = filtered.view(4, *x.shape[:-2], *filtered.shape[-2:])
    s.square_().add_(2 * c1)
    d.square_()
    ss.add_(2 * (c1 + c2))
    covariance, variance = ss - dd, ss.add_(dd)
    product, power = s - d, s.add_(d)
    covariance.sub_(product)
    variance.sub_(power)
    index: Tensor = product.mul_(covariance).div_(power.mul_(variance))
    return index


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
    x, y = sr.to(torch.float64), hr.to(torch.float64)
    height, width = x.shape[-2] - WINDOW + 1, x.shape[-1] - WINDOW + 1
    total = x.new_zeros(x.shape[:-2])
    for start in range(0, height, _STRIP):
        strip = slice(start, min(start + _STRIP, height) + WINDOW - 1)
        total += _index(x[..., strip, :], y[..., strip, :], peak).sum(dim=(-2, -1))
    return total / (height * width)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    space="luma",
    compute=lambda pair: float(ssim(pair.sr_luma, pair.hr_luma)),
    min_size=WINDOW,
)
