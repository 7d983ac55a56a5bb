"""Weight files that are known by their hash: another file of the same name would give other values under one name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from srbench import paths
from srbench.errors import WeightsError
from srbench.records import VERSION_STEP


@dataclass(frozen=True)
class PinnedFile:
    """A published file.

    Args:
        sha256: in hex, as many digits of it as are published; empty where none is.
        address: where it is published.
    """

    name: str
    sha256: str
    address: str

    def find(self, elsewhere: Iterable[Path] = ()) -> Path | None:
        """The file in the folders of :func:`srbench.paths.weights`, else the first of the paths ``elsewhere`` that is
        there; None if it is nowhere. Its hash is not looked at."""
        candidates = [*(folder / self.name for folder in paths.weights()), *elsewhere]
        return next((path for path in candidates if path.is_file()), None)

    def require(self, path: Path) -> str:
        """The SHA-256 of ``path``; raises WeightsError unless that is this file's."""
        from srbench.weights.files import file_hash  # late: torch

        found = file_hash(path)
        if not found.startswith(self.sha256):
            wanted = f"{self.sha256}{'...' if len(self.sha256) < len(found) else ''}"
            raise WeightsError(
                f"'{path}' has sha256 {found}, not {wanted}: these are other weights",
                f"replace it by {self.address}",
            )
        return found


def version(declared: int, parts: Iterable[str]) -> int:
    """The version of a metric whose value ``parts`` decide (hashes of weights, settings): its author's count, and
    behind it a hash, as users' own metrics have it (:func:`srbench.records.declared_version`)."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return declared * VERSION_STEP + int(digest, 16) % VERSION_STEP
