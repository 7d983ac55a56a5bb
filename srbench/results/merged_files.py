"""The image files of results folders that are merged: brought into the merged folder, each under a path of its own."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Protocol

from srbench.errors import ImageError, StoreError
from srbench.files import copy_file, writing
from srbench.imaging.images import below


class Counts(Protocol):
    """What is told of the files: how many came, and which are missing where they should be."""

    images: int
    missing: list[str]


def bring(
    out: Path,
    sources: Sequence[tuple[Path, Path, dict[str, str]]],
    before: Path | None,
    counts: Counts,
    told: Callable[[str, int, int], None],
) -> None:
    """Bring every file that a source tells of into ``out``: as another name of the same file where the file system can
    do that, else as a copy.

    Args:
        sources: folder, tables, and what is to be filled: the paths that differ in ``out``, for another image has them.
        before: the tables that ``out`` has now; None where it has none.
    """
    told_before = {} if before is None else _referenced(before)
    known = {path: digest for path, digest in told_before.items() if (out / path).is_file()}
    told_of = [(folder, moved, _referenced(tables)) for folder, tables, moved in sources]
    wanted = [(folder, moved, *item) for folder, moved, files in told_of for item in files.items()]
    for number, (folder, moved, path, digest) in enumerate(wanted):
        told("bringing images", number, len(wanted))
        if digest and known.get(path) == digest:
            continue
        try:
            file = below(folder, path)
        except ImageError:
            counts.missing.append(f"{folder / path}")
            continue
        target = path
        if (out / path).exists() and not _same(file, out / path):
            target = _other_name(path, file)
            moved[path] = target
        if not (out / target).exists():
            with writing(out / target, "free some space and merge again", StoreError):
                _put(file, out / target)
            counts.images += 1
        known.setdefault(target, digest)


def _referenced(tables: Path) -> dict[str, str]:
    """The files that tables tell of, with the hash of the pixels where that is known; of a path that several outcomes
    have, what the newest one says."""
    with closing(sqlite3.connect(tables)) as database:
        images = database.execute("SELECT sr_path, sr_sha256 FROM outcomes WHERE sr_path <> '' ORDER BY id").fetchall()
        details = database.execute("SELECT content FROM score_details WHERE content LIKE '%\"entropy\"%'").fetchall()
    found = {path: digest for path, digest in images if _is_plain(path)}
    for (content,) in details:
        path = json.loads(content).get("entropy")
        if isinstance(path, str) and _is_plain(path):
            found[path] = ""
    return found


def _is_plain(path: str) -> bool:
    """Whether a path stays below the folder that it is from, and below any other."""
    own = PurePosixPath(path)
    return bool(own.parts) and not own.is_absolute() and ".." not in own.parts and "\\" not in path and "\0" not in path


def _same(file: Path, other: Path) -> bool:
    return file.samefile(other) or filecmp.cmp(file, other, shallow=False)


def _other_name(path: str, file: Path) -> str:
    """Of another image than the one that has ``path`` in the merged folder: the same at every merge."""
    own = PurePosixPath(path)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:8]
    return str(own.with_name(f"{own.stem}-{digest}{own.suffix}"))


def _put(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:  # another file system, or one without links
        copy_file(file, target)
