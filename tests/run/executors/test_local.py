"""Tasks come back with their indices, whether workers are threads or processes; what is left for later is finished,
and on threads the next task does not wait for it."""

import multiprocessing
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

import pytest
import torch

from srbench.run.executors import local as workers
from srbench.run.executors.local import Later

CPU = torch.device("cpu")


def go(tasks, count):
    with workers.start(tasks, count, CPU) as team:
        return [pair for batch in workers.completed(team, iter(range(len(tasks))), workers.Stop()) for pair in batch]


@pytest.mark.parametrize("count", [1, 2], ids=["threads", "processes"])
def test_every_task_comes_back_once_with_its_result(count):
    tasks = [partial(Later, partial(pow, n, 2)) if n % 3 else partial(pow, n, 2) for n in range(20)]
    assert sorted(go(tasks, count)) == [(n, n**2) for n in range(20)]


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_no_worker_is_left_outside_of_the_context(fails):
    before = set(multiprocessing.active_children())
    with suppress(ZeroDivisionError), workers.start([partial(divmod, 1, int(not fails))] * 9, 2, CPU) as team:
        list(workers.completed(team, iter(range(9)), workers.Stop()))
    assert set(multiprocessing.active_children()) == before


def test_what_workers_hand_back_for_lack_of_time_is_handed_out_again():
    sizes = []

    def submit(group):
        """A worker that does the first task only, and in no time."""
        sizes.append(len(group))
        future = Future()
        future.set_result(([(group[0], None)], 1e-3))
        return future

    count = 20_000
    team = workers.Workers(2, count, submit, lambda: None)
    done = [pair for batch in workers.completed(team, iter(range(count)), workers.Stop()) for pair in batch]
    assert sorted(index for index, _ in done) == list(range(count))
    assert len(sizes) == count
    assert max(sizes) > 1


def test_the_last_tasks_are_handed_out_one_by_one():
    sizes = []

    def submit(group):
        sizes.append(len(group))
        future = Future()
        future.set_result(([(index, None) for index in group], 1e-3))
        return future

    team = workers.Workers(2, 100, submit, lambda: None)
    assert sum(len(batch) for batch in workers.completed(team, iter(range(100)), workers.Stop())) == 100
    assert max(sizes) > 1
    assert sizes[-4:] == [1] * 4


def test_the_next_task_does_not_wait_for_what_is_left_for_later():
    begun = threading.Event()

    def wait():
        return begun.wait(timeout=300)

    def begin():
        begun.set()
        return "begun"

    assert sorted(go([lambda: Later(wait), begin], 1)) == [(0, True), (1, "begun")]


@pytest.mark.parametrize("count", [1, 2], ids=["threads", "processes"])
def test_an_error_of_what_is_left_for_later_is_not_lost(count):
    with pytest.raises(ZeroDivisionError):
        go([partial(Later, partial(divmod, 1, 0))], count)
