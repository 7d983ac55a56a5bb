"""Workers on other machines, or on this one, that dask.distributed starts, joins and looks after.

dask knows which workers there are, carries messages to them and tells when one is gone. Which cells a worker is at is
decided here, as for the processes of one machine: so it is known what a worker that dies was at, and a worker may come
or go at any time. What computes is a process beside each dask worker (:mod:`srbench.run.executors.beside`).
"""

from __future__ import annotations

import hashlib
import pickle
import queue
import secrets
import time
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from srbench.errors import SrbenchError, SrbenchWarning
from srbench.files import replace_file
from srbench.foreign.contained import told
from srbench.records import CellState, Outcome
from srbench.run import kept
from srbench.run.executors import beside
from srbench.run.executors.base import GROUP as GROUP_SIZE
from srbench.run.executors.base import Batches, Group, WorkerDiedError, Workers, completed
from srbench.run.executors.messages import BLOB, CHUNK, GROUP, HELLO, Done, Hello, Met, Missing, Product, Refusal
from srbench.run.executors.parcels import Packer
from srbench.run.executors.profile import Profile, started
from srbench.run.plan import CellResult, CellTask
from srbench.run.stopping import Stop

if TYPE_CHECKING:
    from pathlib import Path

    from srbench.run.worker import CellWorker

_LOOK_EVERY = 1.0  # seconds between looks which workers there are
_FAST = 1.0  # seconds: a worker that takes less for a group has the next one waiting with it
_PATIENCE = 10.0  # seconds without a worker after which it is said
_MOST_PATIENCE = 300.0  # seconds after which the run ends where there are none but workers that cannot be used
_TRIES = 3  # to bring a worker the files that it lacks
Report: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """The workers of a cluster.

    Args:
        met: told of each kind of machine that computes, before anything of it comes, under what its outcomes'
            ``host`` calls it, with :func:`srbench.machine.computes_on`.
        report: is filled with how long the cluster took to start, how many workers there were at most, and what was
            sent and received, in bytes.
    """

    profile: Profile
    timeout: float | None = None
    met: Callable[[str, Mapping[str, str]], None] = lambda label, machine: None
    report: Report = field(default_factory=dict)

    @property
    def workers(self) -> int:
        return self.profile.workers or 1

    def run(self, worker: CellWorker, tasks: Iterator[CellTask | None], total: int, stop: Stop) -> Batches:
        begin = time.monotonic()
        packer = Packer(worker)
        hello = Hello.of(worker.context, packer.sources()).pack()
        with started(self.profile) as client:
            crew = _Crew(client, self.profile, packer, hello, self, begin)
            at_once = 1 if self.timeout is not None else GROUP_SIZE
            crew.workers = Workers(self.workers, total, crew.submit, lambda: None, crew.finished, at_once)
            try:
                for batch in completed(crew.workers, tasks, stop):
                    yield [(task, _arrived(task, result, worker.context.folder)) for task, result in batch]
            finally:
                crew.dismiss()


@dataclass(frozen=True)
class _Arrived:
    """What came back of a task, and from where."""

    product: Product
    label: str


def _arrived(task: CellTask, result: _Arrived | CellResult, folder: Path) -> CellResult:
    """A task's result, with its files in the results folder."""
    if isinstance(result, CellResult):
        return result
    product = result.product
    try:
        for own in (kept.image_path(task.facts), kept.entropy_path(task.facts)):
            if own.as_posix() in product.files:
                with replace_file(folder / own) as stream:
                    stream.write(product.files[own.as_posix()][0])
    except OSError as error:
        return CellResult(Outcome(CellState.FAILED, told(error), host=result.label))
    outcome = product.result.outcome
    return replace(product.result, outcome=None if outcome is None else replace(outcome, host=result.label))


class _Promise(Future[Group]):
    """Can be cancelled while no worker is at it, also when one was."""

    given = False
    cancelled_in_time = False

    def cancel(self) -> bool:
        self.cancelled_in_time |= not self.given
        return self.cancelled_in_time


@dataclass(eq=False)
class _Order:
    """A group that somebody waits for."""

    group: Sequence[CellTask]
    future: _Promise = field(default_factory=_Promise)
    tries: int = 0


@dataclass(eq=False)
class _Hand:
    """A worker, with the groups that it has: the first is at work."""

    address: str
    label: str = ""  # empty until it is known and can compute
    refused: str = ""  # why it cannot
    orders: deque[_Order] = field(default_factory=deque)
    sent: set[str] = field(default_factory=set)  # hashes of files
    asked: set[Any] = field(default_factory=set)  # dask's futures, which it forgets where nobody holds them
    fast: bool = False
    tries: int = 0

    @property
    def room(self) -> int:
        return (2 if self.fast else 1) - len(self.orders) if self.label else 0


