"""Files that came from elsewhere, kept under the SHA-256 of their bytes, in a folder that does not grow for ever."""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from srbench.files import replace_file

MOST_BYTES = 4 << 30
_IN_USE = 600.0  # seconds after its last use in which a file is never removed
_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The files in ``folder``, which processes of one machine may share. The longest unused ones are removed when all
    take more than ``most`` bytes."""

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder, self._most = folder, most
        self._seen: set[str] = set()  # whose bytes this process has hashed

    def path(self, sha256: str) -> Path | None:
        """A file of these bytes; None if there is none, or if the one there is damaged."""
        path = self.folder / sha256
        try:
            if sha256 not in self._seen:
                with path.open("rb") as stream:
                    intact = hashlib.file_digest(stream, "sha256").hexdigest() == sha256
                if not intact:
                    path.unlink(missing_ok=True)
                    return None
            os.utime(path)
        except OSError:
            self._seen.discard(sha256)
            return None
        self._seen.add(sha256)
        return path

    def add(self, sha256: str, content: bytes) -> None:
        """Keep ``content``, whose hash the sender says ``sha256`` is.

        Raises:
            ValueError: it is another one.
            OSError: it cannot be written.
        """
        if not _NAME.fullmatch(sha256) or hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"these are not the bytes of {sha256}")
        with replace_file(self.folder / sha256) as stream:
            stream.write(content)
        self._seen.add(sha256)
        self._trim()

    def _trim(self) -> None:
        found = []
        for path in self.folder.iterdir():
            with suppress(OSError):  # another process was faster
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for used, size, path in sorted(found):
            if total <= self._most or time.time() - used < _IN_USE:
                return
            with suppress(OSError):
                path.unlink()
            total -= size
