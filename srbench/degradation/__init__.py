"""How LR images are made from HR images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.degradation.base import Degradation, Pipeline
    from srbench.degradation.blind import Bsrgan, RealEsrgan
    from srbench.degradation.burst import Burst
    from srbench.degradation.chain import Chain
    from srbench.degradation.grammar import ParsedChain, parse
    from srbench.degradation.kernels import gaussian, read_kernel
    from srbench.degradation.named import (
        CHAINS,
        DEGRADATIONS,
        KERNEL,
        Bicubic,
        discover,
        file_of,
        get,
        kernels_of,
        spelled,
    )
    from srbench.degradation.photographs import Clip, Jpeg, PoissonNoise
    from srbench.degradation.resampling import Down
    from srbench.degradation.step import LinearMap, Step
    from srbench.degradation.steps import BicubicDown, Blur, GaussianNoise, Subsample

__all__ = [
    "CHAINS",
    "DEGRADATIONS",
    "KERNEL",
    "Bicubic",
    "BicubicDown",
    "Blur",
    "Bsrgan",
    "Burst",
    "Chain",
    "Clip",
    "Degradation",
    "Down",
    "GaussianNoise",
    "Jpeg",
    "LinearMap",
    "ParsedChain",
    "Pipeline",
    "PoissonNoise",
    "RealEsrgan",
    "Step",
    "Subsample",
    "discover",
    "file_of",
    "gaussian",
    "get",
    "kernels_of",
    "parse",
    "read_kernel",
    "spelled",
]

_HOME = {
    "base": ("Degradation", "Pipeline"),
    "blind": ("Bsrgan", "RealEsrgan"),
    "burst": ("Burst",),
    "chain": ("Chain",),
    "grammar": ("ParsedChain", "parse"),
    "kernels": ("gaussian", "read_kernel"),
    "named": ("CHAINS", "DEGRADATIONS", "KERNEL", "Bicubic", "discover", "file_of", "get", "kernels_of", "spelled"),
    "photographs": ("Clip", "Jpeg", "PoissonNoise"),
    "resampling": ("Down",),
    "step": ("LinearMap", "Step"),
    "steps": ("BicubicDown", "Blur", "GaussianNoise", "Subsample"),
}
__getattr__ = lazy.names(__name__, {name: module for module, names in _HOME.items() for name in names})
