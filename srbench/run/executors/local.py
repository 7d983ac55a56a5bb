"""Workers on this machine, each computing on one thread.

On a CPU under Linux several workers are forked processes: they inherit decoded images and loaded networks without a
copy, and Python code of one does not hold up the others. On a GPU, on other systems, and where one worker is enough
they are threads of this process; then what a task defers is done while the next task goes on.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl
import torch

from srbench.imaging.memory import keep_memory
from srbench.run.executors.base import Batches, Executor, Group, Stop, Workers, completed, compute

if TYPE_CHECKING:
    from srbench.run.plan import CellTask
    from srbench.run.worker import CellWorker

_PR_SET_PDEATHSIG = 1

_inherited: CellWorker | None = None  # of a forked process


def local(workers: int, device: torch.device) -> Executor:
    """The executor for ``workers`` workers on this machine."""
    forked = sys.platform == "linux" and device.type == "cpu" and workers > 1
    if not forked or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return Inline(workers)
    return Forked(workers)


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
    would change scores."""

    workers: int = 1

    def run(self, worker: CellWorker, tasks: Iterator[CellTask], total: int, stop: Stop) -> Batches:
        with (
            ThreadPoolExecutor(1, "srbench-deferred", torch.set_num_threads, (1,)) as deferred,
            ThreadPoolExecutor(self.workers, "srbench", torch.set_num_threads, (1,)) as threads,
        ):

            def submit(group: Sequence[CellTask]) -> Future[Group]:
                return threads.submit(compute, worker.begin, group, deferred.submit)

            yield from completed(Workers(self.workers, total, submit, lambda: None), tasks, stop)


@dataclass(frozen=True)
class Forked:
    """Processes that inherit what ``worker`` has loaded; tasks and results are sent."""

    workers: int

    def run(self, worker: CellWorker, tasks: Iterator[CellTask], total: int, stop: Stop) -> Batches:
        context = multiprocessing.get_context("fork")
        processes = ProcessPoolExecutor(min(self.workers, total or 1), context, _begin, (worker,))

        def submit(group: Sequence[CellTask]) -> Future[Group]:
            with warnings.catch_warnings():
                # The first call forks. Other threads (a progress bar, BLAS) hold nothing that the workers use.
                warnings.simplefilter("ignore", DeprecationWarning)
                return processes.submit(_compute, group)

        leaving = threading.Thread(target=processes.shutdown, kwargs={"cancel_futures": True})
        try:
            yield from completed(Workers(self.workers, total, submit, leaving.start), tasks, stop)
        finally:
            if leaving.ident is None:
                leaving.start()
            leaving.join()


def _begin(worker: CellWorker) -> None:
    global _inherited
    _inherited = worker
    gc.freeze()  # a collection that looks at inherited objects would copy their memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends the run in order
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left behind when that is killed
    keep_memory()
    torch.set_num_threads(1)


def _compute(group: Sequence[CellTask]) -> Group:
    if _inherited is None:
        raise RuntimeError("this process is no worker of a run")
    return compute(_inherited.begin, group, lambda finish: finish())
