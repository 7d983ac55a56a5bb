"""Networks trained on ImageNet whose features are looked through: torchvision's, with weights from this machine.

LPIPS compares images in their features, and so do content losses. Only ``features`` is used of a network, never its
classifier; the weights are looked for and never replaced by anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from srbench import paths
from srbench.errors import WeightsError
from srbench.weights.files import LoadAudit, load_into

MEAN, DEVIATION = (
    (0.485, 0.456, 0.406),
    (0.229, 0.224, 0.225),
)  # of ImageNet's images in [0, 1]


@dataclass(frozen=True)
class Backbone:
    """A torchvision network, and the names of its weight files."""

    title: str
    builder: str  # in torchvision.models
    files: tuple[str, ...]  # names or patterns: features alone, then torchvision's own
    fetched: bool = False  # ``srbench fetch weights`` brings it

    @property
    def missing(self) -> tuple[str, str]:
        """What to say where it is nowhere, and how to get it."""
        where = "put the file into a folder of $SRBENCH_WEIGHTS"
        # torchvision downloads and keeps what it is asked for.
        build = f"from torchvision.models import get_model; get_model('{self.builder}', weights='DEFAULT')"
        hint = "get them with: srbench fetch weights" if self.fetched else f'get them with: python -c "{build}"'
        return (
            f"no {self.title} weights ({self.files[0]} or torchvision's {self.files[1]}) on this machine",
            f"{hint}, or {where}",
        )


ALEXNET = Backbone("AlexNet", "alexnet", ("alexnet_features.safetensors", "alexnet-owt-*.pth"), fetched=True)
SQUEEZENET = Backbone(
    "SqueezeNet 1.1", "squeezenet1_1", ("squeezenet1_1_features.safetensors", "squeezenet1_1-*.pth"), fetched=True
)
VGG16 = Backbone("VGG-16", "vgg16", ("vgg16_features.safetensors", "vgg16-*.pth"))
VGG19 = Backbone("VGG-19", "vgg19", ("vgg19_features.safetensors", "vgg19-*.pth"))
ALL = (ALEXNET, SQUEEZENET, VGG16, VGG19)


def folders() -> list[Path]:
    """Where backbone weights are looked for: ``$SRBENCH_WEIGHTS``, the cache, torchvision's cache."""
    return [*paths.weights(), Path(torch.hub.get_dir()) / "checkpoints"]


def find(backbone: Backbone) -> Path | None:
    """The weight file of a backbone; None if it is nowhere."""
    for folder in folders():
        for pattern in backbone.files:
            found = sorted(folder.glob(pattern)) if folder.is_dir() else []
            if found:
                return found[0]
    return None


def require_published(audit: LoadAudit) -> None:
    """Raise WeightsError for a file with torchvision's name for it, which ends in the first digits of its SHA-256, that
    has another hash."""
    digits = re.search(r"-([0-9a-f]{8})\.pth$", audit.path.name)
    if digits and not audit.sha256.startswith(digits[1]):
        raise WeightsError(
            f"'{audit.path}' has sha256 {audit.sha256[:16]}..., not {digits[1]}...: these are other weights",
            "replace it by torchvision's file",
        )


class Features(nn.Module):
    """The layers ``features`` of a backbone, frozen, in eval mode, each with an output of its own (no ReLU in place).

    Raises:
        ModuleNotFoundError: torchvision is not installed.
        WeightsError: the file is damaged, or has missing or extra tensors, or some of another shape.
    """

    def __init__(self, backbone: Backbone, path: Path) -> None:
        super().__init__()
        import torchvision

        with torch.device("meta"):  # nothing is drawn at random for weights that are loaded at once
            whole = getattr(torchvision.models, backbone.builder)(weights=None)
        self.features = whole.features.to_empty(device="cpu")
        self.audit: LoadAudit = load_into(self, path, ignore="classifier.")
        for layer in self.features.modules():
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # the features stay whole whatever comes behind them
        self.eval().requires_grad_(False)
