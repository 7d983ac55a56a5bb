"""What computes the tasks of a run, and the loop that all executors share: it hands tasks out in groups, delivers
results as they are done, tries again what a worker died of, and stops softly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from srbench.errors import MethodError
from srbench.records import CellState, Outcome
from srbench.run.plan import CellResult
from srbench.run.stopping import Stop

if TYPE_CHECKING:
    from srbench.run.plan import CellTask
    from srbench.run.worker import CellWorker

_T = TypeVar("_T")
_END: Any = object()
GROUP = 6  # tasks that are handed out together, if they are fast
Batches: TypeAlias = "Generator[list[tuple[CellTask, CellResult]], None, None]"


class Executor(Protocol):
    """Where tasks are computed, ``workers`` at a time. The store is written by the process that calls it alone."""

    @property
    def workers(self) -> int: ...

    def run(self, worker: CellWorker, tasks: Iterator[CellTask | None], total: int, stop: Stop) -> Batches:
        """Tasks with their results, as they are done; nothing in between, so that the caller can see to other things.
        When the generator is closed, its workers are gone.

        Args:
            worker: has loaded what the tasks need. Where it cannot be inherited, its ``context`` is sent instead, and
                a worker is made of that.
            tasks: taken as workers are free; at most ``total``. None says that there is none now, and to ask again.

        Raises:
            KeyboardInterrupt: after a stop, when all that was under way has been delivered.
            SrbenchError: no worker can be made.
        """
        ...


@dataclass(frozen=True)
class Deferred:
    """What a task still has to do, and its result then, when the next task need not wait for it."""

    finish: Callable[[], Any]


Group = tuple[list[Any], float]  # results of the first tasks of a group, with the seconds that they took


class WorkerDiedError(MethodError):
    """A worker's process died, or was killed, while it was at a group of tasks. ``again``: whether they are to be tried
    once more."""

    def __init__(self, message: str, *, again: bool = True) -> None:
        super().__init__(message)
        self.again = again


def _done_first(futures: Collection[Future[Group]], timeout: float) -> Collection[Future[Group]]:
    return wait(futures, timeout=timeout, return_when=FIRST_COMPLETED).done


@dataclass
class Workers:
    """``count`` workers, at the moment, for at most ``tasks`` tasks.

    Args:
        submit: hands out a group of tasks, of which at least the first is done; the future raises WorkerDiedError if
            the worker's process died of it.
        leave: says that nothing more will come, and does not wait until the workers are gone.
        finished: those of some futures that are done, as soon as one is, at the latest after so many seconds.
        at_once: the most tasks that a group may have.
    """

    count: int
    tasks: int
    submit: Callable[[Sequence[Any]], Future[Group]]
    leave: Callable[[], None]
    finished: Callable[[Collection[Future[Group]], float], Collection[Future[Group]]] = _done_first
    at_once: int = GROUP


def are_family(task: object, other: object) -> bool:
    """Whether two tasks should be handed out together (:attr:`srbench.run.plan.CellTask.family`)."""
    family = getattr(task, "family", None)
    return family is not None and family == getattr(other, "family", None)


DELIVER_EVERY = 0.2  # seconds between deliveries of results that are done faster than that
NOTHING_EVERY = 10.0  # seconds after which the caller is given nothing rather than waits on
# Fast tasks are handed out several at a time, for handing out costs as much as one, and neighbours share what they make
# of an image: as many as should take this long. A worker that has spent it returns what is done and leaves the rest to
# whoever is free. Slow ones are handed out one by one: in order, so that what one task leaves in memory is there for
# the next.
_GROUP_SECONDS = 0.1
_AHEAD = 3  # groups for each worker: one at work, one that may be a canary's, over at once, and one that waits


def compute(begin: Callable[[_T], Any], group: Sequence[_T], defer: Callable[[Callable[[], Any]], Any]) -> Group:
    """Results of the first tasks of ``group``, never of a part of a family, and the seconds; ``defer`` is given what a
    task has deferred."""
    done: list[Any] = []
    start = time.monotonic()
    for task, after in zip(group, (*group[1:], None), strict=True):
        result = begin(task)
        done.append(defer(result.finish) if isinstance(result, Deferred) else result)
        if time.monotonic() - start > _GROUP_SECONDS and not are_family(task, after):
            break
    return done, time.monotonic() - start


def completed(workers: Workers, tasks: Iterator[_T | None], stop: Stop) -> Iterator[list[tuple[_T, Any]]]:
    """Tasks with their results as they are done by the workers, which leave then; fast ones come several at once.

    The tasks of a group whose worker died are tried again, each by itself. A task that was alone when a second worker
    died has failed.

    Few are under way at a time, so a stop is quick: those are still delivered before KeyboardInterrupt is raised.
    """
    running: dict[Future[Group], _Handed[_T]] = {}
    returned: deque[_T] = deque()  # by workers whose time was over
    suspects: deque[_T] = deque()  # one of them may have killed a worker
    batch: list[tuple[_T, Any]] = []
    last = time.monotonic()
    tasks_done, their_seconds, left = 0, 0.0, workers.tasks
    while True:
        in_time = _GROUP_SECONDS * tasks_done / max(their_seconds, 1e-9)
        later = False
        while not (stop.pressed or later) and len(running) < _AHEAD * workers.count:
            # Smaller to the end, where nobody is to have much to do when the others have nothing.
            at_once = int(max(min(in_time, workers.at_once, left / (_AHEAD * workers.count)), 1))
            suspected = bool(suspects)
            if suspected:
                group = [suspects.popleft()]
            else:
                group = [returned.popleft() for _ in range(min(at_once, len(returned)))]
                later = _fill(group, tasks, at_once)
                if workers.at_once > 1:
                    later = _with_family(group, returned, tasks) or later
            if not group:
                break
            running[workers.submit(group)] = _Handed(group, suspected)
            left -= len(group)
        over = not running and not later
        if over:
            workers.leave()
        now = time.monotonic()
        if (batch and (over or now - last >= DELIVER_EVERY)) or now - last >= NOTHING_EVERY:
            yield _settled(batch)
            batch, last = [], time.monotonic()
        if over:
            break
        # Now and then it looks up, so that a stop does not wait for work that has not begun.
        for future in workers.finished(running, DELIVER_EVERY):
            handed = running.pop(future)
            try:
                done, seconds = future.result()
            except WorkerDiedError as death:
                if death.again and not handed.suspected:
                    suspects += handed.group
                    left += len(handed.group)
                else:
                    batch += [(task, _died_of_it(death)) for task in handed.group]
                continue
            tasks_done, their_seconds = tasks_done + len(done), their_seconds + seconds
            batch += zip(handed.group, done, strict=False)
            returned += handed.group[len(done) :]
            left += len(handed.group) - len(done)
        if not running:
            time.sleep(0 if not later else DELIVER_EVERY)
        if stop.pressed:
            running = {future: handed for future, handed in running.items() if not future.cancel()}
    if stop.pressed:
        raise KeyboardInterrupt


@dataclass(frozen=True)
class _Handed(Generic[_T]):
    """A group that is under way; ``suspected``: its one task may have killed a worker before."""

    group: list[_T]
    suspected: bool


def _fill(group: list[_T], tasks: Iterator[_T | None], most: int) -> bool:
    """Add tasks to a group until it has ``most``; returns whether others may come later."""
    while len(group) < most:
        task = next(tasks, _END)
        if task is None or task is _END:
            return task is None
        group.append(task)
    return False


def _with_family(group: list[_T], returned: deque[_T], tasks: Iterator[_T | None]) -> bool:
    """Add the tasks to a group that are of the family of its last one; returns whether others may come later. The first
    that is not waits with those that were ``returned``."""
    while group and getattr(group[-1], "family", None) is not None:
        if not returned:
            task = next(tasks, _END)
            if task is None or task is _END:
                return task is None
            returned.append(task)
        if not are_family(group[-1], returned[0]):
            break
        group.append(returned.popleft())
    return False


def _died_of_it(death: WorkerDiedError) -> CellResult:
    return CellResult(Outcome(CellState.FAILED, death.message), died=True)


def _settled(batch: list[tuple[_T, Any]]) -> list[tuple[_T, Any]]:
    """Waits for what was deferred."""
    return [(task, result.result() if isinstance(result, Future) else result) for task, result in batch]
