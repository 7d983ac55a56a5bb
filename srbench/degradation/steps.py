"""The steps that degradations are made of."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from srbench.degradation.grammar import Border, Phase, number
from srbench.degradation.kernels import Kernel, factors, gaussian
from srbench.degradation.resampling import Down
from srbench.degradation.step import LinearMap, Step, as_type_of
from srbench.errors import SrbenchError
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.resize import Downsampler, imresize


class BicubicDown(Down):
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``; uint8 is rounded after each pass, which reproduces the published
    LR_bicubic images."""

    def __init__(self) -> None:
        super().__init__("bicubic")

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        if scale == int(scale):
            return imresize(x, 1 / scale)
        return imresize(x, size=self.size(x.shape[-2], x.shape[-1], scale))


class Blur(Step):
    """Convolution with a kernel.

    Args:
        kernel: (h, w). An even side has no middle pixel: such a kernel needs ``phase``.
        key: what identifies the kernel; by default a hash of it.
        phase: keep one pixel of every scale in both directions, as :class:`Subsample` does; None: keep all. With an
            even kernel, 'centre' puts its middle onto that of the pixels that become one, at even scales; 'first'
            half a pixel below and right of pixel 0, as MATLAB's ``imfilter`` does.
        border: beyond which the pixels at the border are repeated, or the image is mirrored there.
    """

    def __init__(self, kernel: Kernel, key: str = "", phase: Phase | None = None, border: Border = "replicate") -> None:
        self.kernel, self.phase, self.border = kernel, phase, border
        self.key = key or f"kernel={mark(kernel)}{'' if border == 'replicate' else f',{border}'}"
        self._taps = factors(kernel)

    @classmethod
    def gaussian(cls, size: int, sigma: float, border: Border = "replicate") -> Blur:
        """By MATLAB's ``fspecial('gaussian', size, sigma)``, in pixels."""
        key = f"gaussian={size},{number(sigma)}{'' if border == 'replicate' else f',{border}'}"
        return cls(gaussian(size, sigma), key, border=border)

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        return as_type_of(self.operator(x.shape[-2], x.shape[-1], scale)(x.to(torch.float64)), x)

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return (height // int(scale), width // int(scale)) if self.phase else (height, width)

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        self.require_scale(scale)
        stride, phase = int(scale) if self.phase else 1, self.phase or "centre"
        if self._taps is None:
            return lambda x: convolved(x, self.kernel, self.border, stride, phase)
        rows, columns = self._taps
        return Downsampler(
            _blurred_axis(height, stride, rows, phase, self.border, -2),
            _blurred_axis(width, stride, columns, phase, self.border, -1),
        )

    def require_scale(self, scale: float) -> None:
        even = any(side % 2 == 0 for side in self.kernel.shape)
        if even and self.phase is None:
            raise SrbenchError(
                f"{self.key}: an even kernel has no middle pixel", "let Subsample follow, which says where it lies"
            )
        if self.phase:
            require_whole(scale)
        if even and self.phase == "centre" and scale % 2:
            raise SrbenchError(
                f"{self.key}: an even kernel has no pixel in the middle of {scale}x{scale}",
                "use an odd kernel, an even scale, or down:nearest:first",
            )

    def symmetric(self, scale: float) -> bool:
        k = self.kernel
        same = k.shape[0] == k.shape[1] and all(np.allclose(k, other) for other in (k[::-1], k[:, ::-1], k.T))
        return same and (self.phase is None or _in_the_middle(scale, k.shape[0], self.phase))

    def fused(self, following: Step) -> Step | None:
        if isinstance(following, Subsample) and self.phase is None:
            return Blur(self.kernel, f"{self.key}>{following.key}", following.phase, self.border)
        return None


class Subsample(Step):
    """One pixel of every scale in both directions.

    Args:
        phase: 'centre' is MATLAB's ``imresize(x, 1/scale, 'nearest')``: the middle one at odd scales; at even ones the
            lower right of the middle four, so the LR grid then lies half an HR pixel off. 'first' is pixel 0.
    """

    def __init__(self, phase: Phase = "centre") -> None:
        self.phase = phase
        self.key = "subsample" if phase == "centre" else f"subsample,{phase}"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        require_whole(scale)
        height, width = self.size(x.shape[-2], x.shape[-1], scale)
        first, stride = _origin(scale, 1, self.phase), int(scale)
        return x[..., first::stride, first::stride][..., :height, :width].contiguous()

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        return height // int(scale), width // int(scale)

    def operator(self, height: int, width: int, scale: float) -> Downsampler:
        self.require_scale(scale)
        rows = _blurred_axis(height, int(scale), (1.0,), self.phase, "replicate", -2)
        return Downsampler(rows, _blurred_axis(width, int(scale), (1.0,), self.phase, "replicate", -1))

    def require_scale(self, scale: float) -> None:
        require_whole(scale)

    def symmetric(self, scale: float) -> bool:
        return _in_the_middle(scale, 1, self.phase)


class GaussianNoise(Step):
    """White Gaussian noise of ``sigma`` grey levels; uint8 is clipped and rounded.

    Args:
        grey: the same on all channels; else on every channel its own.
    """

    random = True

    def __init__(self, sigma: float, grey: bool = False) -> None:
        self.sigma, self.grey = sigma, grey
        self.key = f"noise={number(sigma)}{',grey' if grey else ''}"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        shape = (*x.shape[:-3], 1, *x.shape[-2:]) if self.grey and x.ndim > 2 else tuple(x.shape)
        noise = torch.from_numpy(rng.normal(0.0, self.sigma, shape)).to(x.device)
        return as_type_of(x.to(torch.float64) + noise, x)

    def noise_sigma(self) -> float:
        return self.sigma

    def symmetric(self, scale: float) -> bool:
        return True  # its mean, which is all that methods can know


def mark(kernel: Kernel) -> str:
    """16 hex digits over a kernel's size and values."""
    return hashlib.sha256(str(kernel.shape).encode() + kernel.tobytes()).hexdigest()[:16]


def require_whole(scale: float) -> None:
    """Raise SrbenchError unless one pixel of so many can be kept."""
    if scale != int(scale):
        raise SrbenchError(f"one pixel of {scale} cannot be kept", "use whole scales, or a 'down' of another kind")


def _in_the_middle(scale: float, side: int, phase: Phase) -> bool:
    """Whether a kernel of ``side`` pixels lies in the middle of the pixels that become one."""
    return scale == 1 or (phase == "centre" and scale % 2 == side % 2)


def _origin(stride: float, side: int, phase: Phase) -> int:
    """Of the first ``stride`` pixels that at which a kernel lies: its middle, of an even one the pixel before that."""
    if phase == "first" or stride == 1:
        return 0
    return int(stride) // 2 if side % 2 else int(stride) // 2 - 1


def _within(at: NDArray[np.int64], length: int, border: Border) -> NDArray[np.int64]:
    """Indices that may lie beyond the border as indices of the pixels that stand there."""
    if border == "replicate" or length == 1:
        return np.clip(at, 0, length - 1)
    at = at % (2 * length - 2)
    return np.minimum(at, 2 * length - 2 - at)


@lru_cache(maxsize=256)
def _blurred_axis(length: int, stride: int, taps: tuple[float, ...], phase: Phase, border: Border, dim: Dim) -> Axis:
    side = len(taps)
    start = np.arange(length // stride) * stride + _origin(stride, side, phase) - (side - 1) // 2
    index = _within(start[:, None] + np.arange(side), length, border)
    weight = np.broadcast_to(np.array(taps[::-1]), index.shape)  # a convolution: the kernel is mirrored
    return Axis.of(length, weight.copy(), index.astype(np.int64), dim)


def convolved(
    hr: Tensor, kernel: Kernel, border: Border = "replicate", stride: int = 1, phase: Phase = "centre"
) -> Tensor:
    """A floating image (..., H, W) convolved with ``kernel``, of which one pixel of every ``stride`` is kept."""
    weight = torch.from_numpy(kernel[::-1, ::-1].copy()).to(hr)[None, None]
    sides = [length // stride for length in hr.shape[-2:]]
    padded = hr.reshape(-1, 1, *hr.shape[-2:])
    for dim, outputs, side in zip((-2, -1), sides, kernel.shape, strict=True):
        start = _origin(stride, side, phase) - (side - 1) // 2
        index = _within(start + np.arange((outputs - 1) * stride + side), hr.shape[dim], border)
        padded = padded.index_select(dim, torch.from_numpy(index).to(hr.device))
    return functional.conv2d(padded, weight, stride=stride).reshape(*hr.shape[:-2], *sides)
