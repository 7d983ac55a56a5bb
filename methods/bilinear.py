"""Bilinear interpolation on the half-pixel grid."""

from torch import Tensor

from srbench.method import Method, MethodCard
from srbench.resize import imresize


class Bilinear(Method):
    card = MethodCard(
        name="bilinear",
        title="Bilinear",
        year=1973,
        family="interpolation",
        paper="textbook; MATLAB imresize(x, s, 'bilinear')",
        colour="any",
    )

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        return imresize(lr, scale, kernel="bilinear")
