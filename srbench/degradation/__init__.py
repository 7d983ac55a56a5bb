"""How LR images are made from HR images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.degradation.named import (
        DEGRADATIONS,
        KERNEL,
        Bicubic,
        BicubicNoise,
        Blur,
        Degradation,
        gaussian,
        get,
        read_kernel,
    )

__all__ = ["DEGRADATIONS", "KERNEL", "Bicubic", "BicubicNoise", "Blur", "Degradation", "gaussian", "get", "read_kernel"]

__getattr__ = lazy.names(
    __name__,
    {
        "KERNEL": "named",
        "DEGRADATIONS": "named",
        "Bicubic": "named",
        "BicubicNoise": "named",
        "Blur": "named",
        "Degradation": "named",
        "gaussian": "named",
        "get": "named",
        "read_kernel": "named",
    },
)
