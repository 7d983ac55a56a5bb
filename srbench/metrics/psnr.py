"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from srbench.metrics.base import Comparison, Metric


def psnr(sr: Tensor, hr: Tensor, peak: float = 255.0) -> Tensor:
    """10 log10(peak^2 / MSE), in dB, one value per image.

    Args:
        sr, hr: (..., H, W) of one shape, on the 0..peak scale; computed in double precision on their device.

    Returns:
        shape (...,). Identical images give infinity, NaN pixels give NaN.

    >>> round(psnr(torch.zeros(8, 8), torch.full((8, 8), 16.0)).item(), 3)
    24.048
    """
    difference = sr.to(torch.float64) - hr.to(torch.float64)
    norm = torch.linalg.vector_norm(difference, dim=(-2, -1))
    return -20 * torch.log10(norm / (peak * math.sqrt(sr.shape[-2] * sr.shape[-1])))


def compute(pair: Comparison) -> float:
    """PSNR of a pair, on luma, or over all channels together where the protocol measures RGB."""
    with torch.inference_mode():  # calling small operations costs less
        return float(psnr(pair.sr_luma.flatten(0, -2), pair.hr_luma.flatten(0, -2)))


METRIC = Metric(
    name="psnr",
    title="PSNR",
    version=1,
    higher_is_better=True,
    unit="dB",
    bounds=(0.0, float("inf")),
    digits=2,
    needs=("sr_luma", "hr_luma"),
    compute=compute,
    min_size=1,
    source="10 log10(255² / mean squared error)",
)
