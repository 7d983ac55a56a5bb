"""Workers that are processes of their own, and may die: what crashes one, or never ends, costs that process alone.

Each has a pipe of its own, so it is known which tasks were on it. All is driven by the thread that asks for results:
processes are forked while no other thread of ours does anything.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import multiprocessing
import pickle
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import threadpoolctl
import torch

from srbench import randomness
from srbench.errors import MethodError, SrbenchError
from srbench.foreign.contained import contained, told
from srbench.foreign.trial import ending
from srbench.imaging.memory import keep_memory
from srbench.machine import seen_alone
from srbench.run.executors.base import GROUP, Batches, Group, WorkerDiedError, Workers, completed, compute
from srbench.run.stopping import Stop

if TYPE_CHECKING:
    from srbench.run.plan import CellTask, RunContext
    from srbench.run.worker import CellWorker

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 1.0  # seconds between looks whether a silent process is still there
_FAST = 1.0  # seconds: a worker that takes less for a group has the next one waiting with it
_LEAVING = 5.0  # seconds that a process has to end by itself when there is nothing more to do
_STARTS = 3  # processes in a row that may die before they take a task


@dataclass(frozen=True)
class Processes:
    """``workers`` processes: forked, which inherit what the worker has loaded, or ``spawned``, which make their own
    worker of its context. Tasks and results are sent.

    A process that dies is replaced; its tasks are tried again one by one. The one that was on it alone and kills a
    second one is failed (:func:`srbench.run.executors.base.completed`). With ``timeout``, so is one that takes longer
    than so many seconds, without a second try; what a spawned one loads first does not count.

    ``gpus``: what CUDA_VISIBLE_DEVICES is in each of the processes, which are spawned; the one that replaces a process
    has its GPU.
    """

    workers: int
    spawned: bool = False
    timeout: float | None = None
    gpus: tuple[str, ...] = ()

    def run(self, worker: CellWorker, tasks: Iterator[CellTask | None], total: int, stop: Stop) -> Batches:
        count = max(1, min(self.workers, total))
        crew = _Crew(self._starter(worker), (self.gpus or ("",) * count)[:count], self.timeout)
        of_crew = Workers(
            crew.count, total, crew.submit, crew.leave, crew.finished, 1 if self.timeout is not None else GROUP
        )
        try:
            yield from completed(of_crew, tasks, stop)
        finally:
            try:
                if not stop.at_once:
                    crew.dismiss()
            finally:
                crew.kill()

    def _starter(self, worker: CellWorker) -> _Start:
        if self.spawned:
            context = multiprocessing.get_context("spawn")
            # A process that sees one GPU alone has it under the first number.
            own = replace(worker.context, device=worker.device.type) if self.gpus else worker.context
            return lambda end, _: context.Process(target=_spawned, args=(end, own), name="srbench")
        forking = multiprocessing.get_context("fork")
        return lambda end, others: forking.Process(target=_forked, args=(end, worker, others), name="srbench")


_Start = Callable[[Connection, "list[Connection]"], BaseProcess]
"""Makes a process for its end of a pipe, and the ends of others' pipes, which it must not hold open."""


@dataclass
class _Hand:
    """One process, with the groups that were sent to it: the first is at work."""

    process: BaseProcess
    pipe: Connection
    gpu: str  # that it sees alone; empty where there is none to choose
    groups: deque[tuple[Future[Group], Sequence[Any]]] = field(default_factory=deque)
    since: float = math.inf  # when it began with the first of its groups
    fast: bool = False

    @property
    def room(self) -> int:
        return (2 if self.fast else 1) - len(self.groups)

    def give(self, future: Future[Group], group: Sequence[Any]) -> bool:
        """Send a group; False if the process is not there any more."""
        try:
            self.pipe.send(group)
        except OSError:
            return False
        self.groups.append((future, group))
        return True