class _Crew:
    """The workers of one run. All is driven by the thread that asks for results."""

    workers: Workers

    def __init__(
        self, client: Any, profile: Profile, packer: Packer, hello: bytes, cluster: Cluster, begin: float
    ) -> None:
        self._client, self._profile, self._packer, self._hello = client, profile, packer, hello
        self._cluster, self._begin = cluster, begin
        self._run = secrets.token_hex(8)
        self._hands: dict[str, _Hand] = {}
        self._queue: deque[_Order] = deque()
        self._events: queue.SimpleQueue[tuple[_Hand, str, _Order | None, Any, Any]] = queue.SimpleQueue()
        self._machines: dict[str, dict[str, str]] = {}
        self._at_a_loss: set[str] = set()  # keys of cells at which a worker was lost
        self._looked = -_LOOK_EVERY
        self._lonely_since, self._told = time.monotonic(), False
        cluster.report.update(name=profile.name, workers=0, sent=len(hello), received=0)

    # -- as Workers ---------------------------------------------------------------------------------------------

    def submit(self, group: Sequence[CellTask]) -> Future[Group]:
        order = _Order(list(group))
        self._queue.append(order)
        self._hand_out()
        return order.future

    def finished(self, futures: Collection[Future[Group]], timeout: float) -> set[Future[Group]]:
        """Those of ``futures`` that are done, as soon as one is, at the latest after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while True:
            self._look()
            self._listen(max(0.0, until - time.monotonic()))
            self._hand_out()
            done = {future for future in futures if future.done()}
            if done or time.monotonic() >= until:
                return done

    def dismiss(self) -> None:
        """End the processes that compute, whatever they are at."""
        with suppress(Exception):  # of those that are gone
            self._client.run(beside.dismiss, self._run, on_error="ignore")

    # -- who is there -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Who has come, and who is gone."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        try:
            there = set(self._client.nthreads())
        except Exception as error:
            raise SrbenchError(
                f"the scheduler of {self._profile.name} is gone ({told(error)})", "the same command goes on from here"
            ) from error
        for address in self._hands.keys() - there:
            self._lose(self._hands[address])
        for address in there - self._hands.keys():
            hand = self._hands[address] = _Hand(address)
            self._send(hand, HELLO, self._hello)
        self._count(now)

    def _count(self, now: float) -> None:
        count = sum(bool(hand.label) for hand in self._hands.values())
        self.workers.count = max(1, count)
        report = self._cluster.report
        report["workers"] = max(report["workers"], count)
        refused = [hand for hand in self._hands.values() if hand.refused]
        if len(refused) < len(self._hands):
            self._lonely_since, self._told = now, False
            return
        lonely = now - self._lonely_since
        if refused and (not report["workers"] or lonely > _MOST_PATIENCE):
            hint = "install the same srbench there as here, or choose another device or cluster"
            raise SrbenchError(f"no worker of {self._profile.name} can be used: {_why(refused[0])}", hint)
        if lonely > _PATIENCE and not self._told:
            self._told = True
            _warn(f"{self._profile.name} has no worker: the run goes on when one comes")

    def _welcome(self, hand: _Hand, machine: dict[str, str]) -> None:
        label, number = machine["host"], 2
        while self._machines.setdefault(label, machine) != machine:
            label, number = f"{machine['host']} ({number})", number + 1
        hand.label, hand.tries = label, 0
        self._cluster.report.setdefault("start_seconds", round(time.monotonic() - self._begin, 2))
        self._cluster.met(label, machine)

    def _refuse(self, hand: _Hand, reason: str) -> None:
        """Give a worker nothing more; what it had is for others."""
        hand.label, hand.refused = "", reason
        self._take_back(hand)
        _warn(f"worker {_why(hand)}: it is not used")

    def _lose(self, hand: _Hand) -> None:
        """What a worker had is for others. A node that goes says little of the cell that it was at, so it counts as a
        death of that from the second time on: a process that crashes costs no worker."""
        del self._hands[hand.address]
        if hand.orders:
            keys = {task.facts.key for task in hand.orders[0].group}
            if keys & self._at_a_loss:
                lost = WorkerDiedError(f"the worker {hand.address} on {hand.label} was lost")
                hand.orders.popleft().future.set_exception(lost)
            self._at_a_loss |= keys
        self._take_back(hand)

    def _take_back(self, hand: _Hand) -> None:
        for order in reversed(hand.orders):
            self._return(order)
        hand.orders.clear()
        for asked in hand.asked:
            with suppress(Exception):
                asked.cancel()
        hand.asked.clear()

    def _return(self, order: _Order) -> None:
        order.future.given = False
        self._queue.appendleft(order)

    # -- messages -----------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        while self._queue:
            hand = max(self._hands.values(), key=lambda hand: hand.room, default=None)
            if hand is None or hand.room < 1:
                return
            order = self._queue.popleft()
            if not order.future.cancelled_in_time:
                hand.orders.append(order)
                self._give(hand, order)

    def _give(self, hand: _Hand, order: _Order) -> None:
        order.future.given = True
        self._send(hand, GROUP, pickle.dumps([self._packer.pack(task) for task in order.group]), order)

    def _send(self, hand: _Hand, kind: str, body: bytes, order: _Order | None = None) -> None:
        """Ask a worker; it answers questions one by one, in their order."""
        self._cluster.report["sent"] += len(body)
        timeout = self._cluster.timeout if kind == GROUP else None
        asked = self._client.submit(
            beside.ask,
            *(self._run, kind, body, timeout),
            **{"workers": [hand.address], "allow_other_workers": False, "pure": False, "retries": 0},
        )
        hand.asked.add(asked)
        asked.add_done_callback(lambda future: self._events.put((hand, kind, order, future, _answer(future))))

    def _send_files(self, hand: _Hand, wanted: Sequence[str], *, again: bool) -> None:
        for sha256 in wanted:
            if sha256 in hand.sent and not again:
                continue  # under way
            hand.sent.add(sha256)
            content = self._packer.content(sha256)
            for start in range(0, max(len(content), 1), CHUNK):
                part = (sha256, content[start : start + CHUNK], start + CHUNK >= len(content))
                self._send(hand, BLOB, pickle.dumps(part))

    def _listen(self, timeout: float) -> None:
        """Take answers, for so many seconds if there is none."""
        try:
            event = self._events.get(timeout=min(timeout, _LOOK_EVERY) if timeout else 0.001)
            while True:
                self._hear(*event)
                event = self._events.get_nowait()
        except queue.Empty:
            return

    def _hear(self, hand: _Hand, kind: str, order: _Order | None, asked: Any, answer: Any) -> None:
        hand.asked.discard(asked)
        if self._hands.get(hand.address) is not hand or hand.refused or (order and order not in hand.orders):
            return  # it is no longer counted on
        if isinstance(answer, bytes):
            self._cluster.report["received"] += len(answer)
            answer = pickle.loads(answer)
        if _is_loss(answer):
            self._lose(hand)
        elif isinstance(answer, Exception):
            self._refuse(hand, f"cannot compute ({told(answer)})")
        elif isinstance(answer, Refusal):
            self._refuse(hand, answer.reason)
        elif answer == beside.STRANGER:  # dask has replaced its process
            hand.label = ""
            self._take_back(hand)
            self._send(hand, HELLO, self._hello)
        elif kind == HELLO:
            self._hear_of(hand, answer)
        elif order is not None:
            self._hear_of_group(hand, order, answer)
        elif isinstance(answer, beside.Died):
            hand.sent.clear()

    def _hear_of(self, hand: _Hand, answer: Any) -> None:
        """A worker has been told of the run."""
        hand.tries += 1
        if isinstance(answer, Met):
            self._welcome(hand, answer.machine)
        elif hand.tries > _TRIES:
            self._refuse(hand, answer.message if isinstance(answer, beside.Died) else "it does not keep files")
        else:
            if isinstance(answer, Missing):
                self._send_files(hand, answer.files, again=hand.tries > 1)
            self._send(hand, HELLO, self._hello)

    def _hear_of_group(self, hand: _Hand, order: _Order, answer: Any) -> None:
        hand.orders.remove(order)
        if isinstance(answer, Missing):
            order.tries += 1
            if order.tries > _TRIES:
                self._return(order)
                self._refuse(hand, "it does not keep the files that it is sent")
                return
            self._send_files(hand, answer.files, again=order.tries > 1)
            hand.orders.append(order)
            self._give(hand, order)
        elif isinstance(answer, beside.Died):
            hand.sent.clear()
            order.future.set_exception(WorkerDiedError(answer.message, again=answer.again))
        elif isinstance(answer, Done) and all(map(_is_whole, answer.products)):
            order.tries, hand.fast = 0, answer.seconds < _FAST
            order.future.set_result(([_Arrived(own, hand.label) for own in answer.products], answer.seconds))
        else:
            order.future.set_exception(WorkerDiedError(f"its image came back damaged from {hand.label}"))


def _answer(future: Any) -> Any:
    """What a task of dask gave, or the exception that it ended with."""
    try:
        return future.result()
    except BaseException as error:
        return error if isinstance(error, Exception) else WorkerDiedError(told(error))


def _is_loss(answer: Any) -> bool:
    """Whether dask says that a worker is gone."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    return isinstance(answer, KilledWorker | FutureCancelledError | WorkerDiedError)


def _is_whole(product: Product) -> bool:
    return all(hashlib.sha256(content).hexdigest() == sha256 for content, sha256 in product.files.values())


def _why(hand: _Hand) -> str:
    return f"{hand.address}: {hand.refused}"


def _warn(text: str) -> None:
    warnings.warn(text, SrbenchWarning, stacklevel=2)
