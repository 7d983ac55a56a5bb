"""What the system refuses becomes one line with a hint that helps, and damage alone is called damage."""

import errno

import pytest

from srbench.errors import INTACT, SrbenchError, UnknownNameError, hint_for, reason_of, refused_by_the_system


class DecompressionBombError(Exception):
    """As Pillow has it, which is not imported where hints are made."""


HINTS = [
    (FileNotFoundError(errno.ENOENT, "x", "f"), "check the path"),
    (NotADirectoryError(errno.ENOTDIR, "x", "f"), "a file stands where"),
    (IsADirectoryError(errno.EISDIR, "x", "f"), "name a file, not a folder"),
    (PermissionError(errno.EACCES, "x", "f"), "get the right to it"),
    (PermissionError(errno.EPERM, "x", "f"), "get the right to it"),
    (OSError(errno.EROFS, "x", "f"), "can only be read"),
    (OSError(errno.ENAMETOOLONG, "x", "f"), "shorter name"),
    (OSError(errno.ENOSPC, "x", "f"), "make room"),
    (OSError(errno.EDQUOT, "x", "f"), "make room"),
    (OSError(errno.ELOOP, "x", "f"), "leads back to itself"),
    (OSError(errno.EMFILE, "x", "f"), "open files"),
    (MemoryError(), "more memory"),
    (RecursionError(), "nested too deeply"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "save it as UTF-8"),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"), "names that are UTF-8"),
    (DecompressionBombError("x"), "cut it into parts"),
    (ModuleNotFoundError("No module named 'codec'"), "install what is missing"),
]


@pytest.mark.parametrize(("error", "hint"), HINTS, ids=lambda value: type(value).__name__)
def test_a_hint_is_of_the_kind_of_the_error(error, hint):
    assert hint in hint_for(error)
    assert INTACT not in hint_for(error)


@pytest.mark.parametrize("error", [OSError("broken data stream"), ValueError("x"), SyntaxError("x"), OSError(5, "I/O")])
def test_what_only_the_content_explains_is_damage(error):
    assert hint_for(error) == INTACT
    assert hint_for(error, "another hint") == "another hint"


SYSTEM = [
    (PermissionError(errno.EACCES, "Permission denied", "a b"), "cannot use 'a b' (Permission denied); get the right"),
    (OSError(errno.ENAMETOOLONG, "File name too long", "x"), "cannot use 'x' (File name too long); use a shorter name"),
    (OSError(errno.EXDEV, "Invalid link", "a", None, "b"), "cannot use 'a' and 'b' (Invalid link); check the path"),
    (OSError(errno.ENOSPC, "No space left on device"), "cannot use a file (No space left on device); make room"),
    (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "x"), "'a\\udcff' cannot be written as utf-8"),
    (UnicodeDecodeError("utf-8", b"a\xff", 1, 2, "x"), "a file is not utf-8 (byte 1); save it as UTF-8"),
    (MemoryError(), "out of memory"),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to ..."), "out of memory"),
    (RecursionError(), "nested too deeply"),
]


@pytest.mark.parametrize(("error", "line"), SYSTEM, ids=lambda value: type(value).__name__)
def test_what_the_system_refuses_is_one_line(error, line):
    told = refused_by_the_system(error)
    assert isinstance(told, SrbenchError)
    assert told.exit_code == 2
    assert line in str(told)
    assert "\n" not in str(told)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("x"), OSError("x"), TypeError()])
def test_faults_of_the_program_are_not_blamed_on_the_system(error):
    assert refused_by_the_system(error) is None


def test_a_reason_is_one_line_and_never_empty():
    class UnprintableError(Exception):
        def __str__(self):
            raise ValueError

    assert reason_of(ValueError("\n first \n second")) == "first"
    assert reason_of(KeyError()) == "KeyError"
    assert reason_of(UnprintableError()) == "UnprintableError"
    assert reason_of(OSError(errno.EACCES, "Permission denied", "f")) == "Permission denied"


def test_an_unknown_name_may_be_anything():
    assert "unknown method '" in str(UnknownNameError("method", "x" * 5000, ["a"]))
    assert len(str(UnknownNameError("method", "x" * 5000, ["a"]))) < 200
    assert "unknown method 'None'" in str(UnknownNameError("method", None, ["a"]))
