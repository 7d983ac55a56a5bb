"""Bilinear interpolation on the half-pixel grid."""

from torch import Tensor

from srbench.method import Method, MethodCard, ScaleRange
from srbench.resize import enlarge


class Bilinear(Method):
    card = MethodCard(
        name="bilinear",
        title="Bilinear",
        year=1973,
        family="interpolation",
        paper="textbook; MATLAB imresize(x, s, 'bilinear')",
        colour="any",
        scales=ScaleRange(),
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return enlarge(lr, scale, "bilinear")
