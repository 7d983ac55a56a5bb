"""Lanczos interpolation with three lobes on the half-pixel grid (Duchon 1979)."""

from torch import Tensor

from srbench.method import Method, MethodCard, ScaleRange
from srbench.resize import enlarge


class Lanczos(Method):
    card = MethodCard(
        name="lanczos",
        title="Lanczos-3",
        year=1979,
        family="interpolation",
        paper="Duchon, Lanczos filtering in one and two dimensions, J. Applied Meteorology 1979",
        url="https://doi.org/10.1175/1520-0450(1979)018%3C1016:LFIOAT%3E2.0.CO;2",
        colour="any",
        scales=ScaleRange(),
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return enlarge(lr, scale, "lanczos3")
