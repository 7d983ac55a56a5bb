"""ESPCN: three convolutions at LR size, then the channels are rearranged into HR pixels (sub-pixel convolution).

Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
Network, CVPR 2016 (arXiv:1609.05158). tanh, as in the paper, which found it better than ReLU on the 91 images. Starts
as interpolation (:mod:`srbench.training.start`), beside filters strong enough for tanh to bend: with torch's own small
weights the network stays a linear filter for thousands of steps.
"""

import torch
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.start import carry, interpolate

GAIN = 3.0  # standard deviation of the first layer's weights: edges of a tenth of the range reach where tanh bends
PASSING = 0.1  # what the image is multiplied by on its way through the activations


class EspcnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W)."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        # Borders are replicated: training shaves its patches, so the network never learns what to make of zeros.
        first = nn.Conv2d(1, 64, 5, padding=2, padding_mode="replicate")
        second = nn.Conv2d(64, 32, 3, padding=1, padding_mode="replicate")
        self.body = nn.Sequential(first, nn.Tanh(), second, nn.Tanh())
        self.head = nn.Conv2d(32, scale**2, 3, padding=1, padding_mode="replicate")
        self.shuffle = nn.PixelShuffle(scale)
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

    def build(self, scale: int) -> nn.Module:
        return EspcnNet(scale)
