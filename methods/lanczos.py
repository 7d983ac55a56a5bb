"""Lanczos interpolation with three lobes on the half-pixel grid (Duchon 1979)."""

from torch import Tensor

from srbench.method import Method, MethodCard
from srbench.resize import imresize


class Lanczos(Method):
    card = MethodCard(
        name="lanczos",
        title="Lanczos-3",
        year=1979,
        family="interpolation",
        paper="Duchon, Lanczos filtering in one and two dimensions, J. Applied Meteorology 1979",
        url="https://doi.org/10.1175/1520-0450(1979)018%3C1016:LFIOAT%3E2.0.CO;2",
        colour="any",
    )

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        return imresize(lr, scale, kernel="lanczos3")
