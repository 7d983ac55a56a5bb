"""Memory of tensors: where it comes from on a CPU, that it is used again, and whether it ran out."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# glibc's M_TRIM_THRESHOLD, M_TOP_PAD (bytes) and M_MMAP_MAX. By default a tensor's memory goes back to the system when
# it is done with, and the next one's has to be mapped and zeroed page by page: a fifth of the time of a fast cell, and
# a quarter of the time of a network whose features take more than 32 MB.
_KEEP_MEMORY = ((-1, 1 << 30), (-2, 16 << 20), (-4, 0))
_NUMPYS = {torch.float32: np.float32, torch.float64: np.float64}
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_cpu")


def keep_memory() -> None:
    """For the rest of this process, keep freed memory for the next tensors. For processes that are ours alone."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # other C libraries, such as musl, do without
        for parameter, value in _KEEP_MEMORY:
            libc.mallopt(parameter, value)


def empty_like(x: Tensor, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """A contiguous tensor on the device of ``x``, by default of its shape and type; nothing is in it.

    On a CPU its memory is numpy's. Torch's own is aligned to 64 bytes, and of that the C library (glibc 2.36) finds
    little again: over the cells of some images the memory of a process grew to four times of what is in use at once.
    """
    shape, dtype = x.shape if shape is None else shape, dtype or x.dtype
    if x.device.type == "cpu" and dtype in _NUMPYS:
        return torch.from_numpy(np.empty(shape, _NUMPYS[dtype]))
    return torch.empty(shape, dtype=dtype, device=x.device)


def converted(x: Tensor, dtype: torch.dtype) -> Tensor:
    """``x`` itself if it is of that type, else a copy in memory as :func:`empty_like` takes it."""
    return x if x.dtype == dtype else empty_like(x, dtype=dtype).copy_(x)


def out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out. Torch raises a plain RuntimeError for it on a CPU."""
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(part in text for part in _OUT_OF_MEMORY)
