"""Metrics of the library piq, as ``piq:NAME``: the extra ``srbench[piq]``, of a permissive licence (Apache-2.0).

Those that need no weights (:mod:`srbench.metrics.piq_table`). piq's defaults are kept, on the whole RGB image in
[0, 1]: its ``ssim`` is that of RGB, downsampled where the image is large.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util

import torch

from srbench.errors import UnavailableError
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.iqa import measuring, version_of
from srbench.metrics.piq_table import HINT, TABLE, PiqMetric


class Function:
    """One of piq's functions of two images."""

    def __init__(self, metric: PiqMetric) -> None:
        self.metric = metric

    def prepare(self) -> None:
        """Import piq; raises UnavailableError where that fails."""
        try:
            importlib.import_module("piq")
        except ImportError as error:
            raise UnavailableError(f"piq cannot be imported ({error})", HINT) from error

    def __call__(self, pair: Comparison) -> float:
        function = getattr(importlib.import_module("piq"), self.metric.function)
        sr, hr = (image[None].to(torch.float32) / 255 for image in (pair.sr_rgb, pair.hr_rgb))
        with torch.inference_mode(), measuring("piq", sr):
            return float(function(sr, hr, data_range=1.0))


@functools.cache
def gateway(name: str) -> Metric:
    """The metric ``piq:NAME``, NAME one of :func:`srbench.metrics.piq_table.names`; UnavailableError if piq is not
    installed."""
    if importlib.util.find_spec("piq") is None:
        raise UnavailableError("piq is not installed", HINT)
    known = TABLE[name]
    function = Function(known)
    return Metric(
        name=f"piq:{name}",
        title=f"{known.title} (piq)",
        version=version_of("piq"),
        higher_is_better=known.higher_is_better,
        unit="dB" if name == "psnr" else "",
        bounds=(-float("inf"), float("inf")),
        digits=2 if name == "psnr" else 4,
        needs=("sr_rgb", "hr_rgb"),
        compute=function,
        min_size=known.min_size,
        prepare=function.prepare,
        footnote=f"piq.{known.function} with its defaults, of the whole RGB image",
        source="piq",
    )
