"""Multi-scale structural similarity (Wang, Simoncelli and Bovik, Multiscale structural similarity for image quality
assessment, Asilomar 2003), as pyiqa's ``ms_ssim`` computes it by default.

Programs differ in what the paper leaves open. Here: full-range grey of the whole image, rounded, nothing shaved; five
levels, each the mean of 2 x 2 pixels of the one before, an odd side having a row or column of zeros on either end;
contrast and structure are cut off at 0, pixel by pixel.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from srbench.errors import ImageError
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.ssim import K1, K2, window_mean

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the levels, from the finest
MIN_SIZE = 161  # sides of 161 leave 11 pixels, one window, to the last level


def ms_ssim(sr: Tensor, hr: Tensor, peak: float = 255.0) -> float:
    """MS-SSIM of two images.

    Args:
        sr, hr: (H, W) on the 0..peak scale, computed in double precision on their device.

    Raises:
        ImageError: a side is shorter than 161.
    """
    if min(sr.shape) < MIN_SIZE:
        needed, size = f"{MIN_SIZE}x{MIN_SIZE}", f"{sr.shape[-1]}x{sr.shape[-2]}"
        raise ImageError(f"MS-SSIM needs at least {needed} pixels, this image has {size}", "use a larger image")
    x, y = sr.to(torch.float64), hr.to(torch.float64)
    result = torch.ones((), dtype=torch.float64, device=x.device)
    for weight in WEIGHTS[:-1]:
        result = result * _similarity(x, y, peak)[1] ** weight
        x, y = _halved(x), _halved(y)
    return float(result * _similarity(x, y, peak)[0] ** WEIGHTS[-1])


def _similarity(x: Tensor, y: Tensor, peak: float) -> tuple[Tensor, Tensor]:
    """Means of the index and of its part of contrast and structure, that part at least 0 at every pixel."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    mean_x, mean_y = window_mean(x), window_mean(y)
    variance = window_mean(x * x) - mean_x**2 + window_mean(y * y) - mean_y**2
    covariance = window_mean(x * y) - mean_x * mean_y
    structure = ((2 * covariance + c2) / (variance + c2)).clamp_(min=0)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return (luminance * structure).mean(), structure.mean()


def _halved(x: Tensor) -> Tensor:
    padding = x.shape[0] % 2, x.shape[1] % 2
    return functional.avg_pool2d(x[None, None], kernel_size=2, padding=padding)[0, 0]


def grey(rgb: Tensor) -> Tensor:
    """(3, H, W) uint8 to (H, W), the Y of YIQ in whole numbers of 0..255, double.

    In single precision and in this order, as pyiqa does: one value in a few thousand is a half, and how it is rounded
    moves MS-SSIM by 1e-6. Step by step, so that all processors agree.
    """
    red, green, blue = (rgb.to(torch.float32) / 255).unbind()
    return ((red * 0.299 + green * 0.587 + blue * 0.114) * 255).round().to(torch.float64)


def compute(pair: Comparison) -> float:
    with torch.inference_mode():
        return ms_ssim(grey(pair.sr_rgb), grey(pair.hr_rgb))


METRIC = Metric(
    name="ms-ssim",
    title="MS-SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(0.0, 1.0),
    digits=4,
    needs=("sr_rgb", "hr_rgb"),
    compute=compute,
    min_size=MIN_SIZE,
    footnote="of full-range grey, nothing shaved; as pyiqa's ms_ssim",
    source="Wang, Simoncelli and Bovik, Asilomar 2003",
)
