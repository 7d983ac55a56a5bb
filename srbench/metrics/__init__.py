"""Metrics by name: built in, from an installed package, from a user's file, or through pyiqa or piq."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.metrics.base import Comparison, Measurement, Metric
    from srbench.metrics.catalog import find, get, names, supported

__all__ = ["Comparison", "Measurement", "Metric", "find", "get", "names", "supported"]

__getattr__ = lazy.names(
    __name__,
    {
        "Comparison": "base",
        "Measurement": "base",
        "Metric": "base",
        "find": "catalog",
        "get": "catalog",
        "names": "catalog",
        "supported": "catalog",
    },
)
