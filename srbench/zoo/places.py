"""Where the zoo's files are on this machine: fetched into the user's cache, or in a folder of ``$SRBENCH_CHECKPOINTS``.

A file is taken for what its hash says it is, whatever it is called.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from srbench import paths
from srbench.errors import WeightsError
from srbench.files import write_text
from srbench.zoo.manifest import Checkpoint, checkpoints

_WEIGHTS = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")


def folder() -> Path:
    """Where fetched files go."""
    return paths.cache() / "zoo"


def find(checkpoint: Checkpoint) -> Path | None:
    """Its file on this machine: byte for byte the one of the manifest, else a copy with the same tensors; None where
    there is none."""
    own = sorted(folder().glob(f"{checkpoint.name}.*"))
    others = [path for place in paths.checkpoints() for path in sorted(place.glob("*"))]
    there = [path for path in (*own, *others) if path.is_file()]
    for path in there:
        if path.stat().st_size == checkpoint.size and sha256(path) == checkpoint.sha256:
            return path
    return next((path for path in there if _is_another_copy(path, checkpoint)), None)


def _is_another_copy(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether a file holds the checkpoint's tensors in another wrapping: zipped again, or converted."""
    size = path.stat().st_size
    if not checkpoint.tensors or path.suffix.lower() not in _WEIGHTS or not _alike(size, checkpoint.size):
        return False
    return tensors_of(path) == checkpoint.tensors


def _alike(size: int, other: int) -> bool:
    """Whether two files of so many bytes can hold the same tensors."""
    return abs(size - other) <= max(other // 20, 4096)


def tensors_of(path: Path, state: str = "") -> str:
    """:func:`srbench.weights.fingerprint.fingerprint` of the state in a file that would be run, or of the one called
    ``state``; empty where none can be read."""
    status = path.stat()
    return _tensors(path, state, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _tensors(path: Path, state: str, changed: int, size: int) -> str:
    from srbench.weights.files import load_state  # late: torch is not needed where hashes of files tell
    from srbench.weights.fingerprint import fingerprint

    try:
        return fingerprint(load_state(path, state)[0])
    except WeightsError:
        return ""


def require_here(checkpoint: Checkpoint) -> Path:
    """Its file on this machine.

    Raises:
        WeightsError: there is none; with the line that brings it.
    """
    path = find(checkpoint)
    if path is None:
        raise WeightsError(f"{checkpoint.spec} ({checkpoint.title}) is not on this machine", how_to_get(checkpoint))
    return path


def remember(checkpoint: Checkpoint, path: Path) -> None:
    """Write beside a fetched file what its tensors are, where the manifest does not say; raises OSError."""
    if not checkpoint.tensors and (tensors := tensors_of(path)):
        write_text(folder() / f"{checkpoint.name}.json", json.dumps({checkpoint.name: tensors}))


def by_tensors() -> dict[str, Checkpoint]:
    """The checkpoints whose tensors are known, from manifests or from what was fetched, by their hash."""
    every = checkpoints()
    known = {checkpoint.tensors: checkpoint for checkpoint in every.values() if checkpoint.tensors}
    for path in sorted(folder().glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for name, tensors in content.items() if isinstance(content, dict) else ():
            if name in every and isinstance(tensors, str):
                known.setdefault(tensors, every[name])
    return known


def recognised(path: Path, state: str = "") -> Checkpoint | None:
    """The checkpoint of the zoo whose tensors a file holds, whatever it is called; None for any other file.

    Args:
        state: the name of the state that is taken of it.
    """
    known = by_tensors()
    try:
        size = path.stat().st_size
        if not any(_alike(size, checkpoint.size) for checkpoint in known.values()):
            return None
        return known.get(tensors_of(path, state))
    except OSError:
        return None


def how_to_get(checkpoint: Checkpoint) -> str:
    """The command that brings its file, and what to do before."""
    if checkpoint.forbids:
        return (
            f"its licence forbids {checkpoint.forbids}: ask its authors ({checkpoint.homepage or checkpoint.address})"
        )
    if checkpoint.by_hand:
        return f"get {checkpoint.address} by hand, then: srbench fetch {checkpoint.spec} --file FILE"
    return f"srbench fetch {checkpoint.spec}"


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes; raises WeightsError if it cannot be read."""
    try:
        status = path.stat()
        return _sha256(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise WeightsError(
            f"cannot read '{path}' ({error.strerror})", "check the path and your rights to it"
        ) from error


@lru_cache(maxsize=256)
def _sha256(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
