"""A folder of frames as a clip."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from srbench.dataset.folder import SUFFIXES, image_files, size_by_head
from srbench.errors import ImageError, first_few
from srbench.imaging.pictures import read_picture
from srbench.video.clip import ClipFacts, Colour, Frame, Say, untagged
from srbench.wording import counted

RATE = Fraction(25)  # frames per second where nobody says otherwise


def frame_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """The key by which names of frames are in order: numbers in them as numbers, so that 'f10' follows 'f9'."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), part) if part.isdecimal() else (0, 0, part.lower()) for part in parts)


class FolderClip:
    """The images of a folder, one a frame, in the order of the numbers in their names.

    Args:
        rate: frames per second.

    Raises:
        ImageError: no image there, or frames of several sizes.
    """

    def __init__(self, folder: Path, rate: Fraction = RATE) -> None:
        self._folder = folder
        self._files = sorted(image_files(folder), key=lambda path: frame_order(path.stem))
        if not self._files:
            raise ImageError(f"no frames in '{folder}'", f"srbench reads {', '.join(s[1:].upper() for s in SUFFIXES)}")
        self._require_one_size()
        height, width = read_picture(self._files[0]).pixels.shape[:2]
        colour = Colour(matrix=untagged(height))
        self.facts = ClipFacts((height, width), len(self._files), rate, 1 / rate, colour=colour)

    def _require_one_size(self) -> None:
        sizes: dict[tuple[int, int], list[str]] = {}
        for path in self._files:
            sizes.setdefault(size_by_head(path), []).append(path.name)
        sizes.pop((0, 0), None)  # reading it says what is wrong
        if len(sizes) > 1:
            (one, most), (other, few) = sorted(sizes.items(), key=lambda item: -len(item[1]))[:2]
            raise ImageError(
                f"frames of several sizes in '{self._folder}': {counted(len(most), 'frame')} of {one[0]}x{one[1]}, "
                f"but {first_few(few)} of {other[0]}x{other[1]}",
                "give the frames of one clip",
            )

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in self._files:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def frames(self, say: Say) -> Iterator[Frame]:
        dropped = False
        for number, path in enumerate(self._files):
            picture = read_picture(path)
            if picture.alpha is not None and not dropped:
                say(f"'{path.name}': the alpha channel is dropped, here and in later frames")
                dropped = True
            if picture.pixels.shape[:2] != self.facts.size:  # as an orientation in the file can have it
                height, width = picture.pixels.shape[:2]
                raise ImageError(
                    f"'{path}' has another size than the frames before it: {width}x{height}", "see how it is rotated"
                )
            yield Frame(number, picture.pixels, number, path.stem)
