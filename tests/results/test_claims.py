"""Claims of cells: one run at a time, as long as its process is there."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from sqlalchemy import update

from srbench.records import Entry, Outcome
from srbench.results import holders
from srbench.results.claims import Claims
from srbench.results.holders import LEASE, Holder, this_process
from srbench.results.reader import Reader
from srbench.results.schema import holders as table
from srbench.results.store import Store

MANIFEST = {"command": "test"}


@pytest.fixture
def ids(cells):
    return cells[0]


@pytest.fixture
def cells(tmp_path, made_up):
    """A folder with eight cells and a run that goes on in this process: their ids, the store, the run's claims."""
    with Store(made_up(methods=2, datasets={"set5": 4}), create=True) as store, Reader(store.folder) as reader:
        ids = sorted({row.cell_id for row in reader.planned()})
        yield ids, store, Claims(store, store.start_run(MANIFEST))


@pytest.fixture
def another(cells):
    """Another run, whose process is given: its claims."""

    def start(holder=None):
        _, store, _ = cells
        run = store.start_run(MANIFEST)
        if holder is not None:
            with store._transaction() as connection:
                connection.execute(update(table).where(table.c.run_id == run).values(**vars(holder)))
        return Claims(store, run)

    return start


def gone():
    """A process of this machine that has ended."""
    code = "from srbench.results.holders import this_process; print(vars(this_process()))"
    return Holder(**eval(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))


def over():
    holder = this_process()
    holder.end()
    return holder


def process(**changes):
    """This process, but for some words of its name."""
    names = ("boot", "namespace", "process")
    words = dict(zip(names, this_process().process.split(" "), strict=True)) | changes
    return replace(this_process(), process=" ".join(words[name] for name in names))


ALIVE = {
    "this process": this_process,
    "another machine": lambda: replace(this_process(), host="elsewhere", process="b n 1:1:0"),
    "another container": lambda: process(namespace="pid:[1]", process="1:1:0"),
}
GONE = {
    "an ended process": gone,
    "its number in use again": lambda: process(process=f"{os.getppid()}:1:0"),
    "a run of this process that is over": lambda: over(),
    "before the machine was started anew": lambda: process(boot="another"),
    "another machine, long silent": lambda: Holder("elsewhere", "b n 1:1:0", time.time() - LEASE - 1),
    "here, long silent": lambda: replace(this_process(), beat=time.time() - LEASE - 1),
}


@pytest.mark.parametrize("holder", ALIVE.values(), ids=ALIVE)
def test_a_cell_is_claimed_once(cells, another, holder):
    ids, _, mine = cells
    other = another(holder())
    assert other.take(ids[:3]) == set(ids[:3])
    assert mine.take(ids) == set(ids[3:])
    assert other.take(ids) == set(ids[:3])


@pytest.mark.parametrize("holder", GONE.values(), ids=GONE)
def test_claims_of_a_process_that_is_gone_do_not_count(cells, another, holder):
    ids, store, mine = cells
    other = another(holder())
    other.take(ids)
    assert mine.take(ids) == set(ids)
    with Reader(store.folder) as reader:
        assert [run.status for run in reader.runs()[1:]] == ["running", "ended early"]
    store.start_run(MANIFEST)
    with Reader(store.folder) as reader:
        assert [run.status for run in reader.runs()[1:]] == ["running", "ended early", "running"]


def test_what_is_stored_or_left_is_free_again(cells, another):
    ids, store, mine = cells
    other = another()
    mine.take(ids)
    mine.leave(ids[:2])
    store.record(mine._run, [Entry(ids[2], Outcome("ok"), ()), Entry(ids[3], Outcome("failed", "odd"), ())])
    assert other.take(ids) == set(ids[:4])
    assert other.failed_elsewhere(ids) == {ids[3]: "odd"}
    assert mine.failed_elsewhere(ids) == {}
    store.finish_run(mine._run, "finished", MANIFEST)
    assert other.take(ids) == set(ids)


def test_a_sign_of_life_keeps_a_claim(cells, another, monkeypatch):
    ids, _, mine = cells
    other = another(replace(this_process(), host="elsewhere", beat=time.time() - LEASE + 100))
    other.take(ids[:1])
    now = time.time()
    monkeypatch.setattr(holders.time, "time", lambda: now + 200)
    assert mine.take(ids[:1]) == set(ids[:1])
    mine.leave(ids[:1])
    other.take(ids[:1])
    monkeypatch.setattr("srbench.results.claims.BEAT_EVERY", 0)
    other.beat()
    assert mine.take(ids[:1]) == set()
