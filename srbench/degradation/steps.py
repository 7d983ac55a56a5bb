"""The steps that degradations are made of."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from srbench.degradation.base import LinearMap, Step, as_type_of
from srbench.degradation.kernels import Kernel, factors, gaussian
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.resize import Downsampler, axis, imresize
from srbench.scale import reduced


class BicubicDown(Step):
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``; uint8 is rounded after each pass, which reproduces the published
    LR_bicubic images."""

    key = "bicubic"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        if scale == int(scale):
            return imresize(x, 1 / scale)
        return imresize(x, size=self.size(x.shape[-2], x.shape[-1], scale))

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return reduced(height, scale), reduced(width, scale)

    def operator(self, height: int, width: int, scale: float) -> Downsampler:
        rows, columns = self.size(height, width, scale)
        if scale == int(scale):
            return Downsampler(axis(height, rows, 1 / scale, -2), axis(width, columns, 1 / scale, -1))
        return Downsampler(axis(height, rows, rows / height, -2), axis(width, columns, columns / width, -1))

    def symmetric(self, scale: float) -> bool:
        return True


class Blur(Step):
    """Convolution with a kernel, borders replicated.

    Args:
        kernel: (h, w), both odd.
        key: what identifies the kernel; by default a hash of it.
        subsampled: keep one pixel of every scale in both directions, as :class:`Subsample` does.
    """

    def __init__(self, kernel: Kernel, key: str = "", subsampled: bool = False) -> None:
        self.kernel, self.subsampled = kernel, subsampled
        self.key = key or f"kernel={mark(kernel)}"
        self._taps = factors(kernel)

    @classmethod
    def gaussian(cls, size: int, sigma: float) -> Blur:
        """By MATLAB's ``fspecial('gaussian', size, sigma)``, in pixels."""
        return cls(gaussian(size, sigma), f"gaussian={size},{sigma:g}")

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        return as_type_of(self.operator(x.shape[-2], x.shape[-1], scale)(x.to(torch.float64)), x)

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return (height // int(scale), width // int(scale)) if self.subsampled else (height, width)

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        stride = int(scale) if self.subsampled else 1
        if self._taps is None:
            return lambda x: _blur_and_pick(x, self.kernel, stride)
        rows, columns = self._taps
        return Downsampler(_blurred_axis(height, stride, rows, -2), _blurred_axis(width, stride, columns, -1))

    def symmetric(self, scale: float) -> bool:
        k = self.kernel
        same = k.shape[0] == k.shape[1] and all(np.allclose(k, other) for other in (k[::-1], k[:, ::-1], k.T))
        return same and (scale % 2 == 1 or not self.subsampled)

    def fused(self, following: Step) -> Step | None:
        if isinstance(following, Subsample) and not self.subsampled:
            return Blur(self.kernel, f"{self.key}>{following.key}", subsampled=True)
        return None


class Subsample(Step):
    """One pixel of every scale in both directions: MATLAB's ``imresize(x, 1/scale, 'nearest')``.

    It is the middle one at odd scales; at even ones the lower right of the middle four, so the LR grid then lies half
    an HR pixel off.
    """

    key = "subsample"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        height, width = self.size(x.shape[-2], x.shape[-1], scale)
        stride = int(scale)
        return x[..., stride // 2 :: stride, stride // 2 :: stride][..., :height, :width].contiguous()

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return height // int(scale), width // int(scale)

    def operator(self, height: int, width: int, scale: float) -> Downsampler:
        return Downsampler(_blurred_axis(height, int(scale), (1.0,), -2), _blurred_axis(width, int(scale), (1.0,), -1))

    def symmetric(self, scale: float) -> bool:
        return scale % 2 == 1


class GaussianNoise(Step):
    """White Gaussian noise of ``sigma`` grey levels on every channel; uint8 is clipped and rounded."""

    random = True

    def __init__(self, sigma: float) -> None:
        self.sigma = sigma
        self.key = f"noise={sigma:g}"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        noise = torch.from_numpy(rng.normal(0.0, self.sigma, tuple(x.shape))).to(x.device)
        return as_type_of(x.to(torch.float64) + noise, x)

    def noise_sigma(self) -> float:
        return self.sigma

    def symmetric(self, scale: float) -> bool:
        return True  # its mean, which is all that methods can know


def mark(kernel: Kernel) -> str:
    """16 hex digits over a kernel's size and values."""
    return hashlib.sha256(str(kernel.shape).encode() + kernel.tobytes()).hexdigest()[:16]


@lru_cache(maxsize=256)
def _blurred_axis(length: int, scale: int, taps: tuple[float, ...], dim: Dim) -> Axis:
    centre = np.arange(length // scale) * scale + scale // 2
    reach = len(taps) // 2
    index = np.clip(centre[:, None] + np.arange(-reach, reach + 1), 0, length - 1)
    weight = np.broadcast_to(np.array(taps[::-1]), index.shape)  # a convolution: the kernel is mirrored
    return Axis.of(length, weight.copy(), index.astype(np.int64), dim)


def _blur_and_pick(hr: Tensor, kernel: Kernel, scale: int) -> Tensor:
    height, width = hr.shape[-2:]
    weight = torch.from_numpy(kernel[::-1, ::-1].copy()).to(hr)[None, None]
    y, x = kernel.shape[0] // 2, kernel.shape[1] // 2
    planes = hr.reshape(-1, 1, height, width)
    padded = functional.pad(planes, (x, x, y, y), mode="replicate")[..., scale // 2 :, scale // 2 :]
    blurred = functional.conv2d(padded, weight, stride=scale)[..., : height // scale, : width // scale]
    return blurred.reshape(*hr.shape[:-2], height // scale, width // scale)
