"""Does an SR image respect what was observed? Its own LR image against the one that the method was given."""

from __future__ import annotations

import torch

from srbench.imaging.color import luma
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.psnr import psnr


def consistency(pair: Comparison) -> float:
    """PSNR in dB, on Y of the whole image, between the LR input and the SR image degraded as the input was.

    The degradation is its linear part, unrounded and without noise. An LR input that was rounded to uint8 limits even
    the HR image itself to about 59 dB.
    """
    assert pair.sr is not None
    source = pair.source
    grey = source.hr.shape[0] == 1
    lr = source.lr_luma if grey or source.protocol.working_space == "luma" else luma(source.lr_rgb)
    sr = source.luma_of(pair.sr)
    again = source.degradation.operator(sr.shape[-2], sr.shape[-1], source.scale)(sr)
    return float(psnr(again, lr.to(device=sr.device, dtype=torch.float64)))


METRIC = Metric(
    name="consistency",
    title="LR consistency",
    version=1,
    higher_is_better=True,
    unit="dB",
    bounds=(0.0, float("inf")),
    digits=2,
    needs=("sr_luma", "lr", "degradation"),
    compute=consistency,
    source="srbench",
)
