"""LR images that a dataset brings with it: how they were made of the HR images is not known."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from srbench.degradation.base import Pipeline
from srbench.degradation.step import LinearMap, Step
from srbench.errors import NotSupportedError
from srbench.records import GIVEN


class _Unknown(Step):
    """What nobody knows: it makes no LR images, and there is no operator that a method could invert."""

    key = ""
    has_operator = False

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        raise _not_known()

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        raise _not_known()

    def noise_sigma(self) -> None:
        return None

    def symmetric(self, scale: float) -> bool:
        """Nothing says that a view of the HR image would have had another LR image than the view of the LR image."""
        return True


def _not_known() -> NotSupportedError:
    return NotSupportedError(
        "how given LR images were made of the HR images is not known", "use --degradation bicubic, without --lr"
    )


DEGRADATION = Pipeline(GIVEN, (_Unknown(),), facts="")
