"""Several results folders made one, where their names allow it: a name in a results folder stands for one thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srbench.errors import StoreError
from srbench.results import merge as merging
from srbench.results.merge import Merged, Told
from srbench.results.reader import Run
from srbench.run.recorded import name_used_otherwise


def merge(sources: Sequence[Path], out: Path, told: Told = lambda *_: None) -> Merged:
    """As :func:`srbench.results.merge.merge`.

    Raises:
        StoreError: as there; or a name, of a folder of images or of a method, is another thing's in two folders.
    """
    return merging.merge(sources, out, told, _agree)


def _agree(folders: Sequence[tuple[Path, Sequence[Run]]]) -> None:
    seen: list[tuple[Path, list[dict[str, Any]]]] = []
    for folder, runs in folders:
        manifests = [run.manifest for run in runs]
        for other, theirs in seen:
            if name := next(filter(None, (name_used_otherwise(own, theirs) for own in manifests)), ""):
                raise StoreError(
                    f"'{name}' in '{folder}' is not what it is in '{other}': another folder of images, a method "
                    "from another file, or a protocol that decides otherwise",
                    "run it again under another name, or merge into two folders; srbench drop takes it out of one",
                )
        seen.append((folder, manifests))
