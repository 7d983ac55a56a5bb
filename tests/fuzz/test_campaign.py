"""A thousand cases of the fuzz campaign in a process of its own (``tox -e slow``); ten thousand by ``tox -e fuzz``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import srbench

CASES = 1000


@pytest.mark.slow
def test_no_case_ends_in_a_traceback_a_hang_or_a_wrong_exit_code():
    command = [sys.executable, str(Path(__file__).parent), "--count", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root's cases run as another user")
@pytest.mark.parametrize("mode", [0o700, 0o755], ids=oct)
def test_another_users_cases_are_left_out_where_they_could_not_import_srbench(tmp_path, mode):
    """As in an environment below root's home."""
    home = tmp_path / "home"
    source = Path(srbench.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, home / "srbench", ignore=ignored)
    if not (source / "_builtin").exists():  # a checkout
        shutil.copy(source.parent / "pyproject.toml", home)
        for name in ("methods", "datasets", "reports"):
            shutil.copytree(source.parent / name, home / name, ignore=ignored)
    for folder in tmp_path.relative_to("/tmp").parents if tmp_path.is_relative_to("/tmp") else ():
        (Path("/tmp") / folder).chmod((Path("/tmp") / folder).stat().st_mode | 0o055)
    tmp_path.chmod(0o755)
    home.chmod(mode)
    command = [sys.executable, str(Path(__file__).parent), "--only", "rights", "--case", "9"]
    environment = os.environ | {"PYTHONPATH": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    assert (f"rights: left out, since its cases run as another user, who may not read {home}" in done.stdout) == (
        mode == 0o700
    )
