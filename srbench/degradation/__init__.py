"""How LR images are made from HR images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.degradation.base import Degradation, LinearMap, Pipeline, Step
    from srbench.degradation.kernels import gaussian, read_kernel
    from srbench.degradation.named import DEGRADATIONS, KERNEL, Bicubic, discover, file_of, get
    from srbench.degradation.steps import BicubicDown, Blur, GaussianNoise, Subsample

__all__ = [
    "DEGRADATIONS",
    "KERNEL",
    "Bicubic",
    "BicubicDown",
    "Blur",
    "Degradation",
    "GaussianNoise",
    "LinearMap",
    "Pipeline",
    "Step",
    "Subsample",
    "discover",
    "file_of",
    "gaussian",
    "get",
    "read_kernel",
]

_HOME = {
    "base": ("Degradation", "LinearMap", "Pipeline", "Step"),
    "kernels": ("gaussian", "read_kernel"),
    "named": ("DEGRADATIONS", "KERNEL", "Bicubic", "discover", "file_of", "get"),
    "steps": ("BicubicDown", "Blur", "GaussianNoise", "Subsample"),
}
__getattr__ = lazy.names(__name__, {name: module for module, names in _HOME.items() for name in names})
