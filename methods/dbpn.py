"""DBPN: features go up and down again and again, each time corrected by what the way back shows to be wrong; L1.

Haris, Shakhnarovich, Ukita, Deep Back-Projection Networks for Super-Resolution, CVPR 2018 (arXiv:1803.02735), the
dense network with one weight for each unit (D-DBPN), at the size that the paper calls M: four stages of 32 channels
after 128 features, 1,398,494 parameters at x4. The D-DBPN of the paper's tables has seven stages of 64: 10,426,358.
Starts as bilinear interpolation (:mod:`srbench.training.start`).
"""

import torch
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, he, silence, stretch

GEOMETRY = {2: (6, 2, 2), 4: (8, 4, 2)}  # kernel, stride and padding of a projection


def conv(n_in: int, n_out: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, stride, padding), nn.PReLU())


def _deconv(width: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(width, width, kernel, stride, padding), nn.PReLU())


class Up(nn.Module):
    """(N, stages * C, H, W) to (N, C, scale H, scale W): up, down again, and the error of that added, up."""

    def __init__(self, scale: int, width: int, stages: int) -> None:
        super().__init__()
        self.reduce = conv(stages * width, width, 1) if stages > 1 else nn.Identity()
        self.first = _deconv(width, *GEOMETRY[scale])
        self.back = conv(width, width, *GEOMETRY[scale])
        self.second = _deconv(width, *GEOMETRY[scale])

    def forward(self, low: Tensor) -> Tensor:
        low = self.reduce(low)
        high = self.first(low)
        return high + self.second(self.back(high) - low)


class Down(nn.Module):
    """(N, stages * C, scale H, scale W) to (N, C, H, W): the mirror image of :class:`Up`."""

    def __init__(self, scale: int, width: int, stages: int) -> None:
        super().__init__()
        self.reduce = conv(stages * width, width, 1) if stages > 1 else nn.Identity()
        self.first = conv(width, width, *GEOMETRY[scale])
        self.back = _deconv(width, *GEOMETRY[scale])
        self.second = conv(width, width, *GEOMETRY[scale])

    def forward(self, high: Tensor) -> Tensor:
        high = self.reduce(high)
        low = self.first(high)
        return low + self.second(self.back(low) - high)


def projected(low: Tensor, ups: nn.ModuleList, downs: nn.ModuleList) -> Tensor:
    """LR features (N, C, H, W) to the HR features of all stages, (N, stages * C, scale H, scale W): each unit sees all
    maps that came before it."""
    highs, lows = [ups[0](low)], list[Tensor]()
    for up, down in zip(ups[1:], downs, strict=True):
        lows.append(down(torch.cat(highs, dim=1)))
        highs.append(up(torch.cat(lows, dim=1)))
    return torch.cat(highs, dim=1)


class DbpnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W)."""

    def __init__(self, scale: int, width: int = 32, features: int = 128, stages: int = 4) -> None:
        super().__init__()
        self.features = nn.Sequential(conv(3, features, 3, padding=1), conv(features, width, 1))
        # The second unit of each kind sees one map yet; the later ones all maps before them.
        self.ups = nn.ModuleList([Up(scale, width, max(1, n)) for n in range(stages)])
        self.downs = nn.ModuleList([Down(scale, width, n + 1) for n in range(stages - 1)])
        self.output = nn.Conv2d(stages * width, 3, 3, padding=1)
        he(self)
        for unit in (*self.ups, *self.downs):
            with torch.no_grad():
                unit.second[0].weight.mul_(0.1)  # type: ignore[union-attr,index,operator]  # a correction
        carry(self.features[0][0], 3)  # type: ignore[index,arg-type]
        carry(self.features[1][0], 3)  # type: ignore[index,arg-type]
        stretch(self.ups[0].first[0], 3)  # type: ignore[union-attr,index,arg-type]
        silence(self.ups[0].second[0], 3)  # type: ignore[union-attr,index,arg-type]
        carry(self.output, 3, others=1e-4)

    def forward(self, lr: Tensor) -> Tensor:
        return self.output(projected(self.features(lr), self.ups, self.downs))


class Dbpn(TrainedMethod):
    card = MethodCard(
        name="dbpn",
        title="DBPN-M, dense",
        year=2018,
        family="cnn, iterative up- and downsampling",
        paper="Haris, Shakhnarovich, Ukita, Deep Back-Projection Networks for Super-Resolution, CVPR 2018",
        url="https://arxiv.org/abs/1803.02735",
        colour="rgb",
        scales=(2, 4),
        size="4 stages, 32 channels",
        published=published(
            "DBPN paper (arXiv:1803.02735), Table 2 (D-DBPN)",
            {"set5": ((2, 38.09, 0.960), (4, 32.47, 0.898)), "bsd100": ((2, 32.27, 0.900), (4, 27.72, 0.740))},
            size="7 stages, 64 channels",
            images="DF2K",
        )
        # That table's bicubic has 30.34 and 26.10 dB on Set14: 'bridge' was read as RGB, as ``basicsr`` does.
        + published(
            "DBPN paper (arXiv:1803.02735), Table 2 (D-DBPN)",
            {"set14": ((2, 33.85, 0.919), (4, 28.82, 0.786))},
            size="7 stages, 64 channels",
            images="DF2K",
            protocol="basicsr",
        ),
    )
    # Not the kernels that the image itself passes: at x2 8 bits moved it by 0.008 dB down, further trained by 0.007 up.
    packed = ("ups.0.back.", "ups.0.second.", "ups.1.", "ups.2.", "ups.3.", "downs.")
    channels_last = True
    recipe = Recipe(
        steps=100_000,
        batch=16,
        patch=128,
        loss=(("l1", 1.0),),
        learning_rate=3e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )

    def build(self, scale: int) -> nn.Module:
        return DbpnNet(scale)
