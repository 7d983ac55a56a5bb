"""Run independent pieces of work side by side, each on one thread.

On a CPU under Linux the workers are forked processes: they inherit decoded images and loaded networks without a
copy, and Python code of one does not hold up the others. On a GPU and on other systems they are threads.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import threadpoolctl
import torch

from srbench.errors import MethodError

Task = Callable[[], Any]
Submit = Callable[[int], "Future[Any]"]

DELIVER_EVERY = 0.2  # seconds between deliveries of results that are done faster than that
_PR_SET_PDEATHSIG = 1

_tasks: Sequence[Task] = ()  # what forked workers inherit; only an index is sent to them


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


@contextmanager
def start(tasks: Sequence[Task], workers: int, device: torch.device) -> Iterator[Submit]:
    """Workers that know ``tasks``; yields a function that submits one by its index.

    Everything the tasks need must be loaded before. What a task returns must be picklable.
    """
    global _tasks
    forked = sys.platform == "linux" and device.type == "cpu" and workers > 1 and not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    pool: Executor
    if forked:
        pool = ProcessPoolExecutor(min(workers, len(tasks) or 1), multiprocessing.get_context("fork"), _begin)
    else:
        pool = ThreadPoolExecutor(workers, "srbench", torch.set_num_threads, (1,))
    _tasks = tasks

    def submit(index: int) -> Future[Any]:
        with warnings.catch_warnings():
            # The first call forks. Other threads (a progress bar, BLAS) hold nothing that the workers use.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pool.submit(_do, index)

    try:
        yield submit
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _tasks = ()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends the run in order
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left behind when that is killed
    torch.set_num_threads(1)


def _do(index: int) -> Any:
    return _tasks[index]()


def completed(submit: Submit, indices: Iterator[int], workers: int) -> Iterator[list[tuple[int, Any]]]:
    """Indices with their results as they are done; fast ones come several at once.

    Few are under way at a time, so an interrupt is quick: those are still delivered before KeyboardInterrupt is
    raised.

    Raises:
        MethodError: a worker process died (a crash in compiled code, or no memory left).
    """
    running: dict[Future[Any], int] = {}
    batch: list[tuple[int, Any]] = []
    last = time.monotonic()
    interrupt: KeyboardInterrupt | None = None
    while True:
        while interrupt is None and len(running) < 2 * workers and (index := next(indices, None)) is not None:
            running[submit(index)] = index
        if batch and (not running or time.monotonic() - last >= DELIVER_EVERY):
            yield batch
            batch, last = [], time.monotonic()
        if not running:
            break
        try:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                index = running.pop(future)
                batch.append((index, future.result()))
        except KeyboardInterrupt as error:
            interrupt = error
            for future in [future for future in running if future.cancel()]:
                del running[future]
        except BrokenProcessPool as error:
            if batch:
                yield batch
            raise MethodError(
                "a worker process died, by a crash in compiled code or for lack of memory",
                "run again with --threads 1; what was done is kept",
            ) from error
    if interrupt is not None:
        raise interrupt
