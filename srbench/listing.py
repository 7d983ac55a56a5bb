"""Rows about registered things, kept in the user's cache folder.

A row is kept by the hash of the files that decide it, so a list imports only what has changed since the last one, and
an edited plugin is read anew. What cannot be imported is tried again every time.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from srbench import paths
from srbench.errors import SrbenchError
from srbench.files import replace_file
from srbench.foreign.contained import contained
from srbench.registry import Found, Registry, Source
from srbench.sources import source_files
from srbench.version import __version__

T = TypeVar("T")
Row = dict[str, Any]  # of JSON values, 'name' and 'origin' among them


def rows(
    registry: Registry[T],
    describe: Callable[[Found[T]], Row],
    code: Sequence[Path],
    state: Callable[[Path], str] = lambda path: "",
) -> list[Row]:
    """One row for everything built in and installed, in the registry's order.

    Args:
        describe: makes a row; of a broken thing too.
        code: the files in which that is written.
        state: what else decides the rows of things whose source file is given, as a text.

    Raises:
        MethodError: two things have one name.
    """
    path = paths.cache() / "lists" / f"{registry.kind}s.json"
    known, kept, result = _read(path), {}, []
    for source in registry.sources():
        key = _key(source, code, state)
        own = known.get(key)
        if own is None:
            own, broken = [], False
            for item in registry.open(source):
                row, is_broken = _described(item, describe)
                own.append(row)
                broken |= is_broken
            key = "" if broken else key
        if key:
            kept[key] = own
        result += own
    registry.require_distinct((row["name"], row["origin"]) for row in result)
    if kept != known:
        _write(path, kept)
    return result


def _described(item: Found[T], describe: Callable[[Found[T]], Row]) -> tuple[Row, bool]:
    """A row, and whether the thing is broken: it may be only when it is asked what it is."""
    try:
        with contained():
            return describe(item), bool(item.error)
    except SrbenchError as error:
        return describe(replace(item, value=None, error=str(error))), True


def _key(source: Source[T], code: Sequence[Path], state: Callable[[Path], str]) -> str:
    """Empty where it is not known which files decide."""
    path = source.path or located(source.module)
    if path is None:
        return ""
    digest = hashlib.sha256(f"{__version__} {source.name} {source.origin} {state(path)}".encode())
    for file in (*code, *source_files(path)):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def located(module: str) -> Path | None:
    """The file of a module that is not imported, nor are the packages it is in; None where that is not known."""
    parts, folders, origin = module.split("."), None, None
    for depth in range(1, len(parts) + 1):
        spec = importlib.machinery.PathFinder.find_spec(".".join(parts[:depth]), folders)
        if spec is None:
            return None
        folders, origin = spec.submodule_search_locations, spec.origin
    return Path(origin) if origin and origin.endswith(".py") else None


def _read(path: Path) -> dict[str, list[Row]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none yet, or it was written only in part
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, kept: dict[str, list[Row]]) -> None:
    # Without it the next list takes longer, that is all.
    with contextlib.suppress(OSError), replace_file(path) as stream:
        stream.write(json.dumps(kept).encode())
