"""How an LR image is made from the HR image: y = (x * k) downsampled + n, by name.

bicubic          MATLAB's imresize; nearly every published table
blur-down        Gaussian blur 7x7, sigma 1.6, then every third pixel: the literature's BD, at x3
bicubic-noise    bicubic, then Gaussian noise of sigma 30: the literature's DN, there at x3
kernel:FILE.npy  blur by a kernel of one's own, then every scale-th pixel
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from srbench.errors import SrbenchError, UnknownNameError
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.color import to_uint8
from srbench.imaging.resize import Downsampler, axis, imresize

KERNEL = "kernel:"  # what the name of a degradation by a user's kernel begins with
_SUM_TOLERANCE = 1e-4
_SEPARABLE = 1e-9  # second singular value of a kernel against its first

LinearMap = Callable[[Tensor], Tensor]  # HR (..., H, W) to LR (..., H/scale, W/scale), floating


class Degradation(Protocol):
    """A named way to make LR images. ``key`` holds all that decides its output (version, kernel, seed)."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        """HR (..., H, W), uint8 or floating on the 0..255 scale, to LR (..., H/scale, W/scale) of the same type."""
        ...

    def operator(self, height: int, width: int, scale: int) -> LinearMap:
        """The linear part of the map for an HR image of that size: a
        :class:`srbench.imaging.resize.Downsampler` where the kernel is separable."""
        ...

    def require_scale(self, scale: int) -> None:
        """Raise SrbenchError unless the degradation is defined at ``scale``."""
        ...

    def symmetric(self, scale: int) -> bool:
        """Whether mirroring or turning the HR image mirrors or turns the LR image."""
        ...


@dataclass(frozen=True)
class Bicubic:
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``: the degradation of nearly every published table.

    uint8 in gives uint8 out, rounded after each pass, which reproduces the published LR_bicubic images.
    """

    name: str = "bicubic"
    version: int = 1

    @cached_property
    def key(self) -> str:
        return f"{self.name}/v{self.version}"

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        return imresize(hr, 1 / scale)

    def operator(self, height: int, width: int, scale: int) -> Downsampler:
        return Downsampler(
            axis(height, height // scale, 1 / scale, -2),
            axis(width, width // scale, 1 / scale, -1),
        )

    def require_scale(self, scale: int) -> None: ...

    def symmetric(self, scale: int) -> bool:
        return True


@dataclass(frozen=True)
class BicubicNoise:
    """Bicubic, then white Gaussian noise on every channel: DN of the literature (sigma 30, at x3).

    The noise is drawn from ``seed`` and the HR image's own values: the same for every method and in every order of
    the images, another one for each image. uint8 in gives uint8 out, clipped and rounded.
    """

    name: str = "bicubic-noise"
    sigma: float = 30.0
    seed: int = 0
    version: int = 1

    @cached_property
    def key(self) -> str:
        return f"{self.name}/v{self.version}/sigma={self.sigma:g}/seed={self.seed}"

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        lr = imresize(hr, 1 / scale)
        digest = hashlib.sha256(f"{self.seed}/{scale}/".encode())
        digest.update(np.ascontiguousarray(hr.cpu().numpy()).data)
        generator = np.random.default_rng(int.from_bytes(digest.digest()[:16]))
        noise = torch.from_numpy(generator.normal(0.0, self.sigma, tuple(lr.shape))).to(lr.device)
        noisy = lr.to(torch.float64) + noise
        return to_uint8(noisy) if hr.dtype == torch.uint8 else noisy.to(hr.dtype)

    def operator(self, height: int, width: int, scale: int) -> Downsampler:
        return Bicubic().operator(height, width, scale)

    def require_scale(self, scale: int) -> None: ...

    def symmetric(self, scale: int) -> bool:
        return True  # of the linear part, which is what methods know


class Blur:
    """Convolution with a kernel, borders replicated, then one pixel of every ``scale`` in both directions.

    The pixel is MATLAB's ``imresize(x, 1/scale, 'nearest')``: the middle one for odd scales; for even ones the lower
    right of the middle four, so the LR grid then lies half an HR pixel off.
    uint8 in gives uint8 out, rounded once.
    """

    def __init__(self, name: str, key: str, kernel: NDArray[np.float64], scales: tuple[int, ...] | None = None) -> None:
        self.name, self.key, self.scales = name, key, scales
        self.kernel = kernel
        left, singular, right = np.linalg.svd(kernel)
        self._taps: tuple[tuple[float, ...], tuple[float, ...]] | None = None
        if singular[1:].max(initial=0.0) <= _SEPARABLE * singular[0]:
            # The sign of a singular vector is free; the sums of both must be positive.
            rows, columns = left[:, 0] / left[:, 0].sum(), right[0] / right[0].sum()
            self._taps = tuple(rows * kernel.sum()), tuple(columns)

    def __call__(self, hr: Tensor, scale: int) -> Tensor:
        lr = self.operator(hr.shape[-2], hr.shape[-1], scale)(hr.to(torch.float64))
        return to_uint8(lr) if hr.dtype == torch.uint8 else lr.to(hr.dtype)

    def operator(self, height: int, width: int, scale: int) -> LinearMap:
        if self._taps is not None:
            rows, columns = self._taps
            return Downsampler(_blurred_axis(height, scale, rows, -2), _blurred_axis(width, scale, columns, -1))
        return lambda hr: _blur_and_pick(hr, self.kernel, scale)

    def require_scale(self, scale: int) -> None:
        if self.scales is not None and scale not in self.scales:
            only = ", ".join(map(str, self.scales))
            raise SrbenchError(f"{self.name} is defined at x{only} alone, not at x{scale}", f"add --scales {only}")

    def symmetric(self, scale: int) -> bool:
        k = self.kernel
        same = k.shape[0] == k.shape[1] and all(np.allclose(k, other) for other in (k[::-1], k[:, ::-1], k.T))
        return same and scale % 2 == 1


@lru_cache(maxsize=256)
def _blurred_axis(length: int, scale: int, taps: tuple[float, ...], dim: Dim) -> Axis:
    centre = np.arange(length // scale) * scale + scale // 2
    reach = len(taps) // 2
    index = np.clip(centre[:, None] + np.arange(-reach, reach + 1), 0, length - 1)
    weight = np.broadcast_to(np.array(taps[::-1]), index.shape)  # a convolution: the kernel is mirrored
    return Axis.of(length, weight.copy(), index.astype(np.int64), dim)


def _blur_and_pick(hr: Tensor, kernel: NDArray[np.float64], scale: int) -> Tensor:
    height, width = hr.shape[-2:]
    weight = torch.from_numpy(kernel[::-1, ::-1].copy()).to(hr)[None, None]
    y, x = kernel.shape[0] // 2, kernel.shape[1] // 2
    planes = hr.reshape(-1, 1, height, width)
    padded = functional.pad(planes, (x, x, y, y), mode="replicate")[..., scale // 2 :, scale // 2 :]
    blurred = functional.conv2d(padded, weight, stride=scale)[..., : height // scale, : width // scale]
    return blurred.reshape(*hr.shape[:-2], height // scale, width // scale)


def gaussian(size: int, sigma: float) -> NDArray[np.float64]:
    """MATLAB's ``fspecial('gaussian', size, sigma)``, (size, size), sum 1."""
    offset = np.arange(size) - (size - 1) / 2
    taps = np.exp(-(offset**2) / (2 * sigma**2))
    kernel: NDArray[np.float64] = np.outer(taps, taps) / taps.sum() ** 2
    return kernel


def read_kernel(path: Path) -> NDArray[np.float64]:
    """The blur kernel in a .npy file.

    Raises:
        SrbenchError: no such file, not a two-dimensional array of finite numbers, an even number of rows or columns
            (it would have no middle), or a sum other than 1 (it would change the brightness).
    """
    try:
        kernel = np.load(path, allow_pickle=False)
    except OSError as error:
        reason = error.strerror or "not a .npy file"
        raise SrbenchError(f"cannot read kernel '{path}' ({reason})", "save one with numpy.save") from error
    except (ValueError, EOFError) as error:
        raise SrbenchError(f"'{path}' is not a .npy file of numbers ({error})", "save one with numpy.save") from error
    if not isinstance(kernel, np.ndarray) or kernel.ndim != 2 or kernel.dtype.kind not in "iuf" or not kernel.size:
        shape = getattr(kernel, "shape", "several arrays")
        raise SrbenchError(f"kernel '{path}' is no two-dimensional array of numbers ({shape})", "save one array (h, w)")
    kernel = kernel.astype(np.float64)
    if not np.isfinite(kernel).all():
        raise SrbenchError(f"kernel '{path}' has NaN or infinite values", "mend it")
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        size = "x".join(map(str, kernel.shape))
        raise SrbenchError(
            f"kernel '{path}' is {size}: an even size has no middle", "pad it to odd numbers of rows, columns"
        )
    if abs(kernel.sum() - 1) > _SUM_TOLERANCE:
        raise SrbenchError(f"kernel '{path}' sums to {kernel.sum():.6g}, not 1", "divide it by its sum")
    return kernel


def _users(spec: str) -> Blur:
    path = Path(spec.removeprefix(KERNEL)).expanduser()
    kernel = read_kernel(path)
    mark = hashlib.sha256(str(kernel.shape).encode() + kernel.tobytes()).hexdigest()[:16]
    name = f"{KERNEL}{path.stem}"
    return Blur(name, f"{name}/v1/{mark}", kernel)


_BLUR_DOWN = Blur("blur-down", "blur-down/v1/gaussian=7,1.6", gaussian(7, 1.6), scales=(3,))
DEGRADATIONS: dict[str, Degradation] = {d.name: d for d in (Bicubic(), _BLUR_DOWN, BicubicNoise())}


def get(name: str, seed: int = 0) -> Degradation:
    """The degradation called ``name``, or the one of ``kernel:FILE.npy``.

    Raises:
        UnknownNameError: no degradation of that name.
        SrbenchError: the kernel's file cannot be used.
    """
    if name.startswith(KERNEL):
        return _users(name)
    if name not in DEGRADATIONS:
        raise UnknownNameError("degradation", name, [*DEGRADATIONS, f"{KERNEL}FILE.npy"])
    found = DEGRADATIONS[name]
    return replace(found, seed=seed) if isinstance(found, BicubicNoise) else found
