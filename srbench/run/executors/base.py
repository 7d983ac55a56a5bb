"""What computes the tasks of a run, and the loop that all executors share: it hands tasks out in groups, delivers
results as they are done, and stops softly."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from srbench.errors import MethodError

if TYPE_CHECKING:
    from srbench.run.plan import CellResult, CellTask
    from srbench.run.worker import CellWorker

_T = TypeVar("_T")
Batches: TypeAlias = "Generator[list[tuple[CellTask, CellResult]], None, None]"


class Executor(Protocol):
    """Where tasks are computed, ``workers`` at a time. The store is written by the process that calls it alone."""

    @property
    def workers(self) -> int: ...

    def run(self, worker: CellWorker, tasks: Iterator[CellTask], total: int, stop: Stop) -> Batches:
        """Tasks with their results, as they are done; when the generator is closed, its workers are gone.

        Args:
            worker: has loaded what the tasks need. Where it cannot be inherited, its ``context`` is sent instead, and
                a worker is made of that.
            tasks: taken as workers are free; at most ``total``.

        Raises:
            KeyboardInterrupt: after a stop, when all that was under way has been delivered.
            MethodError: a worker died.
        """
        ...


@dataclass(frozen=True)
class Deferred:
    """What a task still has to do, and its result then, when the next task need not wait for it."""

    finish: Callable[[], Any]


Group = tuple[list[Any], float]  # results of the first tasks of a group, with the seconds that they took


@dataclass(frozen=True)
class Workers:
    """``count`` workers for at most ``tasks`` tasks. ``submit`` hands out a group of tasks, of which at least the first
    is done; ``leave`` says that nothing more will come, and does not wait until the workers are gone."""

    count: int
    tasks: int
    submit: Callable[[Sequence[Any]], Future[Group]]
    leave: Callable[[], None]


DELIVER_EVERY = 0.2  # seconds between deliveries of results that are done faster than that
# Fast tasks are handed out several at a time, for handing out costs as much as one, and neighbours share what they make
# of an image: as many as should take this long. A worker that has spent it returns what is done and leaves the rest to
# whoever is free. Slow ones are handed out one by one: in order, so that what one task leaves in memory is there for
# the next.
_GROUP, _GROUP_SECONDS = 6, 0.1
_AHEAD = 3  # groups for each worker: one at work, one that may be a canary's, over at once, and one that waits


def compute(begin: Callable[[_T], Any], group: Sequence[_T], defer: Callable[[Callable[[], Any]], Any]) -> Group:
    """Results of the first tasks of ``group``, and the seconds; ``defer`` is given what a task has deferred."""
    done: list[Any] = []
    start = time.monotonic()
    for task in group:
        result = begin(task)
        done.append(defer(result.finish) if isinstance(result, Deferred) else result)
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

    Only where Ctrl-C would raise KeyboardInterrupt otherwise: not where it is ignored, not outside of the main thread.
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


def completed(workers: Workers, tasks: Iterator[_T], stop: Stop) -> Iterator[list[tuple[_T, Any]]]:
    """Tasks with their results as they are done by the workers, which leave then; fast ones come several at once.

    Few are under way at a time, so a stop is quick: those are still delivered before KeyboardInterrupt is raised.

    Raises:
        MethodError: a worker process died (a crash in compiled code, or no memory left).
    """
    running: dict[Future[Group], list[_T]] = {}
    returned: deque[_T] = deque()  # by workers whose time was over
    batch: list[tuple[_T, Any]] = []
    last = time.monotonic()
    tasks_done, their_seconds, left = 0, 0.0, workers.tasks
    while True:
        in_time = _GROUP_SECONDS * tasks_done / max(their_seconds, 1e-9)
        while not stop.pressed and len(running) < _AHEAD * workers.count:
            # Smaller to the end, where nobody is to have much to do when the others have nothing.
            at_once = int(max(min(in_time, _GROUP, left / (_AHEAD * workers.count)), 1))
            group = [returned.popleft() for _ in range(min(at_once, len(returned)))]
            group += islice(tasks, at_once - len(group))
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
                batch += zip(group, done, strict=False)
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


def _settled(batch: list[tuple[_T, Any]]) -> list[tuple[_T, Any]]:
    """Waits for what was deferred."""
    return [(task, result.result() if isinstance(result, Future) else result) for task, result in batch]
