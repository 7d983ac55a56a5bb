"""Nearest-neighbour interpolation: every HR pixel takes the value of the LR pixel that covers it."""

from torch import Tensor

from srbench.method import Method, MethodCard
from srbench.resize import imresize


class Nearest(Method):
    card = MethodCard(
        name="nearest",
        title="Nearest neighbour",
        year=1973,
        family="interpolation",
        paper="textbook; MATLAB imresize(x, s, 'nearest')",
        colour="any",
    )

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        return imresize(lr, scale, kernel="nearest")
