"""Take the images out of an archive that a stranger packed: nothing may land elsewhere, be a link or be endless."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from srbench.dataset.manifest import SUFFIXES
from srbench.errors import FetchError

MAX_MEMBERS = 100_000
MAX_FILE = 256 << 20  # bytes of one image file
MAX_TOTAL = 16 << 30  # bytes of everything in one archive
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Member:
    name: str
    size: int  # as the archive states it; what is really there is counted while it is written
    kind: str  # 'file', 'folder' or what else it is
    open: IO[bytes] | None  # of a file


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
                if member.open is None or hidden or not below or path.suffix.lower() not in SUFFIXES:
                    continue
                if path.name.lower() in written:
                    raise _refused(archive, f"it holds two images called '{path.name}'")
                written[path.name.lower()] = target / path.name
                _write(member, target / path.name, archive)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        raise FetchError(f"'{archive.name}' is damaged ({error})", "fetch it again") from error
    if not written:
        where = f" in its folder '{inside}'" if inside else ""
        raise FetchError(f"'{archive.name}' holds no images{where}", "the distribution has changed: report it")
    return list(written.values())


def _members(archive: Path) -> Generator[_Member, None, None]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                mode = info.external_attr >> 16
                if info.is_dir():
                    yield _Member(info.filename, 0, "folder", None)
                elif stat.S_ISLNK(mode):
                    yield _Member(info.filename, 0, "a link", None)
                else:
                    with zipped.open(info) as stream:
                        yield _Member(info.filename, info.file_size, "file", stream)
        return
    if not tarfile.is_tarfile(archive):
        with archive.open("rb") as start:
            raise FetchError(
                f"'{archive.name}' is no zip or tar archive (it begins with {start.read(16)!r})", "fetch it again later"
            )
    with tarfile.open(archive) as tarred:
        for entry in tarred:
            if entry.isdir():
                yield _Member(entry.name, 0, "folder", None)
            elif entry.isfile():
                yield _Member(entry.name, entry.size, "file", tarred.extractfile(entry))
            else:
                kind = "a link" if entry.issym() or entry.islnk() else "a device"
                yield _Member(entry.name, 0, kind, None)


def _checked(member: _Member, archive: Path) -> PurePosixPath:
    name = member.name.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":") or "\0" in name:
        raise _refused(archive, f"'{member.name}' wants to be written outside of the target folder")
    if member.kind not in ("file", "folder"):
        raise _refused(archive, f"'{member.name}' is {member.kind}")
    return path


def _write(member: _Member, path: Path, archive: Path) -> None:
    assert member.open is not None
    left = MAX_FILE
    with path.open("xb") as stream:
        while piece := member.open.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise _refused(archive, f"'{member.name}' is larger than {MAX_FILE >> 20} MiB")
            stream.write(piece)


def _refused(archive: Path, reason: str) -> FetchError:
    return FetchError(f"'{archive.name}' is refused: {reason}", "nothing of it was installed")
