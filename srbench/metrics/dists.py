"""Deep image structure and texture similarity (Ding, Ma, Wang and Simoncelli, Image quality assessment: unifying
structure and texture similarity, arXiv:2004.07728).

The features are those of torchvision's VGG-16, with its maxima replaced by L2 pooling; what each channel counts for
comes in a file of the authors, which the package torchmetrics carries and ``srbench fetch weights`` brings. Both are
looked for on this machine, and a file of another hash is refused.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from srbench.errors import UnavailableError, WeightsError
from srbench.metrics import iqa
from srbench.metrics.base import Metric
from srbench.metrics.features import FeatureDistance
from srbench.weights import backbones, pinned
from srbench.weights.files import load_state
from srbench.weights.known import DISTS as WEIGHTS

_ENDS = (4, 9, 16, 23, 30)  # each stage of VGG-16 but the first begins with a pooling
_CHANNELS = (3, 64, 128, 256, 512, 512)  # of the image itself, and of the stages
_C1 = _C2 = 1e-6


@dataclass(frozen=True)
class Described:
    """One layer of an image: (C,) means and variances, and (C, H * W) what is left without the mean."""

    mean: Tensor
    variance: Tensor
    centred: Tensor


class Network(backbones.Features):
    """VGG-16 with L2 pooling, and the weight of each channel.

    Raises:
        WeightsError: a weight file is damaged or another one, or has missing or extra tensors.
    """

    def __init__(self, backbone: Path, weights: Path) -> None:
        super().__init__(backbones.VGG16, backbone)
        backbones.require_published(self.audit)
        WEIGHTS.require(weights)
        self.paths = (backbone, weights)
        for name, value in zip(("alpha", "beta"), _channel_weights(weights), strict=True):
            self.register_buffer(name, value, persistent=False)
        window = torch.tensor([1.0, 2.0, 1.0])  # Hann's
        window = window[:, None] * window
        self.register_buffer("window", window / window.sum(), persistent=False)
        self.register_buffer("mean", torch.tensor(backbones.MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(backbones.DEVIATION).view(3, 1, 1), persistent=False)

    def describe(self, rgb: Tensor) -> list[Described]:
        """The image and the five stages behind their last ReLU.

        Args:
            rgb: (3, H, W) on the 0..255 scale.
        """
        return [_described(layer) for layer in self._layers(rgb.to(torch.float32) / 255)]

    def _layers(self, image: Tensor) -> Iterator[Tensor]:
        yield image
        x = ((image - self.get_buffer("mean")) / self.get_buffer("deviation"))[None]
        start = 0
        for end in _ENDS:
            x = self.features[start:end](x)
            yield x[0]
            if end < _ENDS[-1]:
                x = self._pooled(x)
                start = end + 1

    def _pooled(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        window = self.get_buffer("window").expand(channels, 1, 3, 3)
        return functional.conv2d(x * x, window, stride=2, padding=1, groups=channels).add_(1e-12).sqrt_()

    def distance(self, sr: list[Described], hr: list[Described]) -> Tensor:
        """DISTS from what :meth:`describe` returns, a scalar."""
        texture, structure = [], []
        for x, y in zip(sr, hr, strict=True):
            covariance = (x.centred * y.centred).mean(dim=1)
            texture.append((2 * x.mean * y.mean + _C1) / (x.mean**2 + y.mean**2 + _C1))
            structure.append((2 * covariance + _C2) / (x.variance + y.variance + _C2))
        alpha, beta = self.get_buffer("alpha"), self.get_buffer("beta")
        similarity = alpha @ torch.cat(texture) + beta @ torch.cat(structure)
        return 1 - similarity / (alpha.sum() + beta.sum())


def _described(layer: Tensor) -> Described:
    flat = layer.flatten(1)
    mean = flat.mean(dim=1)
    centred = flat - mean[:, None]
    return Described(mean, centred.square().mean(dim=1), centred)


def _channel_weights(path: Path) -> tuple[Tensor, Tensor]:
    """alpha (of means) and beta (of covariances), (1475,) each."""
    state, _ = load_state(path)
    found = [state[name].flatten().to(torch.float32) for name in ("alpha", "beta") if name in state]
    if [len(value) for value in found] != [sum(_CHANNELS)] * 2:
        raise WeightsError(
            f"'{path}' has not two numbers for each of {sum(_CHANNELS)} channels", "get DISTS's own file"
        )
    return found[0], found[1]


def find_weights() -> Path:
    """The file of channel weights: in a folder of weights, in the package torchmetrics, in pyiqa's cache.

    Raises:
        UnavailableError: it is nowhere.
    """
    elsewhere = [iqa.cache() / WEIGHTS.name]
    package = importlib.util.find_spec("torchmetrics")
    if package is not None and package.origin is not None:
        elsewhere.append(Path(package.origin).parent / "functional" / "image" / "dists_models" / "weights.pt")
    found = WEIGHTS.find(elsewhere)
    if found is None:
        raise UnavailableError(
            f"no channel weights of DISTS ({WEIGHTS.name}) on this machine",
            "get them with: srbench fetch weights, or: pip install torchmetrics",
        )
    return found


class Dists(FeatureDistance[Network]):
    def load(self) -> Network:
        backbone = backbones.find(backbones.VGG16)
        if backbone is None:
            raise UnavailableError(*backbones.VGG16.missing)
        return Network(backbone, find_weights())


DISTS = Dists("dists")
METRIC = Metric(
    name="dists",
    title="DISTS",
    version=pinned.version(1, [WEIGHTS.sha256]),
    higher_is_better=False,
    unit="",
    bounds=(0.0, float("inf")),
    digits=4,
    needs=("sr_rgb", "hr_rgb"),
    compute=DISTS,
    prepare=DISTS.prepare,
    files=DISTS.files,
    source="Ding et al., arXiv:2004.07728",
)
