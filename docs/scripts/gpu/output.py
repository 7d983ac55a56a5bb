"""What is handed back: few files of limited size in one flat folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

FILES, SIZE = 8, 16_000_000  # the most files, and bytes of each
LOG, TRAINING_LOG = 2_000_000, 200_000  # bytes that are kept of a log: its end
BLOCK = 512


def tail(path: Path, most: int) -> bytes:
    """The last ``most`` bytes of a file; all of a smaller one."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - most))
        return stream.read()


def last_line(path: Path) -> str:
    """The last line that is not empty; '' if there is none."""
    lines = tail(path, 4000).decode(errors="replace").split("\n") if path.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def bundle(target: Path, trainings: Sequence[Path], limit: int = SIZE) -> list[str]:
    """Write one tar of at most ``limit`` bytes of the folders of trainings: weights and cards first, then learning
    curves and logs, then checkpoints, the smallest first.

    Names in it are those of ``methods/weights``: NAME.safetensors, NAME.json and NAME.csv.

    Returns:
        the names of what did not fit.
    """
    members = [member for kind in (_weights, _logs, _checkpoints) for member in kind(trainings)]
    used, left_out = tarfile.RECORDSIZE, []
    with tarfile.open(target, "w") as archive:
        for name, data in members:
            size = BLOCK + -(-len(data) // BLOCK) * BLOCK
            if used + size > limit:
                left_out.append(name)
                continue
            used += size
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return left_out


def _weights(trainings: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for folder in trainings:
        for path in exported(folder):
            for file in (path, path.with_suffix(".json")):
                if file.is_file():
                    yield f"{folder.name}/{file.name}", file.read_bytes()


def _logs(trainings: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for folder in trainings:
        weights = exported(folder)
        stem = weights[0].stem if weights else "log"
        for file, name in (("log.csv", f"{stem}.csv"), ("curve.svg", "curve.svg"), ("train.log", "train.log")):
            if (folder / file).is_file():
                yield f"{folder.name}/{name}", tail(folder / file, TRAINING_LOG)


def _checkpoints(trainings: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    found = [folder / "checkpoint.pt" for folder in trainings if (folder / "checkpoint.pt").is_file()]
    for path in sorted(found, key=lambda path: path.stat().st_size):
        yield f"{path.parent.name}/{path.name}", path.read_bytes()


def exported(folder: Path) -> list[Path]:
    """The weight files of a training: none or one."""
    return sorted(path for path in folder.glob("*.safetensors") if path.with_suffix(".json").is_file())


def hold_limits(folder: Path, keep: str) -> list[str]:
    """Delete files that are larger than :data:`SIZE`, then the largest beyond :data:`FILES` less one, the place of
    ``keep``, which is written last; returns the names of what was deleted."""
    files = sorted((p for p in folder.iterdir() if p.is_file() and p.name != keep), key=lambda p: p.stat().st_size)
    surplus = [p for i, p in enumerate(files) if i >= FILES - 1 or p.stat().st_size > SIZE]
    for path in surplus:
        path.unlink()
    return [path.name for path in surplus]
