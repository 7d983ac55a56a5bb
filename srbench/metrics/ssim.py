"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural similarity, 2004)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.metrics.base import Metric

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
_STRIP = 128  # rows filtered at once: the working set stays in a processor's cache, memory stays small


@functools.cache
def _taps() -> list[float]:
    """The left half of the Gaussian window and its centre, from the outside in; the window sums to 1."""
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    return (window / window.sum())[: WINDOW // 2 + 1].tolist()


def _filter(maps: Tensor) -> Tensor:
    """Separable Gaussian filter over the last two dimensions, valid region only. Adding shifted copies is over
    ten times as fast as a convolution of doubles on a CPU, where torch has no direct one."""
    taps, half = _taps(), WINDOW // 2
    for dim in (-2, -1):
        length = maps.shape[dim] - WINDOW + 1
        out = maps.narrow(dim, half, length) * taps[half]
        for k in range(half):
            mirrored = maps.narrow(dim, k, length) + maps.narrow(dim, WINDOW - 1 - k, length)
            out.add_(mirrored, alpha=taps[k])
        maps = out
    return maps


def _index(x: Tensor, y: Tensor, peak: float) -> Tensor:
    """The SSIM map of doubles (..., H, W), valid region."""
    # Sum and difference carry all second moments SSIM needs in two maps instead of three:
    # E[x^2] + E[y^2] = (E[s^2] + E[d^2]) / 2 and 2 E[xy] = (E[s^2] - E[d^2]) / 2.
    total, difference = x + y, x - y
    moments = _filter(torch.stack([total, difference, total * total, difference * difference]))
    mean_total, mean_difference, square_total, square_difference = moments
    a, b = mean_total.square(), mean_difference.square()
    power, product = (a + b).div_(2), a.sub_(b).div_(2)  # mu_x^2 + mu_y^2 and 2 mu_x mu_y
    variance = (square_total + square_difference).div_(2).sub_(power)  # sigma_x^2 + sigma_y^2
    covariance = square_total.sub_(square_difference).div_(2).sub_(product)  # 2 sigma_xy
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    index: Tensor = product.add_(c1).mul_(covariance.add_(c2)).div_(power.add_(c1).mul_(variance.add_(c2)))
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
