"""FSRCNN: features at LR size, shrunk, mapped, expanded, and one transposed convolution to HR size.

Dong, Loy, Tang, Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016 (arXiv:1608.00367),
with the paper's (d, s, m) = (56, 12, 4): 12,464 weights. Published tables count the transposed convolution once per
output pixel; counted truly it is evaluated once per input pixel.

The usual ports pad with zeros; d, s and m are read from the file. The transposed convolution has a 9x9 kernel at every
scale, so that no file says for which scale it is.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized
from srbench.method.ported import Ported
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, stretch
from srbench.weights import sizes


class FsrcnnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W); ``padding`` is what borders are filled by."""

    def __init__(
        self,
        scale: int,
        d: int = 56,
        s: int = 12,
        m: int = 4,
        padding: Literal["replicate", "zeros"] = "replicate",
    ) -> None:
        super().__init__()
        self.border = "replicate" if padding == "replicate" else "constant"
        # Borders are replicated, as by the authors' code: zeros would darken the outer pixels, features after features.
        first = nn.Conv2d(1, d, 5, padding=2, padding_mode=padding)
        layers: list[nn.Module] = [first, nn.PReLU(d), nn.Conv2d(d, s, 1), nn.PReLU(s)]
        for _ in range(m):
            layers += [nn.Conv2d(s, s, 3, padding=1, padding_mode=padding), nn.PReLU(s)]
        layers += [nn.Conv2d(s, d, 1), nn.PReLU(d)]
        self.features = nn.Sequential(*layers)
        self.upscale = nn.ConvTranspose2d(d, 1, 9, stride=scale, padding=4, output_padding=scale - 1)
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.25)
                nn.init.zeros_(layer.bias)
                carry(layer, 1)
        nn.init.normal_(self.upscale.weight, std=0.001)
        others = self.upscale.weight.detach()[1:].clone()
        stretch(self.upscale, 1)
        with torch.no_grad():
            self.upscale.weight[1:] = others

    def forward(self, lr: Tensor) -> Tensor:
        height, width = lr.shape[-2:]
        scale = self.upscale.stride[0]
        reach = -(-4 // scale)  # of the transposed convolution's nine taps, in LR pixels
        sr: Tensor = self.upscale(F.pad(self.features(lr), (reach,) * 4, mode=self.border))
        return sr[..., scale * reach : scale * (reach + height), scale * reach : scale * (reach + width)]


class Fsrcnn(TrainedMethod):
    card = MethodCard(
        name="fsrcnn",
        title="FSRCNN (56, 12, 4)",
        year=2016,
        family="cnn, post-upsampling",
        paper="Dong, Loy, Tang, Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016",
        url="https://arxiv.org/abs/1608.00367",
        colour="luma",
        scales=(2, 3, 4),
        size="56, 12, 4",
        published=published(
            "CARN paper (arXiv:1803.08664), table of PSNR/SSIM",
            {
                "set5": ((2, 37.00, 0.9558), (3, 33.16, 0.9140), (4, 30.71, 0.8657)),
                "set14": ((2, 32.63, 0.9088), (3, 29.43, 0.8242), (4, 27.59, 0.7535)),
                "bsd100": ((2, 31.53, 0.8920), (3, 28.53, 0.7910), (4, 26.98, 0.7150)),
            },
            size="56, 12, 4",
            images="T91 + General-100",
        ),
    )
    recipe = Recipe(
        steps=200_000,
        batch=32,
        patch=96,
        shave=16,
        loss=(("l2", 1.0),),
        optimiser="soap",
        learning_rate=2e-3,
        clip_norm=1.0,
    )

    rename = (
        (r"^first_part\.", "port.features."),
        *((rf"^mid_part\.{n}\.", f"port.features.{n + 2}.") for n in range(40)),
        (r"^last_part\.", "port.upscale."),
    )

    def build(self, scale: int) -> nn.Module:
        return FsrcnnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """By the kernels: 5x5 from luma, 1x1, m of 3x3, 1x1, and 9x9; the file may be for any scale."""
        kernels = [sizes.kernel(state, name) for name, value in state.items() if value.dim() == 4]
        by_side = {side: [shape for shape in kernels if shape[2] == side] for side in (1, 3, 5, 9)}
        d = by_side[5][0][0] if by_side[5] else 0
        m = len(by_side[3])
        s = by_side[3][0][0] if m else 0
        expected = [(d, 1, 5), (s, d, 1), (d, s, 1), (d, 1, 9), *[(s, s, 3)] * m]
        if not m or sorted(kernels) != sorted(expected):
            raise WeightsError(
                "these are not the kernels of FSRCNN, of 5, 1, m times 3, 1 and 9 pixels a side", sizes.HINT
            )
        ported, own = "port.upscale.weight" in state, "upscale.weight" in state

        def build(scale: int) -> nn.Module:
            network = FsrcnnNet(scale, d, s, m, "replicate" if own else "zeros")
            return Ported(network) if ported else network

        return Sized((2, 3, 4), build, f"{d}, {s}, {m}")
