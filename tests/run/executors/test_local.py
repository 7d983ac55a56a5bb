"""Tasks come back with their results, whether workers are threads or processes; what a task defers is finished, and on
threads the next task does not wait for it."""

import multiprocessing
import os
import threading
from concurrent.futures import Future
from contextlib import closing, suppress
from functools import partial

import pytest
import torch

from srbench.run.executors import base
from srbench.run.executors.base import Deferred
from srbench.run.executors.local import Inline, local
from srbench.run.executors.processes import Processes
from srbench.run.stopping import Stop

BOTH = pytest.mark.parametrize("executor", [Inline(), Inline(2), Processes(2)], ids=["inline", "threads", "processes"])


class Caller:
    """Stands for a CellWorker: its tasks are calls."""

    def begin(self, task):
        return task()


def go(tasks, executor):
    with closing(executor.run(Caller(), iter(tasks), len(tasks), Stop())) as batches:
        return [pair for batch in batches for pair in batch]


@BOTH
def test_every_task_comes_back_once_with_its_result(executor):
    tasks = [partial(Deferred, partial(pow, n, 2)) if n % 3 else partial(pow, n, 2) for n in range(20)]
    done = {id(task): result for task, result in go(tasks, executor)}
    assert [done[id(task)] for task in tasks] == [n**2 for n in range(20)]


def test_one_worker_and_a_gpu_fork_nothing():
    assert local(1, [torch.device("cpu")]) == Inline(1)
    assert local(2, [torch.device("cuda")]) == Inline(2)
    assert {result for _, result in go([os.getpid] * 9, Inline(2))} == {os.getpid()}


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="workers are forked under Linux")
def test_several_workers_on_the_cpu_are_processes():
    executor = local(2, [torch.device("cpu")])
    assert executor == Processes(2)
    pids = {result for _, result in go([os.getpid] * 9, executor)}
    assert pids
    assert os.getpid() not in pids


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_no_worker_is_left_when_the_run_is_over(fails):
    before = set(multiprocessing.active_children())
    with suppress(ZeroDivisionError):
        go([partial(divmod, 1, int(not fails))] * 9, Processes(2))
    assert set(multiprocessing.active_children()) == before


def test_no_worker_is_left_when_the_caller_breaks_off():
    before = set(multiprocessing.active_children())
    with closing(Processes(2).run(Caller(), iter([os.getpid] * 999), 999, Stop())) as batches:
        assert next(batches)
        assert set(multiprocessing.active_children()) > before
    assert set(multiprocessing.active_children()) == before


def test_what_workers_hand_back_for_lack_of_time_is_handed_out_again():
    sizes = []

    def submit(group):
        """A worker that does the first task only, and in no time."""
        sizes.append(len(group))
        future = Future()
        future.set_result(([None], 1e-3))
        return future

    count = 20_000
    two = base.Workers(2, count, submit, lambda: None)
    done = [pair for batch in base.completed(two, iter(range(count)), Stop()) for pair in batch]
    assert sorted(index for index, _ in done) == list(range(count))
    assert len(sizes) == count
    assert max(sizes) > 1


def test_the_last_tasks_are_handed_out_one_by_one():
    sizes = []

    def submit(group):
        sizes.append(len(group))
        future = Future()
        future.set_result(([None for _ in group], 1e-3))
        return future

    two = base.Workers(2, 100, submit, lambda: None)
    assert sum(len(batch) for batch in base.completed(two, iter(range(100)), Stop())) == 100
    assert max(sizes) > 1
    assert sizes[-4:] == [1] * 4


def test_the_next_task_does_not_wait_for_what_is_deferred():
    begun = threading.Event()

    def wait():
        return begun.wait(timeout=300)

    def begin():
        begun.set()
        return "begun"

    assert {result for _, result in go([lambda: Deferred(wait), begin], Inline())} == {True, "begun"}


@BOTH
def test_an_error_of_what_is_deferred_is_not_lost(executor):
    with pytest.raises(ZeroDivisionError):
        go([partial(Deferred, partial(divmod, 1, 0))], executor)
