"""ESPCN at x4 with 142 and 72 channels in place of 64 and 32: one network of as many multiply-adds as two in series.

``cascade`` takes 105,920 multiply-adds for a pixel of the LR image, four fifths of them in its second network, which
works on an image twice as high and wide. This one takes 105,934, all of them at LR size. It is there to be compared.
"""

from dataclasses import replace

from torch import nn

from srbench.methods.espcn import Espcn, EspcnNet
from srbench.training import TrainedMethod

LAYERS = ((142, 5), (72, 3))  # channels and side of the kernel, as of EspcnNet


class EspcnWide(TrainedMethod):
    card = replace(
        Espcn.card,
        name="espcn-wide",
        title="ESPCN, 142 and 72 channels",
        year=2026,
        paper=f"after {Espcn.card.paper}",
        scales=(4,),
        size="5-3-3, 142 and 72 channels",
        published=(),
    )
    starts_from = "espcn"
    recipe = Espcn.recipe

    def build(self, scale: int) -> nn.Module:
        return EspcnNet(scale, LAYERS)
