"""Take the images out of an archive that a stranger packed: nothing may land elsewhere, be a link or be endless."""

from __future__ import annotations

import errno
import stat
import tarfile
import zipfile
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from srbench.dataset.folder import SUFFIXES
from srbench.errors import FetchError

MAX_MEMBERS = 100_000
MAX_FILE = 256 << 20  # bytes of one image file
MAX_TOTAL = 16 << 30  # bytes of everything in one archive
_CHUNK = 1 << 20  # bytes that are copied at once


@dataclass(frozen=True)
class _Member:
    name: str
    size: int  # as the archive states it, and neither zipfile nor tarfile reads more
    content: IO[bytes] | None  # of a file
    refused: str = ""  # what it is, if neither a file nor a folder


def unpack(archive: Path, target: Path, inside: str = "") -> list[Path]:
    """Write the image files below the folder ``inside`` of a zip or tar archive flat into ``target``.

    The whole archive is looked at, and ``target`` is to be thrown away if this raises.

    Raises:
        FetchError: not an archive, or a damaged one; a member that is a link or a device, or whose path leaves the
            archive; more members or bytes than any dataset has; two images of one name; no images.
    """
    target.mkdir(parents=True, exist_ok=True)
    folder = PurePosixPath(inside).parts
    written: dict[str, Path] = {}
    total = 0
    try:
        with closing(_members(archive)) as members:  # also where it is left in the middle
            for count, member in enumerate(members, start=1):
                path = _checked(member, archive)
                total += member.size
                if count > MAX_MEMBERS or total > MAX_TOTAL:
                    raise _refused(archive, f"it holds more than {MAX_MEMBERS:,} files or {MAX_TOTAL >> 30} GiB")
                below = path.parts[: len(folder)] == folder
                hidden = path.name.startswith(".") or "__MACOSX" in path.parts
                if member.content is None or hidden or not below or path.suffix.lower() not in SUFFIXES:
                    continue
                if path.name.lower() in written:
                    raise _refused(archive, f"it holds two images called '{path.name}'")
                if member.size > MAX_FILE:
                    raise _refused(archive, f"'{member.name}' is larger than {MAX_FILE >> 20} MiB")
                written[path.name.lower()] = target / path.name
                _copy(member.content, target / path.name)
    except (FetchError, MemoryError):
        raise
    except _CannotWriteError as error:
        if error.cause.errno == errno.ENAMETOOLONG:
            raise _refused(archive, "it holds a file whose name is longer than this file system takes") from error
        raise error.cause from error
    except Exception as error:
        # What the standard library raises of damaged bytes is not to be listed: beside its own errors OSError (gzip,
        # bz2), struct.error, NotImplementedError, KeyError, ValueError, UnicodeDecodeError and more.
        reason = str(error) or type(error).__name__
        raise FetchError(f"'{archive.name}' is damaged ({reason})", "fetch it again") from error
    if not written:
        where = f" in its folder '{inside}'" if inside else ""
        raise FetchError(f"'{archive.name}' holds no images{where}", "the distribution has changed: report it")
    return list(written.values())


class _CannotWriteError(Exception):
    """An OSError of the target, which says nothing about the archive."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _copy(content: IO[bytes], path: Path) -> None:
    try:
        stream = path.open("xb")
    except OSError as error:
        raise _CannotWriteError(error) from error
    with stream:
        while chunk := content.read(_CHUNK):
            try:
                stream.write(chunk)
                stream.flush()
            except OSError as error:
                raise _CannotWriteError(error) from error


def _members(archive: Path) -> Generator[_Member, None, None]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
                    yield _Member(info.filename, 0, None, "" if info.is_dir() else "a link")
                else:
                    with zipped.open(info) as stream:
                        yield _Member(info.filename, info.file_size, stream)
        return
    if not tarfile.is_tarfile(archive):
        with archive.open("rb") as start:
            raise FetchError(
                f"'{archive.name}' is no zip or tar archive (it begins with {start.read(16)!r})", "fetch it again later"
            )
    with tarfile.open(archive) as tarred:
        for entry in tarred:
            if entry.isfile():
                yield _Member(entry.name, entry.size, tarred.extractfile(entry))
            else:
                kind = "a link" if entry.issym() or entry.islnk() else "a device"
                yield _Member(entry.name, 0, None, "" if entry.isdir() else kind)


def _checked(member: _Member, archive: Path) -> PurePosixPath:
    # tarfile's own filter 'data' is no substitute: it lets links inside of the archive pass, takes the slash off an
    # absolute path, knows no drive letters on Linux, and there is none for zip archives.
    name = member.name.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":") or "\0" in name:
        raise _refused(archive, f"'{member.name}' wants to be written outside of the target folder")
    if member.refused:
        raise _refused(archive, f"'{member.name}' is {member.refused}")
    return path


def _refused(archive: Path, reason: str) -> FetchError:
    return FetchError(f"'{archive.name}' is refused: {reason}", "nothing of it was installed")
