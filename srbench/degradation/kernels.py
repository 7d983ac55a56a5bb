"""Blur kernels: Gaussian ones, and those that a user brings in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srbench.errors import SrbenchError, hint_for, reason_of

_SAVE = "save one with numpy.save"
_SUM_TOLERANCE = 1e-4
_SEPARABLE = 1e-9  # second singular value of a kernel against its first

Kernel = NDArray[np.float64]


def gaussian(size: int, sigma: float) -> Kernel:
    """MATLAB's ``fspecial('gaussian', size, sigma)``, (size, size), sum 1."""
    offset = np.arange(size) - (size - 1) / 2
    taps = np.exp(-(offset**2) / (2 * sigma**2))
    kernel: Kernel = np.outer(taps, taps) / taps.sum() ** 2
    return kernel


def read_kernel(path: Path) -> Kernel:
    """The blur kernel in a .npy file.

    Raises:
        SrbenchError: no such file, not a two-dimensional array of finite numbers, an even number of rows or columns
            (it would have no middle), a sum other than 1 (it would change the brightness), or values so large that
            rounding alone decides what they sum to.
    """
    try:
        with path.open("rb") as stream:  # NumPy leaves it open where the header is wrong
            kernel = np.load(stream, allow_pickle=False)
    except OSError as error:
        reason = error.strerror or "not a .npy file"
        raise SrbenchError(f"cannot read kernel '{path}' ({reason})", hint_for(error, _SAVE)) from error
    except Exception as error:  # NumPy evaluates the header, and raises whatever that does
        raise SrbenchError(
            f"'{path}' is not a .npy file of numbers ({reason_of(error)})", hint_for(error, _SAVE)
        ) from error
    if not isinstance(kernel, np.ndarray) or kernel.ndim != 2 or kernel.dtype.kind not in "iuf" or not kernel.size:
        shape = getattr(kernel, "shape", "several arrays")
        raise SrbenchError(f"kernel '{path}' is no two-dimensional array of numbers ({shape})", "save one array (h, w)")
    with np.errstate(over="ignore"):  # of a wider type: infinite, then
        kernel = kernel.astype(np.float64)
    if not np.isfinite(kernel).all():
        raise SrbenchError(f"kernel '{path}' has NaN or infinite values", "fix it")
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        size = "x".join(map(str, kernel.shape))
        raise SrbenchError(
            f"kernel '{path}' is {size}: an even size has no middle", "pad it to odd numbers of rows, columns"
        )
    with np.errstate(over="ignore"):
        total, magnitude = kernel.sum(), np.abs(kernel).sum()
    if magnitude * np.finfo(np.float64).eps > _SUM_TOLERANCE and not np.all(kernel >= 0):
        largest = np.abs(kernel).max()
        raise SrbenchError(
            f"kernel '{path}' has values of up to {largest:.6g}, beside which a sum of 1 is lost in rounding", "fix it"
        )
    if not abs(total - 1) <= _SUM_TOLERANCE:
        raise SrbenchError(f"kernel '{path}' sums to {total:.6g}, not 1", "divide it by its sum")
    return kernel


def factors(kernel: Kernel) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """A column and a row whose product the kernel is; None if it is not separable."""
    left, singular, right = np.linalg.svd(kernel)
    if singular[1:].max(initial=0.0) > _SEPARABLE * singular[0]:
        return None
    # The sign of a singular vector is free; the sums of both must be positive.
    rows, columns = left[:, 0] / left[:, 0].sum(), right[0] / right[0].sum()
    return tuple(rows * kernel.sum()), tuple(columns)
