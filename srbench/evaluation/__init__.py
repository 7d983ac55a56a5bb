"""One cell: an HR image is degraded, super-resolved and measured, exactly as its protocol says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.evaluation.example import Example, HrImage, planes_of
    from srbench.evaluation.inference import (
        infer,
        is_black,
        likelihood,
        lr_of,
        out_of_range,
        raw,
        raw_together,
        rounded,
        super_resolve,
    )
    from srbench.evaluation.pair import GivenExample
    from srbench.evaluation.reference import TOLERANCE, bicubic_psnr, psnr_of
    from srbench.evaluation.scoring import compare, fits, measure
    from srbench.evaluation.unreferenced import UnreferencedExample
    from srbench.records import Score

__all__ = [
    "TOLERANCE",
    "Example",
    "GivenExample",
    "HrImage",
    "Score",
    "UnreferencedExample",
    "bicubic_psnr",
    "compare",
    "fits",
    "infer",
    "is_black",
    "likelihood",
    "lr_of",
    "measure",
    "out_of_range",
    "planes_of",
    "psnr_of",
    "raw",
    "raw_together",
    "rounded",
    "super_resolve",
]

__getattr__ = lazy.names(
    __name__,
    {
        "TOLERANCE": "reference",
        "Example": "example",
        "GivenExample": "pair",
        "HrImage": "example",
        "Score": "scoring",
        "UnreferencedExample": "unreferenced",
        "bicubic_psnr": "reference",
        "compare": "scoring",
        "fits": "scoring",
        "infer": "inference",
        "is_black": "inference",
        "likelihood": "inference",
        "lr_of": "inference",
        "measure": "scoring",
        "out_of_range": "inference",
        "planes_of": "example",
        "psnr_of": "reference",
        "raw": "inference",
        "raw_together": "inference",
        "rounded": "inference",
        "super_resolve": "inference",
    },
)
