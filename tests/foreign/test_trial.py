"""Calls that are tried in a child process: how it ended is told, and it waits for nothing that only its parent has."""

import os
import signal
import subprocess
import sys

import pytest

from srbench.foreign.trial import died_of, trials

PARALLEL = """
import torch
from srbench.foreign.trial import died_of, trials

def work():
    x = torch.rand(1000, 1000)
    torch.nn.functional.conv2d((x.sin() @ x.cos())[None, None], torch.rand(8, 1, 3, 3))

torch.set_num_threads(2)
work()
with trials():
    assert died_of(work) == ""
"""


def test_threads_of_the_parent_are_not_waited_for():
    subprocess.run([sys.executable, "-c", PARALLEL], check=True, timeout=300)


def kill():
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: os._exit(0), "exit code 0"),
        (lambda: os._exit(7), "exit code 7"),
        (kill, "signal 15 (SIGTERM)"),
        (lambda: 1 / 0, ""),
        (lambda: sys.exit(3), ""),
        (lambda: None, ""),
    ],
)
def test_how_a_child_ended_is_told(call, said):
    with trials():
        found = died_of(call)
    assert found == (f"the process died: {said}" if said else "")


def test_outside_of_trials_nothing_is_called():
    called = []
    assert died_of(lambda: called.append(1)) == ""
    assert called == []
