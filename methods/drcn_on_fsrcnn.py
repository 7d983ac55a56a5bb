"""DRCN on the image of FSRCNN in place of bicubic's, both trained on together.

``fsrcnn@4 > drcn@1`` is the two as they are: DRCN takes away what bicubic interpolation gets wrong, and FSRCNN's image
is not wrong there. Here they begin with a part of what DRCN adds (``docs/scripts/start_cascade.py``) and learn on.
"""

from torch import Tensor

from srbench.methods.drcn import Drcn, DrcnNet
from srbench.methods.vdsr_on_fsrcnn import FsrcnnImage, on_fsrcnn


class DrcnOnFsrcnnNet(DrcnNet):
    """(N, 1, H, W) to (N, 1, scale H, scale W)."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.first = FsrcnnImage(scale)

    def outputs(self, lr: Tensor) -> list[Tensor]:  # type: ignore[override]
        return super().outputs(self.first(lr), enlarged=True)

    def forward(self, lr: Tensor) -> Tensor:  # type: ignore[override]
        return self.mean(self.outputs(lr))


class DrcnOnFsrcnn(Drcn):
    card = on_fsrcnn(Drcn.card, "DRCN", "64 channels, 8 recursions")
    starts_from = "drcn"
    takes_enlarged = False

    def build(self, scale: int) -> DrcnOnFsrcnnNet:
        return DrcnOnFsrcnnNet(scale)
