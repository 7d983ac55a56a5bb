"""Which pixels image files hold, remembered from run to run, so that a run of thousands of known images does not decode
them all before it begins.

A file is taken for the one that was decoded while its size, its times and its place on the disk are the same, and
while srbench decodes as it did then. Whatever a run computes is computed from the decoded file, whose pixels are
compared with what was remembered (:class:`srbench.run.cache.ImageCache`): a wrong memory is an error, and no score.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import PIL

from srbench import paths
from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.files import write_text
from srbench.version import __version__

FILE = "images.json"
SETTLED = 2.0  # seconds after which a file's times tell whether it was changed once more
MOST = 200_000  # files that are remembered


class KnownImages:
    """What is remembered, read once; :meth:`keep` adds to it."""

    def __init__(self) -> None:
        self._path = paths.cache() / FILE
        self._known = _read(self._path)

    def facts(self, image: ImageFile) -> ImageFacts | None:
        """Of a file that has not changed since it was decoded; None of any other."""
        mark = _mark(image)
        found = self._known.get(_key(image))
        if mark is None or not isinstance(found, list) or len(found) != 5 or found[0] != mark:
            return None
        _, width, height, channels, sha256 = found
        if not all(type(n) is int for n in (width, height, channels)) or not isinstance(sha256, str):
            return None
        return ImageFacts(image.path.name, width, height, channels, sha256)

    def mark(self, image: ImageFile) -> list[int] | None:
        """What a file looks like from outside, to be taken before it is read."""
        return _mark(image)

    def keep(self, decoded: Mapping[ImageFile, tuple[list[int] | None, ImageFacts]]) -> None:
        """Remember files, each with its mark of before it was read. Where the cache cannot be written, nothing is."""
        now = time.time_ns()
        fresh = {
            _key(image): [mark, facts.width, facts.height, facts.channels, facts.sha256]
            for image, (mark, facts) in decoded.items()
            # A file that was changed a moment ago may change again within one tick of the clock that marks it.
            if mark is not None and mark == _mark(image) and now - max(mark[1:3]) > SETTLED * 1e9
        }
        if not fresh:
            return
        # What other runs kept meanwhile stays; of too many, the oldest go.
        images = {**{key: own for key, own in _read(self._path).items() if key not in fresh}, **fresh}
        self._known = dict(list(images.items())[-MOST:])
        try:
            write_text(self._path, json.dumps({"decoder": _decoder(), "images": self._known}))
        except OSError:
            return


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("decoder") != _decoder():
        return {}
    images = content.get("images")
    return images if isinstance(images, dict) else {}


def _key(image: ImageFile) -> str:
    crop = "" if image.crop is None else f" {image.crop}"
    return f"{image.path.absolute()}{crop}"


def _mark(image: ImageFile) -> list[int] | None:
    """Size, times of change (ns) and place of a file; None if it is not there."""
    try:
        status = image.path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


@functools.cache
def _decoder() -> str:
    """What decides which pixels come out of a file: Pillow, and the code here."""
    digest = hashlib.sha256(f"{__version__} {PIL.__version__}".encode())
    package = Path(__file__).resolve().parents[1]
    for file in (*sorted((package / "imaging").glob("*.py")), *sorted((package / "dataset").glob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()
