"""Validation PSNR on held-out training images, measured by the evaluation's own code under the classic protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from srbench.degradation.named import Bicubic
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.reference import bicubic, mean_psnr
from srbench.method.base import Method, MethodCard, MethodContext
from srbench.protocol.base import CLASSIC
from srbench.training.data import Colour, Picture

LIMIT = 240  # side of the centre crop that is measured: a larger part costs time and tells little more


class _Network(Method):
    """A network in training as a method that is fed ``colour``."""

    card = MethodCard(name="in-training", title="in training", year=0, family="", paper="", colour="luma")

    def __init__(self, network: nn.Module, colour: Colour) -> None:
        self.network = network
        self.card = replace(type(self).card, colour=colour)  # type: ignore[misc]  # of this network alone

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return cast(Tensor, self.network(lr))


class Validation:
    """The held-out images at every scale that is trained.

    A network of ``colour`` rgb sees the RGB images; measured is Y, as for the others, so that the values compare.
    """

    def __init__(self, pictures: Sequence[Picture], scales: Sequence[int], colour: Colour = "luma") -> None:
        self._colour = colour
        self.hash = hashlib.sha256("".join(sorted(p.hash for p in pictures)).encode()).hexdigest()[:16]
        self._examples = {scale: [self._example(p, scale) for p in pictures] for scale in scales}

    def _example(self, picture: Picture, scale: int) -> Example:
        height, width = (min(n, LIMIT) // scale * scale for n in picture.pixels.shape[:2])
        top, left = ((n - m) // 2 for n, m in zip(picture.pixels.shape[:2], (height, width), strict=True))
        pixels = picture.pixels[top : top + height, left : left + width]
        return Example(HrImage(pixels, CLASSIC), scale, Bicubic())

    def psnr(self, network: nn.Module, scale: int, device: torch.device) -> float:
        """Mean PSNR (dB) of ``network`` at ``scale``; the network is put back into the mode it was in."""
        was_training = network.training
        network.eval()
        try:
            method = _Network(network, self._colour)
            method.prepare(scale, MethodContext(device))
            return mean_psnr(method, self._examples[scale])
        finally:
            network.train(was_training)

    def with_weights(
        self, networks: Mapping[int, nn.Module], weights: Mapping[str, Tensor], device: torch.device
    ) -> dict[int, float]:
        """Mean PSNR (dB) at each scale with ``weights`` in place of the networks' own, which are put back."""
        shared = next(iter(networks.values()))
        own = {key: value.clone() for key, value in shared.state_dict().items()}
        try:
            shared.load_state_dict(weights)
            return {scale: self.psnr(network, scale, device) for scale, network in networks.items()}
        finally:
            shared.load_state_dict(own)

    def bicubic(self, scale: int) -> float:
        """Mean PSNR (dB) of bicubic interpolation of Y on the same images."""
        return mean_psnr(bicubic(), self._examples[scale])
