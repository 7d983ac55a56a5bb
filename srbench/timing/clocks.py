"""Clocks that time one call, and the memory that a call takes.

On CUDA device events enclose the call, and nothing waits for the device inside them. On the CPU
it is the timer of ``torch.utils.benchmark`` with a pinned number of threads.
"""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

import torch


class Clock(Protocol):
    """Times one call, in seconds."""

    def __call__(self, call: Callable[[], object]) -> float: ...


class CpuClock:
    """The timer of ``torch.utils.benchmark``, on a pinned number of threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __call__(self, call: Callable[[], object]) -> float:
        benchmark = _benchmark()
        with benchmark.set_torch_threads(self.threads):
            start = benchmark.timer()
            call()
            return float(benchmark.timer() - start)


class CudaClock:
    """Device events around the call. The device is idle before, and waited for only after the second event."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __call__(self, call: Callable[[], object]) -> float:
        with torch.cuda.device(self.device):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            torch.cuda.synchronize(self.device)
            start.record()
            call()
            end.record()
            torch.cuda.synchronize(self.device)
            return float(start.elapsed_time(end)) / 1000


def peak_memory(call: Callable[[], object], device: torch.device) -> int | None:
    """Bytes that a call takes above what was there, from the CUDA allocator; None on the CPU, which has none."""
    if device.type != "cuda":
        return None
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    call()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device)) - before


@functools.cache
def _benchmark() -> Any:
    # Where there is a CUDA toolkit without a device, the import warns of it; nothing here compiles extensions.
    logger = logging.getLogger("torch.utils.cpp_extension")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return importlib.import_module("torch.utils.benchmark")
    finally:
        logger.setLevel(level)
