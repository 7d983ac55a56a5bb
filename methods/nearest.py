"""Nearest-neighbour interpolation: every HR pixel takes the value of the LR pixel that covers it."""

from torch import Tensor

from srbench.method import Method, MethodCard, ScaleRange
from srbench.resize import enlarge


class Nearest(Method):
    card = MethodCard(
        name="nearest",
        title="Nearest neighbour",
        year=1973,
        family="interpolation",
        paper="textbook; MATLAB imresize(x, s, 'nearest')",
        colour="any",
        scales=ScaleRange(),
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return enlarge(lr, scale, "nearest")
