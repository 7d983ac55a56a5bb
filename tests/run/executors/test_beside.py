"""A process that dies is started anew, and is told of the run before it is asked to compute for it."""

import pytest

from srbench.run.executors import beside
from srbench.run.executors.beside import STRANGER, Beside, Died


class Process:
    """Of a process that is there until it is killed."""

    code = None

    def poll(self):
        return self.code

    def kill(self):
        self.code = -9

    def wait(self, timeout=None):
        self.kill()
        return -9


@pytest.fixture
def told(monkeypatch):
    """What the processes were told, each in a list of its own."""
    told = []

    def start(self):
        self._process = Process()
        told.append([])

    def exchange(self, kind, body, timeout):
        told[-1].append(kind)
        if body == b"deadly":
            self._process.kill()
            raise EOFError
        return body

    monkeypatch.setattr(Beside, "_start", start)
    monkeypatch.setattr(Beside, "_exchange", exchange)
    monkeypatch.setattr(Beside, "_end", lambda self: "signal 9 (SIGKILL)")
    return told


def test_a_new_process_is_told_of_the_run_once_before_it_computes(told, tmp_path):
    one = Beside(str(tmp_path))
    one.ask("hello", b"1", None)
    one.ask("group", b"2", None)
    assert one.ask("group", b"deadly", None) == Died("the process died: signal 9 (SIGKILL)")
    one.ask("blob", b"3", None)
    one.ask("group", b"4", None)
    one.ask("group", b"5", None)
    assert told == [["hello", "group", "group"], ["blob", "hello", "group", "group"]]


def test_its_folder_goes_with_it(told, tmp_path):
    one = Beside(str(tmp_path))
    one.ask("hello", b"1", None)
    assert list(tmp_path.iterdir())
    one.dismiss()
    assert not list(tmp_path.iterdir())


def test_a_worker_knows_the_runs_it_was_told_of_until_they_are_over(told, tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "_folder", lambda: str(tmp_path))
    assert beside.ask("run-1", "group", b"1", None) == STRANGER
    assert beside.ask("run-1", "hello", b"2", None) == b"2"
    assert beside.ask("run-1", "group", b"3", None) == b"3"
    beside.dismiss("run-1")
    assert beside.ask("run-1", "group", b"4", None) == STRANGER
    assert beside.ask("run-1", "hello", b"5", None) == STRANGER
