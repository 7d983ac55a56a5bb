"""Whatever a command writes is written whole: where that fails, what stood there before is still there."""

import os
from pathlib import Path

import pytest

from srbench import files


@pytest.fixture
def folder(made_up):
    return made_up(methods=2, datasets={"set5": 5})


@pytest.fixture
def thresholds(srbench, folder, tmp_path):
    path = tmp_path / "given.toml"
    assert srbench("check", folder, "--write-baseline", path).exit_code == 0
    return path


COMMANDS = {
    "page": ("report", "FOLDER", "--output", "FILE"),
    "csv": ("report", "FOLDER", "--format", "csv", "--output", "FILE"),
    "json": ("report", "FOLDER", "--format", "json", "--output", "FILE"),
    "markdown": ("report", "FOLDER", "--format", "markdown", "--output", "FILE"),
    "latex": ("report", "FOLDER", "--format", "latex", "--output", "FILE"),
    "comparison": ("report", "FOLDER", "--compare", "1", "1", "--output", "FILE"),
    "baseline": ("check", "FOLDER", "--write-baseline", "FILE"),
    "junit": ("check", "FOLDER", "--thresholds", "GIVEN", "--junit", "FILE"),
    "summary": ("check", "FOLDER", "--thresholds", "GIVEN", "--summary", "FILE"),
}


@pytest.fixture(params=COMMANDS)
def written(request, srbench, folder, thresholds):
    """Runs a command that writes a file; its exit code."""

    def call(path):
        names = {"FOLDER": folder, "FILE": path, "GIVEN": thresholds}
        return srbench(*(names.get(part, part) for part in COMMANDS[request.param]))

    return call


class Full:
    """A file on a disk that has no space left after some bytes."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, content):
        self._stream.write(content[:10])
        raise OSError(28, "No space left on device")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()


def test_a_full_disk_leaves_what_was_there(written, tmp_path, monkeypatch):
    path = tmp_path / "out" / "file"
    assert written(path).exit_code == 0
    good = path.read_bytes()
    opened = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: Full(opened(self, *a, **k)) if "x" in str(a) else opened(self, *a, **k)
    )
    result = written(path)
    monkeypatch.undo()
    assert result.exit_code == 2, result.output
    assert result.stderr.splitlines()[-1].startswith(f"error: cannot write '{path}' (No space left on device)")
    assert path.read_bytes() == good
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_and_its_file_is_replaced(written, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "real", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    assert written(link).exit_code == 0
    assert link.is_symlink()
    assert target.read_text() != "before"


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.write_text(pipe, "text \udcff")
    assert os.read(reading, 100) == rb"text \udcff"
    os.close(reading)
    assert pipe.is_fifo()


def test_every_writer_of_text_replaces_files():
    """No module writes a file in place: those that do are named here with the reason."""
    package = Path(files.__file__).parent
    writers = {
        str(path.relative_to(package))
        for folder in ("cli", "gate", "report", "results", "run")
        for path in (package / folder).rglob("*.py")
        if ".write_text(" in path.read_text() or ".write_bytes(" in path.read_text() or "copyfile(" in path.read_text()
    }
    assert writers == {"results/opening.py"}  # into a temporary folder
