"""VDSR on the image of FSRCNN in place of bicubic's, both trained on together.

``fsrcnn@4 > vdsr@1`` is the two as they are: VDSR takes away what bicubic interpolation gets wrong, and FSRCNN's image
is not wrong there. Here they begin with a quarter of what VDSR adds (``docs/scripts/start_cascade.py``) and learn on.
"""

from dataclasses import replace

from torch import Tensor

from srbench.imaging.single import in_single_precision
from srbench.method import MethodCard
from srbench.methods.fsrcnn import Fsrcnn, FsrcnnNet
from srbench.methods.vdsr import Vdsr, VdsrNet
from srbench.training import TrainedMethod


class FsrcnnImage(FsrcnnNet):
    """FSRCNN in single precision in every training: in bfloat16 the image would lose more than is left to gain."""

    def forward(self, lr: Tensor) -> Tensor:
        with in_single_precision(lr.device.type):
            return super().forward(lr)


def on_fsrcnn(card: MethodCard, title: str, size: str) -> MethodCard:
    """The card of a method on FSRCNN's image, made of its own on bicubic's."""
    return replace(
        card,
        name=f"{card.name}-on-fsrcnn",
        title=f"{title} on FSRCNN's image",
        year=2026,
        family="cnn, post-upsampling",
        paper=f"after {card.paper}, on the image of {Fsrcnn.card.paper}",
        scales=(4,),
        size=f"FSRCNN (56, 12, 4), then {size}",
        published=(),
    )


class VdsrOnFsrcnnNet(VdsrNet):
    """(N, 1, H, W) to (N, 1, scale H, scale W)."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.first = FsrcnnImage(scale)

    def forward(self, lr: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(self.first(lr), enlarged=True)


class VdsrOnFsrcnn(TrainedMethod):
    card = on_fsrcnn(Vdsr.card, "VDSR", "20 layers, 64 channels")
    starts_from = "vdsr"
    channels_last = True
    packed = Vdsr.packed
    recipe = replace(Vdsr.recipe, joint_scales=None)

    def build(self, scale: int) -> VdsrOnFsrcnnNet:
        return VdsrOnFsrcnnNet(scale)
