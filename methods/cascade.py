"""Two ESPCNs in series, each twice as large as what it is fed, trained as one network for x4.

``espcn@2 > espcn@2`` is a cascade of two networks that were trained apart: the second learnt to enlarge images that
bicubic shrank, and is fed what the first one makes. Here they begin so (``docs/scripts/start_cascade.py``), and learn
on together: the first is free to hand on what the second needs. Wang et al., Deep Networks for Image Super-Resolution
with Sparse Prior, ICCV 2015 (arXiv:1507.08905), put networks of another kind in series.
"""

from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.methods.espcn import Espcn, EspcnNet
from srbench.training import TrainedMethod


class CascadeNet(nn.Module):
    """(N, 1, H, W) to (N, 1, 4 H, 4 W). The image between the two is neither clipped nor rounded."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = EspcnNet(2), EspcnNet(2)

    def forward(self, lr: Tensor) -> Tensor:
        sr: Tensor = self.second(self.first(lr))
        return sr


class Cascade(TrainedMethod):
    card = MethodCard(
        name="cascade",
        title="Cascade of two ESPCNs",
        year=2026,
        family="cnn, post-upsampling",
        paper="after Wang et al., Deep Networks for Image Super-Resolution with Sparse Prior, ICCV 2015, with the "
        "networks of Shi et al., CVPR 2016",
        url="https://arxiv.org/abs/1507.08905",
        colour="luma",
        scales=(4,),
        size="two of 5-3-3, 64 and 32 channels",
    )
    starts_from = "espcn"
    recipe = Espcn.recipe

    def build(self, scale: int) -> nn.Module:
        return CascadeNet()
