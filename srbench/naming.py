"""Names of what users give as files and folders: as short as they can be while they differ.

Two names that differ in case alone, or in how Unicode spells them, count as one: file systems keep files of such names
as one file.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path


def fold(name: str) -> str:
    """What two names have in common that a file system may take for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def told_apart(things: Sequence[tuple[str, Path]], taken: Collection[str] = ()) -> list[str]:
    """A name for each of some things that lie in folders.

    Args:
        things: what each is called, and the folder that it lies in.
        taken: names that other things have.

    Returns:
        the things' own names, with as many of the folders above before them as it takes: no two are alike, and none
        is taken.

    >>> told_apart([("HR", Path("/data/A")), ("HR", Path("/data/B")), ("LR", Path("/data/A"))])
    ['A/HR', 'B/HR', 'LR']
    """
    used = {fold(name) for name in taken}
    depths = [0] * len(things)

    def clashing(names: list[str]) -> list[int]:
        counts = Counter(map(fold, names))
        return [i for i, name in enumerate(names) if counts[fold(name)] > 1 or fold(name) in used]

    while True:
        names = [_below(name, folder, depth) for (name, folder), depth in zip(things, depths, strict=True)]
        deeper = [i for i in clashing(names) if depths[i] < len(_folders(things[i][1]))]
        if not deeper:
            break
        for i in deeper:
            depths[i] += 1
    for i in clashing(names):  # folders that differ in case alone
        names[i] = marked(names[i], str(things[i][1] / things[i][0]))
    return names


def names_of_files(files: Sequence[Path]) -> list[str]:
    """A name for each file of one folder: its stem, or its whole name where stems are alike.

    >>> names_of_files([Path("x.png"), Path("x.jpg"), Path("x.png.png"), Path("y.png")])
    ['x.png', 'x.jpg', 'x.png.png', 'y']
    """
    whole: set[int] = set()
    while True:
        names = [path.name if i in whole else path.stem for i, path in enumerate(files)]
        counts = Counter(map(fold, names))
        clashing = {i for i, name in enumerate(names) if counts[fold(name)] > 1}
        if clashing <= whole:
            break
        whole |= clashing
    return [marked(name, name) if i in clashing else name for i, name in enumerate(names)]


def marked(name: str, whole: str) -> str:
    """``name`` with a mark behind it that is that of ``whole``."""
    return f"{name}-{hashlib.sha256(whole.encode(errors='surrogateescape')).hexdigest()[:8]}"


def _below(name: str, folder: Path, depth: int) -> str:
    return "/".join((*_folders(folder)[-depth:], name)) if depth else name


def _folders(folder: Path) -> tuple[str, ...]:
    return folder.parts[1:] if folder.anchor else folder.parts
