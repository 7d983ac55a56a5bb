"""Files that are written whole or not at all, and what is said of those that cannot be."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import srbench
from srbench.errors import ImageError, SrbenchError
from srbench.files import replace_file, safe_name, writing, writing_into


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    for text in (b"first", b"second"):
        with replace_file(path) as stream:
            stream.write(text)
            assert not path.exists() or path.read_bytes() != text
        assert path.read_bytes() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_was_there_stays_when_writing_ends_early(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write():
        with replace_file(path) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_mode_is_as_the_umask_says(tmp_path, umask):
    before = os.umask(umask)
    try:
        with replace_file(tmp_path / "a.txt") as stream:
            stream.write(b"text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o666 & ~umask


def test_names_that_are_safe_stay_and_others_stay_apart():
    assert [safe_name(name) for name in ("baby", "img_001.x4-a", "ö")] == ["baby", "img_001.x4-a", "ö"]
    changed = [safe_name(name) for name in ("a/b", "a b", "../a_b", "..", "x" * 81, "x" * 82)]
    assert len(set(changed)) == len(changed)
    assert all(Path(name).name == name and not name.startswith(".") and len(name) < 100 for name in changed)


def test_an_error_of_the_system_becomes_one_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    place = tmp_path / "file" / "a.png"
    raised = pytest.raises(ImageError)
    with raised as caught, writing(place, "choose another --output", ImageError), replace_file(place):
        pass
    assert str(caught.value) == f"cannot write '{place}' (File exists); choose another --output"
    full = r"^cannot write into 'f' \(No space left on device\); go$"
    with pytest.raises(SrbenchError, match=full), writing_into("f", "go"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(SrbenchError, match=r"\(unknown file extension\)"), writing("f", "go"):
        raise OSError("unknown file extension")


def test_other_errors_pass():
    with pytest.raises(ValueError, match="other"), writing("f", "go"):
        raise ValueError("other")


def test_the_module_needs_the_standard_library_alone():
    code = "import sys; import srbench.files; print(*{name.partition('.')[0] for name in sys.modules})"
    root = Path(srbench.__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert set(run.stdout.split()).isdisjoint({"numpy", "torch", "PIL", "rich", "typer", "msgspec"})
