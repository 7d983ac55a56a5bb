"""Content and texture losses: distances between the features that a network trained on ImageNet sees in SR and in HR.

Plain feature distances, by name: a recipe's ``loss`` may hold them beside the pieces of :mod:`srbench.training.losses`.
The learned weights of LPIPS are not among them, nor is the network that LPIPS judges with by default (AlexNet): no
method is trained on its judge. The layers of ``squeeze`` and ``texture`` are the first three of the metric
``lpips-squeeze``, which is therefore no judge of what was trained on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError, WeightsError
from srbench.training.losses import PIECES, Batch, content, texture
from srbench.weights import backbones
from srbench.weights.backbones import SQUEEZENET, VGG19, Backbone


@dataclass(frozen=True)
class FeatureLoss:
    """Which layers of which network are compared, each multiplied by its factor."""

    title: str
    backbone: Backbone
    ends: tuple[int, ...]  # ``features`` is cut behind these layers
    factors: tuple[float, ...]
    min_size: int  # smaller images leave nothing to a layer
    distance: Callable[[Tensor, Tensor, Callable[[Tensor], Sequence[Tensor]]], Tensor] = content


FEATURES = {
    # SRGAN (Ledig et al. 2017), section 2.2.1: the j-th convolution before the i-th pooling, after its activation;
    # section 3.2: feature maps scaled by 1/12.75, which makes the loss comparable with the MSE of pixels.
    "vgg22": FeatureLoss("VGG-19, conv2_2 after ReLU", VGG19, (9,), (1 / 12.75,), 2),
    "vgg54": FeatureLoss("VGG-19, conv5_4 after ReLU", VGG19, (36,), (1 / 12.75,), 16),
    # conv1, fire3 and fire5, half, a quarter and an eighth of the image's size. Every pixel is seen, but with weights
    # that differ over the lattice of the strides, and patterns of period 2 hardly: a recipe's feature_shift and
    # feature_doubled mend that (srbench.training.views). The factors are one over the root mean
    # square of each layer's output on the 91 images of T91, so that none drowns the others.
    "squeeze": FeatureLoss(
        "SqueezeNet 1.1, conv1, fire3 and fire5", SQUEEZENET, (2, 5, 8), (1.0, 1 / 4.3, 1 / 15.2), 17
    ),
    "texture": FeatureLoss(
        "SqueezeNet 1.1, Gram matrices of conv1, fire3 and fire5",
        SQUEEZENET,
        (2, 5, 8),
        (1.0, 1 / 4.3, 1 / 15.2),
        17,
        texture,
    ),
}


class FeatureNetwork(backbones.Features):
    """Images to the features of a :class:`FeatureLoss`.

    Raises:
        WeightsError: the weight file is missing or does not fit; names the losses that need none.
        TrainingError: torchvision is not installed.
    """

    def __init__(self, loss: FeatureLoss) -> None:
        path = backbones.find(loss.backbone)
        if path is None:
            places = ", ".join(str(folder) for folder in backbones.folders())
            raise WeightsError(
                f"no {loss.backbone.title} weights: neither {' nor '.join(loss.backbone.files)} in {places}",
                f"put torchvision's file into one of them; {without_weights()}",
            )
        try:
            super().__init__(loss.backbone, path)
        except ModuleNotFoundError as error:
            raise TrainingError(
                f"the loss on {loss.backbone.title} features needs torchvision, which is not installed",
                f"install it; {without_weights()}",
            ) from error
        self.loss = loss
        self.features = cast(nn.Sequential, self.features)[: max(loss.ends)]
        self.register_buffer("mean", torch.tensor(backbones.MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(backbones.DEVIATION).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, C, H, W) in [0, 1], C 3 or 1 (a grey image is three equal channels), to one (N, c, h, w) a layer.

        Raises:
            TrainingError: the images are too small for the layers.
        """
        side = min(images.shape[-2:])
        if side < self.loss.min_size:
            raise TrainingError(
                f"a patch of {side} pixels is too small for {self.loss.title} features, which need at least "
                f"{self.loss.min_size}",
                "take larger patches with --set patch=N, or a smaller --set shave=N",
            )
        x = (images.expand(-1, 3, -1, -1) - self.get_buffer("mean")) / self.get_buffer("deviation")
        found, start = [], 0
        for end, factor in zip(self.loss.ends, self.loss.factors, strict=True):
            x = self.features[start:end](x)
            start = end
            found.append(factor * x)
        return found


def feature_losses(names: Iterable[str], device: torch.device) -> dict[str, Callable[[Batch], Tensor]]:
    """The pieces for those of ``names`` that look at features, their networks loaded on ``device``."""
    return {name: _piece(FeatureNetwork(FEATURES[name]).to(device)) for name in names if name in FEATURES}


def _piece(network: FeatureNetwork) -> Callable[[Batch], Tensor]:
    return lambda batch: network.loss.distance(batch.sr, batch.hr, network)


def without_weights() -> str:
    return f"losses that need no weights: {', '.join(PIECES)}, adversarial"
