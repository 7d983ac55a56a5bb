"""The degradations on which networks for unknown inputs are trained: of Real-ESRGAN and of BSRGAN.

Each draws another chain for every image, from the seed and the image alone, so that here they mean one set of images.
What is drawn, in which order and from which ranges are the published facts; the code is srbench's own, and JPEG files
are Pillow's, of whole qualities.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
import PIL
import torch
from torch import Tensor

from srbench.degradation import drawn
from srbench.degradation.drawn import RESAMPLINGS, Range, chosen, uniform
from srbench.degradation.kernels import Kernel, gaussian
from srbench.degradation.photographs import through_jpeg
from srbench.degradation.step import LinearMap, Step, as_type_of
from srbench.errors import NotSupportedError
from srbench.imaging.resize import imresize
from srbench.scale import reduced

_Size = tuple[int, int]


class _Drawn(Step):
    """A whole chain that is drawn for each image."""

    random = True
    on_rgb = True
    has_operator = False

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        planes = x.to(device="cpu", dtype=torch.float64).expand(*x.shape[:-3], 3, *x.shape[-2:]) if x.ndim > 2 else None
        if planes is None or planes.ndim != 3:
            raise NotSupportedError(
                f"{self.key.partition('=')[0]} takes one image (3, H, W)", "see docs/degradations.md"
            )
        made = self.draw(planes, self.size(x.shape[-2], x.shape[-1], scale), scale, rng)
        return as_type_of(made[: x.shape[-3]].to(x.device), x)

    def draw(self, x: Tensor, size: _Size, scale: float, rng: np.random.Generator) -> Tensor:
        """The LR image (3, *size) of an HR image ``x`` (3, H, W), double, 0..255."""
        raise NotImplementedError

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return reduced(height, scale), reduced(width, scale)

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        raise NotSupportedError(
            "which chain was drawn for an image is not known, so there is no operator to invert",
            "use a chain of your own",
        )

    def noise_sigma(self) -> None:
        return None

    def symmetric(self, scale: float) -> bool:
        return True  # a mirrored image is drawn as likely


def _key(name: str, ranges: object) -> str:
    return f"{name}={hashlib.sha256(repr(ranges).encode()).hexdigest()[:16]},pillow-{PIL.__version__}"


# -- Real-ESRGAN ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """One of the two passes of Real-ESRGAN's degradation. Sigmas of kernels in pixels, of noise in grey levels."""

    blur: float = 1.0  # how likely it is to blur
    kernel_sigma: Range = (0.2, 3.0)
    resize: tuple[float, float, float] = (0.2, 0.7, 0.1)  # how likely up, down and keep are
    factor: Range = (0.15, 1.5)
    noise_sigma: Range = (1.0, 30.0)
    photons: Range = (0.05, 3.0)  # by which photon noise is multiplied


@dataclass(frozen=True)
class RealEsrganRanges:
    """Wang, Xie, Dong and Shan, Real-ESRGAN, ICCV Workshops 2021; the values of options/train_realesrgan_x4plus.yml."""

    first: Order = field(default_factory=Order)
    second: Order = Order(0.8, (0.2, 1.5), (0.3, 0.4, 0.3), (0.3, 1.2), (1.0, 25.0), (0.05, 2.5))
    sides: tuple[int, ...] = tuple(range(7, 22, 2))  # of kernels
    # Gaussian, generalised Gaussian and plateau, each round, then stretched and turned.
    kernels: tuple[float, ...] = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)
    sinc: float = 0.1  # how likely a sinc kernel is in place of these
    generalised: Range = (0.5, 4.0)  # exponents
    plateau: Range = (1.0, 2.0)
    gaussian_noise: float = 0.5  # how likely; else photon noise
    grey_noise: float = 0.4
    quality: tuple[int, int] = (30, 95)
    last_sinc: float = 0.8