class _Crew:
    """The processes of one run, one for each of ``gpus``."""

    def __init__(self, start: _Start, gpus: Sequence[str], timeout: float | None) -> None:
        self.count = len(gpus)
        self._start, self._timeout = start, timeout
        self._gpus = deque(gpus)  # of processes that are not there yet
        self._hands: list[_Hand] = []
        self._queue: deque[tuple[Future[Group], Sequence[Any]]] = deque()
        self._dead_at_once = 0
        self._leaving = False

    # -- as Workers ---------------------------------------------------------------------------------------------

    def submit(self, group: Sequence[Any]) -> Future[Group]:
        future: Future[Group] = Future()
        self._queue.append((future, group))
        self._hand_out()
        return future

    def leave(self) -> None:
        """Let the processes end by themselves: nothing more will come."""
        self._leaving = True
        for hand in self._hands:
            with contextlib.suppress(OSError):
                hand.pipe.send(None)

    def finished(self, futures: Collection[Future[Group]], timeout: float) -> set[Future[Group]]:
        """Those of ``futures`` that are done, as soon as one is, at the latest after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while True:
            self._collect(max(0.0, until - time.monotonic()))
            self._hand_out()
            done = {future for future in futures if future.done()}
            if done or time.monotonic() >= until:
                return done

    # -- processes ----------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        while self._queue:
            hand = max(self._hands, key=lambda hand: hand.room, default=None)
            if (hand is None or hand.groups) and len(self._hands) < self.count:
                hand = self._enlist()
            if hand is None or hand.room < 1:
                return
            future, group = self._queue.popleft()
            if not future.running() and not future.set_running_or_notify_cancel():
                continue
            if not hand.give(future, group):
                self._queue.appendleft((future, group))
                self._bury(hand)

    def _enlist(self) -> _Hand:
        ours, theirs = multiprocessing.Pipe()
        process = self._start(theirs, [ours, *(hand.pipe for hand in self._hands)])
        gpu = self._gpus.popleft()
        with warnings.catch_warnings(), seen_alone(gpu):
            # Other threads (a progress bar, BLAS) hold nothing that a forked worker uses.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        self._hands.append(_Hand(process, ours, gpu))
        return self._hands[-1]

    def _collect(self, timeout: float) -> None:
        """Take results, and look after processes that died or take too long."""
        places: dict[Any, _Hand] = {hand.pipe: hand for hand in self._hands}
        places |= {hand.process.sentinel: hand for hand in self._hands}
        if not places:
            time.sleep(timeout)
            return
        ready = wait(list(places), min(timeout, _LOOK_EVERY))
        for hand in {id(places[place]): places[place] for place in ready}.values():
            self._listen(hand)
        for hand in list(self._hands):
            late = self._timeout is not None and hand.groups and time.monotonic() - hand.since > self._timeout
            if late:
                hand.process.kill()
                self._bury(hand, late=True)
            elif not hand.process.is_alive():
                self._listen(hand)
                self._bury(hand)

    def _listen(self, hand: _Hand) -> None:
        try:
            while hand.pipe.poll():
                self._take(hand, hand.pipe.recv())
        except (EOFError, OSError):  # it died, perhaps in the middle of a message, or has closed its end
            hand.process.join(_LEAVING)
            hand.process.kill()
            hand.process.join()

    def _take(self, hand: _Hand, answer: Group | Exception | None) -> None:
        self._dead_at_once = 0
        now = time.monotonic()
        if answer is None:
            hand.since = now
            return
        future, _ = hand.groups.popleft()
        hand.fast, hand.since = now - hand.since < _FAST, math.inf
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _bury(self, hand: _Hand, late: bool = False) -> None:
        """Take a dead process from the crew: the group that it was at has died with it, the one that waited is handed
        out again."""
        self._hands.remove(hand)
        self._gpus.append(hand.gpu)
        hand.process.kill()
        hand.process.join()
        how = ending(hand.process.exitcode)
        hand.process.close()
        hand.pipe.close()
        if hand.groups:
            future, _ = hand.groups.popleft()
            if late:
                future.set_exception(WorkerDiedError(f"took longer than {self._timeout:g} s", again=False))
            else:
                future.set_exception(WorkerDiedError(f"the process died: {how}"))
            self._queue.extendleft(reversed(hand.groups))
        elif not self._leaving:
            self._dead_at_once += 1
            if self._dead_at_once >= _STARTS:
                raise MethodError(f"workers die before they are given anything: {how}", "is there memory left?")

    def dismiss(self) -> None:
        """Let all end what they are at, and wait some time until they are gone: a thread of a plugin may not end."""
        if not self._leaving:
            self.leave()
        while any(hand.groups for hand in self._hands):
            self._collect(_LOOK_EVERY)
        until = time.monotonic() + _LEAVING
        for hand in self._hands:
            hand.process.join(max(0.0, until - time.monotonic()))

    def kill(self) -> None:
        """End all at once, whatever they are at."""
        for hand in self._hands:
            hand.process.kill()
        for hand in self._hands:
            hand.process.join()
            hand.process.close()
            hand.pipe.close()
        self._hands.clear()


# -- in the process ------------------------------------------------------------------------------------------------


def _forked(end: Connection, worker: CellWorker, others: Sequence[Connection]) -> None:
    for other in others:
        other.close()
    gc.freeze()  # a collection that looks at inherited objects would copy their memory
    settle()
    _serve(worker, end)


def _spawned(end: Connection, context: RunContext) -> None:
    from srbench.run.worker import CellWorker  # late: it imports this package

    settle()
    threadpoolctl.threadpool_limits(1)
    try:
        with contained():
            worker = CellWorker(context)
            randomness.seed(context.seed, worker.device)
    except Exception as error:
        end.send(_portable(error))
    else:
        _serve(worker, end, worker.load)


def settle() -> None:
    """What every process does first."""
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):  # for the main process, which ends the run in order
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left behind when that is killed
    keep_memory()
    torch.set_num_threads(1)


def _serve(worker: CellWorker, end: Connection, load: Callable[[CellTask], None] = lambda task: None) -> None:
    """Compute group after group, until there is none or nobody who asks; says None when it begins with one."""
    with contextlib.suppress(EOFError, OSError):
        while (group := end.recv()) is not None:
            for task in group:
                load(task)
            end.send(None)
            try:
                answer: Group | Exception = compute(worker.begin, group, lambda finish: finish())
            except BaseException as error:  # a plugin's are results
                answer = _portable(error)
            end.send(answer)


def _portable(error: BaseException) -> Exception:
    """An error that can be sent to the main process."""
    with contextlib.suppress(Exception):
        if isinstance(error, Exception) and type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    if isinstance(error, SrbenchError):
        return SrbenchError(error.message, error.hint)
    return RuntimeError(told(error))
