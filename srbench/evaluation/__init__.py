"""One cell: an HR image is degraded, super-resolved and measured, exactly as its protocol says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.evaluation.scoring import Example, HrImage, compare, measure, super_resolve
    from srbench.records import Score

__all__ = ["Example", "HrImage", "Score", "compare", "measure", "super_resolve"]

__getattr__ = lazy.names(
    __name__,
    {
        "Example": "scoring",
        "HrImage": "scoring",
        "Score": "scoring",
        "compare": "scoring",
        "measure": "scoring",
        "super_resolve": "scoring",
    },
)
