"""Run independent pieces of work side by side, each on one thread.

On a CPU under Linux the workers are forked processes: they inherit decoded images and loaded networks without a
copy, and Python code of one does not hold up the others. On a GPU, on other systems, and where one worker is enough
they are threads; then what a task leaves for later (:class:`Later`) is done beside the next task.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import threadpoolctl
import torch

from srbench.errors import MethodError
from srbench.imaging.memory import keep_memory


@dataclass(frozen=True)
class Later:
    """What a task still has to do, and its result then, when the next task need not wait for it."""

    finish: Callable[[], Any]


Task = Callable[[], Any]  # a result, or a Later
Done = list[tuple[int, Any]]  # indices of tasks with their results
Group = tuple[Done, float]  # with the seconds that they took


@dataclass(frozen=True)
class Workers:
    """``count`` workers that know ``tasks`` tasks. ``submit`` hands out tasks by their indices, of which at least the
    first is done; ``leave`` says that nothing more will come, and does not wait until the workers are gone."""

    count: int
    tasks: int
    submit: Callable[[Sequence[int]], Future[Group]]
    leave: Callable[[], None]


DELIVER_EVERY = 0.2  # seconds between deliveries of results that are done faster than that
# Fast tasks are handed out several at a time, for handing out costs as much as one, and neighbours share what they make
# of an image: as many as should take this long. A worker that has spent it returns what is done and leaves the rest to
# whoever is free. Slow ones are handed out one by one: in order, so that what one task leaves in memory is there for
# the next.
_GROUP, _GROUP_SECONDS = 6, 0.1
_AHEAD = 3  # groups for each worker: one at work, one that may be a canary's, over at once, and one that waits
_PR_SET_PDEATHSIG = 1

_tasks: Sequence[Task] = ()  # of a forked worker; only an index is sent to it


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
def start(tasks: Sequence[Task], count: int, device: torch.device) -> Iterator[Workers]:
    """``count`` workers that know ``tasks``; outside of the context they are gone.

    Everything the tasks need must be loaded before. What a task returns must be picklable.
    """
    global _tasks
    forked = sys.platform == "linux" and device.type == "cpu" and count > 1
    if not forked or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        with (
            ThreadPoolExecutor(1, "srbench-later", torch.set_num_threads, (1,)) as beside,
            ThreadPoolExecutor(count, "srbench", torch.set_num_threads, (1,)) as threads,
        ):
            yield Workers(count, len(tasks), lambda group: threads.submit(_do, group, tasks, beside), lambda: None)
        return

    context = multiprocessing.get_context("fork")
    processes = ProcessPoolExecutor(min(count, len(tasks) or 1), context, _begin, (tasks,))

    def submit(group: Sequence[int]) -> Future[Group]:
        with warnings.catch_warnings():
            # The first call forks. Other threads (a progress bar, BLAS) hold nothing that the workers use.
            warnings.simplefilter("ignore", DeprecationWarning)
            return processes.submit(_do, group)

    leaving = threading.Thread(target=processes.shutdown, kwargs={"cancel_futures": True})
    try:
        yield Workers(count, len(tasks), submit, leaving.start)
    finally:
        if leaving.ident is None:
            leaving.start()
        leaving.join()


def _begin(tasks: Sequence[Task]) -> None:
    global _tasks
    _tasks = tasks
    gc.freeze()  # a collection that looks at inherited objects would copy their memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends the run in order
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left behind when that is killed
    keep_memory()
    torch.set_num_threads(1)


def _do(group: Sequence[int], tasks: Sequence[Task] | None = None, beside: Executor | None = None) -> Group:
    """Results of the first tasks of ``group``, and the seconds; with ``beside``, what is left for later goes there."""
    tasks = _tasks if tasks is None else tasks
    done: Done = []
    start = time.monotonic()
    for index in group:
        result = tasks[index]()
        if isinstance(result, Later):
            result = beside.submit(result.finish) if beside else result.finish()
        done.append((index, result))
        if time.monotonic() - start > _GROUP_SECONDS:
            break
    return done, time.monotonic() - start


class Stop:
    """Whether Ctrl-C was pressed."""

    pressed = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Make Ctrl-C set a flag, so that it never hits in the middle of storing a result; a second one raises. The first
    does at the end, if nothing else was raised.

    Only where Ctrl-C would raise KeyboardInterrupt otherwise: not where it is ignored, not beside the main thread.
    """
    stop = Stop()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def press(*_: object) -> None:
        if stop.pressed:
            raise KeyboardInterrupt
        stop.pressed = True

    signal.signal(signal.SIGINT, press)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if stop.pressed:
        raise KeyboardInterrupt


def completed(workers: Workers, indices: Iterator[int], stop: Stop) -> Iterator[Done]:
    """Indices with their results as they are done by the workers, which leave then; fast ones come several at once.

    Few are under way at a time, so a stop is quick: those are still delivered before KeyboardInterrupt is raised.

    Raises:
        MethodError: a worker process died (a crash in compiled code, or no memory left).
    """
    running: dict[Future[Group], list[int]] = {}
    returned: deque[int] = deque()  # by workers whose time was over
    batch: Done = []
    last = time.monotonic()
    tasks_done, their_seconds, left = 0, 0.0, workers.tasks
    while True:
        in_time = _GROUP_SECONDS * tasks_done / max(their_seconds, 1e-9)
        while not stop.pressed and len(running) < _AHEAD * workers.count:
            # Smaller to the end, where nobody is to have much to do when the others have nothing.
            at_once = int(max(min(in_time, _GROUP, left / (_AHEAD * workers.count)), 1))
            group = [returned.popleft() for _ in range(min(at_once, len(returned)))]
            group += islice(indices, at_once - len(group))
            if not group:
                break
            running[workers.submit(group)] = group
            left -= len(group)
        if not running:
            workers.leave()
        if batch and (not running or time.monotonic() - last >= DELIVER_EVERY):
            yield _settled(batch)
            batch, last = [], time.monotonic()
        if not running:
            break
        try:
            # Now and then it looks up, so that a stop does not wait for work that has not begun.
            for future in wait(running, timeout=DELIVER_EVERY, return_when=FIRST_COMPLETED).done:
                group, (done, seconds) = running.pop(future), future.result()
                tasks_done, their_seconds = tasks_done + len(done), their_seconds + seconds
                batch += done
                returned += group[len(done) :]
                left += len(group) - len(done)
        except BrokenProcessPool as error:
            if batch:
                yield _settled(batch)
            raise MethodError(
                "a worker process died, by a crash in compiled code or for lack of memory",
                "run again with --threads 1; what was done is kept",
            ) from error
        if stop.pressed:
            running = {future: group for future, group in running.items() if not future.cancel()}
    if stop.pressed:
        raise KeyboardInterrupt


def _settled(batch: Done) -> Done:
    """Waits for what was left for later."""
    return [(index, result.result() if isinstance(result, Future) else result) for index, result in batch]
