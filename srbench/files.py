"""Files that are written whole or not at all, names that are safe as file names, and the error of a file that cannot
be written."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from srbench.errors import SrbenchError, reason_of

_PART = ".part-"  # begins the name of a file that is not whole yet
_LONGEST = 80  # characters of a name that are kept


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose content becomes the file at ``path`` when all of it is written, and never before.

    Folders on the path are made. The file's mode is that of any new file, as the umask says.

    Raises:
        OSError: the file cannot be written; what was at ``path`` before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # tempfile would make it readable by its owner alone, and the umask cannot be read without setting it.
    temporary = path.with_name(f"{_PART}{secrets.token_hex(8)}{path.suffix}")
    stream = temporary.open("xb")
    try:
        with stream:
            yield stream
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def new_file(path: Path, content: bytes) -> bool:
    """Put a file at ``path`` that has all of its content from its first moment on; returns whether there was none.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f"{_PART}{secrets.token_hex(8)}{path.suffix}")
    try:
        part.write_bytes(content)
        try:
            path.hardlink_to(part)
        except FileExistsError:
            return False
        except OSError:  # a file system without links; of two processes at once the second replaces the same content
            if path.exists():
                return False
            part.replace(path)
        return True
    finally:
        part.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Remove what :func:`replace_file` left below a folder where it was killed. Only while nobody writes there."""
    for place, _, names in os.walk(folder):
        for name in names:
            if name.startswith(_PART):
                Path(place, name).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Make ``text`` the content of a file, as UTF-8: all of it or none. A device or a pipe is written to; of a link,
    the file that it points to is replaced.

    Raises:
        OSError: as of :func:`replace_file`.
    """
    content = text.encode("utf-8", "backslashreplace")  # file names may hold bytes that are no UTF-8
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    with replace_file(path.resolve() if path.is_symlink() else path) as stream:
        stream.write(content)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file: whole or not at all. Folders on the path are made.

    Raises:
        OSError: ``source`` cannot be read or ``target`` written.
    """
    with source.open("rb") as stream, replace_file(target) as copy:
        shutil.copyfileobj(stream, copy)


def safe_name(name: str) -> str:
    """``name`` as a file name; names that had to be changed get a mark, so that two do not become one."""
    safe = re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:_LONGEST]
    return safe if safe == name else f"{safe}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def expanded(text: str | Path) -> Path:
    """A path as a user wrote it, with ``~`` and ``~name`` as the shell has them; that of a user who is not here is
    left as it is, and leads nowhere."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - that of Path raises


@contextmanager
def writing(place: Path | str, hint: str, error: type[SrbenchError] = SrbenchError) -> Iterator[None]:
    """Turn an OSError of the block into one line that names ``place``.

    Args:
        place: the file that cannot be written.
        hint: what the user can do.

    Raises:
        error: the block raised an OSError.
    """
    with _told(f"cannot write '{place}'", hint, error):
        yield


@contextmanager
def writing_into(folder: Path | str, hint: str, error: type[SrbenchError] = SrbenchError) -> Iterator[None]:
    """As :func:`writing`, for the files of a folder."""
    with _told(f"cannot write into '{folder}'", hint, error):
        yield


@contextmanager
def _told(what: str, hint: str, error: type[SrbenchError]) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise error(f"{what} ({reason_of(cause)})", hint) from cause
