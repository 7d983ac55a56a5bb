"""ESPCN: three convolutions at LR size, then the channels are rearranged into HR pixels (sub-pixel convolution).

Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
Network, CVPR 2016 (arXiv:1609.05158). tanh, as in the paper, which found it better than ReLU on the 91 images. Starts
as interpolation (:mod:`srbench.training.start`), beside filters strong enough for tanh to bend: with torch's own small
weights the network stays a linear filter for thousands of steps.

The usual ports pad with zeros. Those with a fourth convolution, as in PyTorch's examples, have ReLU instead of tanh.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized
from srbench.method.ported import Ported
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, interpolate
from srbench.weights import sizes

GAIN = 3.0  # standard deviation of the first layer's weights: edges of a tenth of the range reach where tanh bends
PASSING = 0.1  # what the image is multiplied by on its way through the activations


class EspcnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W).

    Args:
        layers: (channels, side of the kernel) of the convolutions before the last one; ReLU between more than two of
            them, else tanh.
        padding: what borders are filled by, as ``torch.nn.Conv2d`` calls it.
    """

    def __init__(
        self,
        scale: int,
        layers: tuple[tuple[int, int], ...] = ((64, 5), (32, 3)),
        padding: Literal["replicate", "zeros"] = "replicate",
    ) -> None:
        super().__init__()
        body: list[nn.Module] = []
        n_in = 1
        # Borders are replicated: training shaves its patches, so the network never learns what to make of zeros.
        for n_out, side in layers:
            conv = nn.Conv2d(n_in, n_out, side, padding=side // 2, padding_mode=padding)
            body += [conv, nn.ReLU() if len(layers) > 2 else nn.Tanh()]
            n_in = n_out
        self.body = nn.Sequential(*body)
        self.head = nn.Conv2d(n_in, scale**2, 3, padding=1, padding_mode=padding)
        self.shuffle = nn.PixelShuffle(scale)
        self._start(scale)

    def _start(self, scale: int) -> None:
        """As interpolation."""
        first, second = self.body[0], self.body[2]
        assert isinstance(first, nn.Conv2d)
        assert isinstance(second, nn.Conv2d)
        with torch.no_grad():
            first.weight.normal_(std=GAIN)
            # Without a mean: flat areas, of any brightness, stay at zero.
            first.weight -= first.weight.mean(dim=(1, 2, 3), keepdim=True)
            nn.init.zeros_(first.bias)
            nn.init.xavier_normal_(second.weight)
        carry(first, 1)
        carry(second, 1)
        interpolate(self.head, scale, 1)
        with torch.no_grad():  # the image passes where tanh is nearly straight
            first.weight[0] *= PASSING
            self.head.weight /= PASSING
            self.head.weight[:, 1:].normal_(std=0.01)

    def forward(self, lr: Tensor) -> Tensor:
        return self.shuffle(self.head(self.body(lr)))


class Espcn(TrainedMethod):
    card = MethodCard(
        name="espcn",
        title="ESPCN",
        year=2016,
        family="cnn, post-upsampling",
        paper="Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel "
        "Convolutional Neural Network, CVPR 2016",
        url="https://arxiv.org/abs/1609.05158",
        colour="luma",
        scales=(2, 3, 4),
        size="5-3-3, 64 and 32 channels",
        # PSNR alone: the paper's SSIM comes from another tool, 0.01 to 0.05 above MATLAB's.
        published=published(
            "SRGAN paper (arXiv:1609.04802), Table 2",
            {"set5": ((4, 30.76, None),), "set14": ((4, 27.66, None),), "bsd100": ((4, 27.02, None),)},
            size="5-3-3, 64 and 32 channels",
            images="ImageNet",
            protocol="srgan",
        )
        + published(
            "ESPCN paper (ImageNet training), quoted in the EDSR-mobile README",
            {"set5": ((3, 33.13, None),), "set14": ((3, 29.49, None),)},
            size="5-3-3, 64 and 32 channels",
            images="ImageNet",
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
        (r"^first_part\.", "port.body."),
        (r"^last_part\.0\.", "port.head."),
        (r"^feature_maps\.", "port.body."),
        (r"^sub_pixel\.0\.", "port.head."),
        (r"^conv1\.", "port.body.0."),
        (r"^conv2\.", "port.body.2."),
        (r"^conv3\.", "port.body.4."),
        (r"^conv4\.", "port.head."),
    )

    def build(self, scale: int) -> nn.Module:
        return EspcnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        ported, own = "port.head.weight" in state, "head.weight" in state
        begin = "port." if ported else ""
        names = [f"{begin}{name}" for name in ("body.0", "body.2", "body.4", "head")] if ported or own else []
        *layers, (channels, _, last) = sizes.chain(state, names)
        if len(layers) not in (2, 3) or layers[0][1] != 1 or last != 3:
            raise WeightsError("these are not three or four convolutions from luma to sub-pixels", sizes.HINT)
        scale = sizes.shuffled(channels, 1)
        body = tuple((n_out, side) for n_out, _, side in layers)

        def build(scale: int) -> nn.Module:
            network = EspcnNet(scale, body, "replicate" if own else "zeros")
            return Ported(network) if ported else network

        sides = "-".join(str(side) for _, side in (*body, (channels, last)))
        return Sized(
            (scale,), build, f"{sides}, {', '.join(str(width) for width, _ in body[:-1])} and {body[-1][0]} channels"
        )
