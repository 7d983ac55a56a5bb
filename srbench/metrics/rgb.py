"""PSNR and SSIM on RGB by name, whatever the protocol measures: what the tables of the NTIRE challenges and of
BasicSR's model zoo print where others print Y.

The border that the protocol shaves is shaved. Under a protocol that measures RGB itself, with SSIM's Gaussian window,
they equal ``psnr`` and ``ssim``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from srbench.metrics.base import Comparison, Metric
from srbench.metrics.psnr import psnr
from srbench.metrics.ssim import WINDOW, ssim


def _planes(pair: Comparison) -> tuple[Tensor, Tensor]:
    """(3, H, W) uint8 of SR and HR, the border shaved."""
    shave = pair.source.protocol.border(pair.source.scale)
    cut = slice(shave, -shave or None)
    return pair.sr_rgb[:, cut, cut], pair.hr_rgb[:, cut, cut]


def psnr_rgb(pair: Comparison) -> float:
    """PSNR in dB over the pixels of all three channels together: one mean squared error, not a mean of three PSNRs."""
    sr, hr = _planes(pair)
    with torch.inference_mode():
        return float(psnr(sr.flatten(0, -2), hr.flatten(0, -2)))


def ssim_rgb(pair: Comparison) -> float:
    """Mean over the three channels of the SSIM of each, with the Gaussian window over the valid region."""
    sr, hr = _planes(pair)
    with torch.inference_mode():
        return float(ssim(sr, hr).mean())


PSNR_RGB = Metric(
    name="psnr-rgb",
    title="PSNR (RGB)",
    version=1,
    higher_is_better=True,
    unit="dB",
    bounds=(0.0, float("inf")),
    digits=2,
    needs=("sr_rgb", "hr_rgb"),
    compute=psnr_rgb,
    footnote="of all three channels together, the protocol's border shaved",
    source="BasicSR, calculate_psnr with test_y_channel=False",
)
SSIM_RGB = Metric(
    name="ssim-rgb",
    title="SSIM (RGB)",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    needs=("sr_rgb", "hr_rgb"),
    compute=ssim_rgb,
    min_size=WINDOW,
    footnote="mean over the three channels, the protocol's border shaved",
    source="BasicSR, calculate_ssim with test_y_channel=False",
)
