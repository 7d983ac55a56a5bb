"""Metrics by name. Their modules are imported when asked for: some bring large libraries."""

from __future__ import annotations

import importlib

from srbench.errors import UnknownNameError
from srbench.metrics.base import Comparison, Metric

__all__ = ["Comparison", "Metric", "get", "names"]

_MODULES = {"psnr": "srbench.metrics.psnr", "ssim": "srbench.metrics.ssim"}


def names() -> list[str]:
    """Names of all metrics, in the order in which tables show them."""
    return list(_MODULES)


def get(name: str) -> Metric:
    """The metric called ``name``; raises UnknownNameError with the nearest names."""
    if name not in _MODULES:
        raise UnknownNameError("metric", name, _MODULES)
    metric: Metric = importlib.import_module(_MODULES[name]).METRIC
    return metric
