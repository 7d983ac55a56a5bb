"""Learned perceptual image patch similarity (Zhang et al., The unreasonable effectiveness of deep features as a
perceptual metric, 2018), version 0.1.

The linear layers come from the package ``lpips``; the backbones are torchvision's, trained on ImageNet, whose weights
are looked for on this machine and never replaced by anything else.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from srbench.errors import UnavailableError
from srbench.metrics.base import Metric
from srbench.metrics.features import FeatureDistance
from srbench.weights.backbones import ALEXNET, SQUEEZENET, VGG16, Backbone, Features, find, require_published
from srbench.weights.files import load_state

_SHIFT = (-0.030, -0.088, -0.188)  # of the package's scaling layer: ImageNet's mean and deviation, for [-1, 1]
_SCALE = (0.458, 0.448, 0.450)
_TINY = 1e-10  # as in the package


@dataclass(frozen=True)
class Layers:
    """A backbone, and the layers whose outputs are compared."""

    net: str  # as the package calls it
    backbone: Backbone
    ends: tuple[int, ...]  # ``features`` is cut behind these layers
    min_size: int  # smaller images leave nothing to a layer


BACKBONES = {
    "alex": Layers("alex", ALEXNET, (2, 5, 8, 10, 12), 31),
    "squeeze": Layers("squeeze", SQUEEZENET, (2, 5, 8, 10, 11, 12, 13), 17),
    "vgg": Layers("vgg", VGG16, (4, 9, 16, 23, 30), 16),
}


def find_weights(layers: Layers) -> Path:
    """The weight file of a backbone; raises UnavailableError with the command that brings it."""
    path = find(layers.backbone)
    if path is None:
        raise UnavailableError(*layers.backbone.missing)
    return path


class Network(Features):
    """The features of a backbone, layer by layer, and the weight of each channel.

    Raises:
        UnavailableError: the package ``lpips`` is not installed.
        WeightsError: a weight file is damaged, or has missing or extra tensors, or some of another shape;
            or is not the file that torchvision's name for it says.
    """

    def __init__(self, layers: Layers, path: Path) -> None:
        super().__init__(layers.backbone, path)
        require_published(self.audit)
        self.paths = (path,)
        self._ends = layers.ends
        for i, weight in enumerate(_linear(layers.net)):
            self.register_buffer(f"linear{i}", weight, persistent=False)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE).view(3, 1, 1), persistent=False)

    def describe(self, rgb: Tensor) -> list[Tensor]:
        """Features of an image, each pixel's channels scaled to unit length.

        Args:
            rgb: (3, H, W) on the 0..255 scale.

        Returns:
            one (C, h * w) float32 per layer.
        """
        x = (((rgb.to(torch.float32) / 127.5 - 1) - self.get_buffer("shift")) / self.get_buffer("scale"))[None]
        result, start = [], 0
        for end in self._ends:
            x = self.features[start:end](x)
            start = end
            flat = x[0].flatten(1)
            length = torch.linalg.vector_norm(flat, dim=0)
            result.append(flat / (length + _TINY))
        return result

    def distance(self, sr: Sequence[Tensor], hr: Sequence[Tensor]) -> Tensor:
        """LPIPS from the features of :meth:`describe`, a scalar."""
        layers = [
            (a - b).square_().mean(dim=1) @ self.get_buffer(f"linear{i}")
            for i, (a, b) in enumerate(zip(sr, hr, strict=True))
        ]
        return torch.stack(layers).sum()


def _linear(net: str) -> list[Tensor]:
    """The channel weights of every layer, (C,) each, from the files inside the package ``lpips``. The package itself
    is not imported: only these files are needed of it, and its import takes seconds."""
    found = importlib.util.find_spec("lpips")
    if found is None or found.origin is None:
        raise UnavailableError("the package 'lpips' is not installed", "get it with: pip install lpips")
    state, _ = load_state(Path(found.origin).parent / "weights" / "v0.1" / f"{net}.pth")
    return [state[f"lin{i}.model.1.weight"].flatten() for i in range(len(BACKBONES[net].ends))]


class Lpips(FeatureDistance[Network]):
    """LPIPS with one backbone."""

    def __init__(self, layers: Layers) -> None:
        super().__init__(f"lpips-{layers.net}")
        self.layers = layers

    def load(self) -> Network:
        return Network(self.layers, find_weights(self.layers))


def _metric(name: str, lpips: Lpips) -> Metric:
    return Metric(
        name=name,
        title=f"LPIPS ({lpips.layers.backbone.title})",
        version=1,
        higher_is_better=False,
        unit="",
        bounds=(0.0, float("inf")),
        digits=4,
        needs=("sr_rgb", "hr_rgb"),
        compute=lpips,
        min_size=lpips.layers.min_size,
        prepare=lpips.prepare,
        files=lpips.files,
        source="Zhang et al., CVPR 2018, version 0.1",
    )


ALEX, SQUEEZE, VGG = (Lpips(BACKBONES[net]) for net in ("alex", "squeeze", "vgg"))
LPIPS = _metric("lpips", ALEX)
LPIPS_SQUEEZE = _metric("lpips-squeeze", SQUEEZE)
LPIPS_VGG = _metric("lpips-vgg", VGG)
