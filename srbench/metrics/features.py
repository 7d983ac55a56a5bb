"""Distances between two images in the features of a network, what LPIPS and DISTS share: the network is loaded once per
device, and the features of an HR image are computed once for all SR images that are compared with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from srbench.metrics.base import Comparison

if TYPE_CHECKING:
    from srbench.metrics.base import Reference


class FeatureNetwork(Protocol):
    """What a distance is made of."""

    @property
    def paths(self) -> Sequence[Path]:
        """The files that it was loaded from."""
        ...

    def describe(self, rgb: Tensor) -> Any:
        """Features of an image (3, H, W) on the 0..255 scale."""
        ...

    def distance(self, sr: Any, hr: Any) -> Tensor:
        """A scalar, from what :meth:`describe` returned of both."""
        ...

    def to(self, device: torch.device) -> Any: ...


N = TypeVar("N", bound=FeatureNetwork)


class FeatureDistance(Generic[N]):
    """A metric's ``compute``, ``prepare`` and ``files``. ``key`` names it among what a pair knows of itself."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._networks: dict[torch.device, N] = {}
        self._lock = threading.Lock()
        # Cells come image by image, so each worker (a thread, or a process with one) keeps one image's features.
        self._here = threading.local()

    def load(self) -> N:
        """The network on the CPU; raises UnavailableError or WeightsError."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Load the network; raises as :meth:`load`."""
        self.network(torch.device("cpu"))

    def network(self, device: torch.device) -> N:
        with self._lock:
            if device not in self._networks:
                self._networks[device] = self.load().to(device)
            return self._networks[device]

    def files(self) -> list[Path]:
        return sorted({path for network in self._networks.values() for path in network.paths})

    def forget(self) -> None:
        """Drop the networks, so that the next use looks for weights again."""
        with self._lock:
            self._networks.clear()
        self._here = threading.local()

    def __call__(self, pair: Comparison) -> float:
        return pair.once(self.key, lambda: self._measure(pair))

    def _measure(self, pair: Comparison) -> float:
        network = self.network(pair.sr_rgb.device)
        with torch.inference_mode():
            return float(network.distance(network.describe(pair.sr_rgb), self._reference(network, pair)))

    def _reference(self, network: N, pair: Comparison) -> Any:
        kept: tuple[Reference, N, Any] | None = getattr(self._here, "kept", None)
        if kept is None or kept[0] is not pair.source or kept[1] is not network:
            self._here.kept = kept = (pair.source, network, network.describe(pair.hr_rgb))
        return kept[2]
