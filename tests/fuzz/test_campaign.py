"""A thousand cases of the fuzz campaign in a process of its own (``tox -e slow``); ten thousand by ``tox -e fuzz``."""

import subprocess
import sys
from pathlib import Path

import pytest

CASES = 1000


@pytest.mark.slow
def test_no_case_ends_in_a_traceback_a_hang_or_a_wrong_exit_code():
    command = [sys.executable, str(Path(__file__).parent), "--count", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
