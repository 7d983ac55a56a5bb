"""Which workers there are on this machine, each computing on one thread: processes, or threads of this process.

On a CPU under Linux several workers are forked processes: they inherit decoded images and loaded networks without a
copy, and Python code of one does not hold up the others. Where one is enough, on a GPU and on other systems they are
threads of this process, unless it is to be safe from what is computed: a method that crashes ends the process that it
is in. Then a GPU's worker is a process that is spawned, for what CUDA has in memory cannot be inherited. Of
several GPUs each has such a process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl
import torch

from srbench.machine import visible_as
from srbench.run.executors.base import Batches, Executor, Group, Workers, completed, compute
from srbench.run.executors.processes import Processes
from srbench.run.stopping import Stop

if TYPE_CHECKING:
    from srbench.run.plan import CellTask
    from srbench.run.worker import CellWorker


def local(
    workers: int,
    devices: Sequence[torch.device],
    *,
    apart: bool = False,
    timeout: float | None = None,
) -> Executor:
    """The executor for ``workers`` workers on this machine.

    Args:
        devices: that are computed on: one, or several GPUs, of which each has a process of its own that sees no other.
        apart: whether a worker must be another process than this one.
        timeout: seconds that a cell may take; those that take longer can only be ended in another process.
    """
    apart, device = apart or timeout is not None, devices[0]
    if len(devices) > 1:
        return Processes(len(devices), spawned=True, timeout=timeout, gpus=tuple(map(visible_as, devices)))
    if can_fork(device) and (apart or workers > 1):
        return Processes(workers, timeout=timeout)
    return Processes(workers, spawned=True, timeout=timeout) if apart else Inline(workers)


def can_fork(device: torch.device) -> bool:
    """Whether workers can be made at no cost, by inheriting what this process has in memory."""
    return sys.platform == "linux" and device.type == "cpu" and not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]


@contextmanager
def single_threaded() -> Iterator[None]:
    """Numerical libraries compute on one thread inside, so that scores do not depend on the number of workers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Inline:
    """Threads of this process, by default one. Not the caller's own, whose settings for torch (autocast, gradients)
    would change scores. What a task defers is done while the next task goes on."""

    workers: int = 1

    def run(self, worker: CellWorker, tasks: Iterator[CellTask | None], total: int, stop: Stop) -> Batches:
        deferred = ThreadPoolExecutor(1, "srbench-deferred", torch.set_num_threads, (1,))
        threads = ThreadPoolExecutor(self.workers, "srbench", torch.set_num_threads, (1,))

        def submit(group: Sequence[CellTask]) -> Future[Group]:
            return threads.submit(compute, worker.begin, group, deferred.submit)

        try:
            yield from completed(Workers(self.workers, total, submit, lambda: None), tasks, stop)
        finally:
            for pool in (threads, deferred):
                pool.shutdown(wait=not stop.at_once, cancel_futures=stop.at_once)