class RealEsrgan(_Drawn):
    """Blur, resize, noise and JPEG, twice; the second JPEG comes before or after the resize to the LR image and a sinc
    kernel.

    HR images are not sharpened first, as they are in training.
    """

    def __init__(self, ranges: RealEsrganRanges | None = None) -> None:
        self.ranges = ranges or RealEsrganRanges()
        self.key = _key("realesrgan", self.ranges)

    def draw(self, x: Tensor, size: _Size, scale: float, rng: np.random.Generator) -> Tensor:
        ranges = self.ranges
        x = self._pass(x, tuple(x.shape[-2:]), ranges.first, rng)
        x = self._jpeg(x, rng)
        x = self._pass(x, size, ranges.second, rng)
        jpeg_last = rng.random() < 0.5
        x = x if jpeg_last else self._jpeg(x, rng)
        x = drawn.resampled(x, size, RESAMPLINGS[rng.integers(3)])
        if rng.random() < ranges.last_sinc:
            x = drawn.blurred(x, drawn.sinc(int(rng.choice(ranges.sides)), uniform(rng, (math.pi / 3, math.pi))))
        return self._jpeg(x, rng) if jpeg_last else x

    def _pass(self, x: Tensor, size: tuple[int, ...], order: Order, rng: np.random.Generator) -> Tensor:
        """Blur, a resize to about ``size`` and noise."""
        if rng.random() < order.blur:
            x = drawn.blurred(x, self._kernel(order.kernel_sigma, rng))
        low, high = order.factor
        factor = (uniform(rng, (1, high)), uniform(rng, (low, 1)), 1.0)[chosen(rng, order.resize)]
        sides = [max(1, int(length * factor)) for length in size]
        x = drawn.resampled(x, (sides[0], sides[1]), RESAMPLINGS[rng.integers(3)])
        grey = rng.random() < self.ranges.grey_noise
        if rng.random() < self.ranges.gaussian_noise:
            noise = drawn.white(x, rng, uniform(rng, order.noise_sigma), grey)
        else:
            strength = uniform(rng, order.photons)
            noise = strength * drawn.photons(x, rng, None, grey)
        return (x + noise).clamp(0, 255)

    def _kernel(self, sigma: Range, rng: np.random.Generator) -> Kernel:
        ranges = self.ranges
        side = int(rng.choice(ranges.sides))
        if rng.random() < ranges.sinc:
            return drawn.sinc(side, uniform(rng, (math.pi / (3 if side < 13 else 5), math.pi)))
        kind, turned = divmod(chosen(rng, ranges.kernels), 2)
        along = uniform(rng, sigma)
        across, angle = (uniform(rng, sigma), uniform(rng, (-math.pi, math.pi))) if turned else (along, 0.0)
        low, high = ((1.0, 1.0), ranges.generalised, ranges.plateau)[kind]
        beta = uniform(rng, (low, 1.0) if rng.random() < 0.5 else (1.0, high))
        return (drawn.plateau if kind == 2 else drawn.bell)(side, (along, across), angle, beta)

    def _jpeg(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        low, high = self.ranges.quality
        return through_jpeg(x, int(rng.integers(low, high + 1)), "420")


# -- BSRGAN --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BsrganRanges:
    """Zhang, Liang, Van Gool and Timofte, Designing a practical degradation model for deep blind image
    super-resolution, ICCV 2021; the values of its authors' code, utils_blindsr.py."""

    halved: float = 0.25  # how likely an image is halved first, at x4
    sides: tuple[int, ...] = tuple(range(7, 26, 2))  # of kernels
    round_sigma: tuple[float, float] = (2.0, 0.2)  # the largest: the first, and the second for each scale
    stretched_variance: tuple[float, float] = (4.0, 1.0)
    resized: float = 0.75  # how likely the first shrinking is a resize; else a blur and decimation
    decimated_sigma: tuple[float, float] = (0.1, 0.6)  # the least, and the largest for each scale
    noise_sigma: tuple[int, int] = (2, 25)  # whole numbers
    jpeg: float = 0.9
    quality: tuple[int, int] = (30, 95)


class Bsrgan(_Drawn):
    """Two blurs, two resizes, noise and JPEG in a random order, the second resize after the first; then JPEG again.

    The camera's own noise, which takes a model of a camera, is left out, as in its authors' code without one.
    """

    def __init__(self, ranges: BsrganRanges | None = None) -> None:
        self.ranges = ranges or BsrganRanges()
        self.key = _key("bsrgan", self.ranges)

    def draw(self, x: Tensor, size: _Size, scale: float, rng: np.random.Generator) -> Tensor:
        ranges = self.ranges
        if scale == 4 and rng.random() < ranges.halved:
            half = max(1, x.shape[-2] // 2), max(1, x.shape[-1] // 2)
            kind = int(rng.integers(6))  # half of the time MATLAB's bicubic
            x = drawn.resized(x, half, RESAMPLINGS[kind]) if kind < 3 else imresize(x, size=half)
            x, scale = x.clamp(0, 255), 2
        order = [int(step) for step in rng.permutation(6)]
        first, second = sorted((order.index(2), order.index(3)))
        order[first], order[second] = 2, 3
        for step in order:
            if step < 2:
                x = drawn.blurred(x, self._kernel(scale, rng))
            elif step == 2:
                x = self._shrunk(x, scale, rng)
            elif step == 3:
                x = drawn.resized(x, size, RESAMPLINGS[rng.integers(3)]).clamp(0, 255)
            elif step == 4:
                x = self._noisy(x, rng)
            elif rng.random() < ranges.jpeg:
                x = self._jpeg(x, rng)
        return self._jpeg(x, rng)

    def _kernel(self, scale: float, rng: np.random.Generator) -> Kernel:
        ranges = self.ranges
        side = int(rng.choice(ranges.sides))
        if rng.random() < 0.5:
            most = ranges.stretched_variance[0] + ranges.stretched_variance[1] * scale
            along, across = (math.sqrt(max(most * rng.random(), 1e-6)) for _ in range(2))
            return drawn.bell(side, (along, across), math.pi * rng.random())
        return gaussian(side, max((ranges.round_sigma[0] + ranges.round_sigma[1] * scale) * rng.random(), 1e-3))

    def _shrunk(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        if rng.random() < self.ranges.resized or scale != int(scale):
            factor = uniform(rng, (1, 2 * scale))
            sides = [max(1, int(length / factor)) for length in x.shape[-2:]]
            return drawn.resized(x, (sides[0], sides[1]), RESAMPLINGS[rng.integers(3)]).clamp(0, 255)
        least, most = self.ranges.decimated_sigma
        taps = gaussian(25, uniform(rng, (least, most * scale))).sum(axis=0)
        # Moved so that pixel 0 of each stands for the middle of the pixels that become one.
        moved = np.interp(np.clip(np.arange(25) + (scale - 1) / 2, 0, 24), np.arange(25), taps)
        stride = int(scale)
        return drawn.blurred(x, np.outer(moved, moved) / moved.sum() ** 2)[:, ::stride, ::stride].clamp(0, 255)

    def _noisy(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        low, high = self.ranges.noise_sigma
        sigma, kind = int(rng.integers(low, high + 1)), rng.random()
        if 0.4 <= kind <= 0.6:
            return (x + drawn.correlated(x, rng, high)).clamp(0, 255)
        return (x + drawn.white(x, rng, sigma, kind < 0.4)).clamp(0, 255)

    def _jpeg(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        low, high = self.ranges.quality
        return through_jpeg(x, int(rng.integers(low, high + 1)), "420")
