"""What blind degradations draw for each image: blur kernels, resampling and noise.

Images are (3, h, w) double on the 0..255 scale. Everything is computed in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from srbench.degradation.kernels import Kernel
from srbench.degradation.steps import convolved
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.color import full_range, round_half_up

Resampling = Literal["area", "bilinear", "bicubic"]
RESAMPLINGS: tuple[Resampling, ...] = get_args(Resampling)
Range = tuple[float, float]


def uniform(rng: np.random.Generator, span: Range) -> float:
    return float(rng.uniform(*span))


def chosen(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """A number from 0, each as likely as its share."""
    bounds = np.cumsum(shares) / math.fsum(shares)
    return min(int(np.searchsorted(bounds, rng.random(), side="right")), len(shares) - 1)


# -- kernels -------------------------------------------------------------------------------------------------------


def bell(size: int, sigmas: tuple[float, float], angle: float, beta: float = 1.0) -> Kernel:
    """A generalised Gaussian exp(-q**beta / 2), sum 1, of q = x' S**-1 x; ``beta`` 1 is the Gaussian.

    Args:
        size: pixels a side, odd.
        sigmas: along the axes of S, before it is turned by ``angle``.
    """
    return _normalised(np.exp(-0.5 * _distance(size, sigmas, angle) ** beta))


def plateau(size: int, sigmas: tuple[float, float], angle: float, beta: float) -> Kernel:
    """1 / (1 + q**beta), sum 1, of q as in :func:`bell`."""
    return _normalised(1 / (1 + _distance(size, sigmas, angle) ** beta))


def sinc(size: int, cutoff: float) -> Kernel:
    """The ideal circular low-pass of ``cutoff`` radians per pixel, cut to ``size``, sum 1: w J1(w r) / (2 pi r)."""
    y, x = _offsets(size)
    radius = np.hypot(x, y)
    middle = radius == 0
    safe = np.where(middle, 1.0, radius)
    bessel = torch.special.bessel_j1(torch.from_numpy(cutoff * safe)).numpy()
    return _normalised(np.where(middle, cutoff**2 / (4 * math.pi), cutoff * bessel / (2 * math.pi * safe)))


def _offsets(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = np.arange(size) - (size - 1) / 2
    return at[:, None] + np.zeros(size), at[None, :] + np.zeros((size, 1))


def _distance(size: int, sigmas: tuple[float, float], angle: float) -> NDArray[np.float64]:
    y, x = _offsets(size)
    along, across = math.cos(angle) * x + math.sin(angle) * y, math.cos(angle) * y - math.sin(angle) * x
    squared: NDArray[np.float64] = (along / sigmas[0]) ** 2 + (across / sigmas[1]) ** 2
    return squared


def _normalised(kernel: NDArray[np.float64]) -> Kernel:
    result: Kernel = kernel / kernel.sum()
    return result


def blurred(x: Tensor, kernel: Kernel) -> Tensor:
    """Convolved, the image mirrored at its borders."""
    return convolved(x, kernel, "reflect")


# -- resampling ----------------------------------------------------------------------------------------------------


def resampled(x: Tensor, size: tuple[int, int], kind: Resampling) -> Tensor:
    """Resized as torch's ``interpolate`` does: no antialiasing, and 'area' is the mean over whole pixels."""
    if tuple(x.shape[-2:]) == size:
        return x
    return functional.interpolate(x[None], size=size, mode=kind)[0]


def resized(x: Tensor, size: tuple[int, int], kind: Resampling) -> Tensor:
    """Resized as OpenCV's ``resize`` does, whose 'area' weighs pixels by the part of them that is covered."""
    if kind != "area":
        return resampled(x, size, kind)
    return _covering(x.shape[-1], size[1], -1).apply(_covering(x.shape[-2], size[0], -2).apply(x))


def _covering(length: int, out_length: int, dim: Dim) -> Axis:
    ratio = length / out_length
    start = np.arange(out_length) * ratio
    index = np.floor(start + 1e-9).astype(np.int64)[:, None] + np.arange(math.ceil(ratio) + 1)
    covered = np.minimum(index + 1, start[:, None] + ratio) - np.maximum(index, start[:, None])
    weight = np.clip(covered, 0, None)
    return Axis.of(length, weight / weight.sum(axis=1, keepdims=True), np.minimum(index, length - 1), dim)


# -- noise ---------------------------------------------------------------------------------------------------------


def white(x: Tensor, rng: np.random.Generator, sigma: float, grey: bool) -> Tensor:
    """White Gaussian noise (3, h, w) of ``sigma``, the same on all channels if ``grey``."""
    shape = (1 if grey else x.shape[0], *x.shape[1:])
    return torch.from_numpy(rng.normal(0.0, sigma, shape)).expand(x.shape)


def correlated(x: Tensor, rng: np.random.Generator, sigma: float) -> Tensor:
    """Gaussian noise (3, h, w) whose channels go together: its covariance is sigma**2 |U' D U|, U an orthogonal matrix
    and D a diagonal one with random entries of 0..1."""
    diagonal = rng.random(3)
    basis = np.linalg.svd(rng.random((3, 3)))[0]
    covariance = sigma**2 * np.abs(basis.T @ np.diag(diagonal) @ basis)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors @ np.diag(np.sqrt(np.clip(values, 0, None))) @ vectors.T  # the one that no sign decides
    drawn = torch.from_numpy(rng.normal(size=(3, *x.shape[1:])))
    return torch.einsum("ij,jhw->ihw", torch.from_numpy(root), drawn)


def photons(x: Tensor, rng: np.random.Generator, peak: float | None, grey: bool) -> Tensor:
    """Photon noise (3, h, w) of an image rounded to 8 bits.

    Args:
        peak: photons of white; None: the power of two at or above the number of values that the image has.
        grey: that of its grey image, the same on all channels.
    """
    levels = round_half_up(full_range(x)[None] if grey else x)
    if peak is None:
        peak = 2.0 ** math.ceil(math.log2(len(torch.unique(levels))))
    drawn = torch.from_numpy(rng.poisson(levels.numpy() * (peak / 255)).astype(np.float64))
    return (drawn * (255 / peak) - levels).expand(x.shape)
