"""SR images that runs kept in a results folder, for scoring them under other settings."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import facts_of
from srbench.errors import ImageError
from srbench.imaging.images import Pixels, below, pixel_hash, read_image
from srbench.records import Outcome
from srbench.results.reader import Reader


class KeptImages:
    """The kept images of one method, of bicubic LR images, without tiles and the like.

    HR images are known by their pixels: what a folder is called in the results is not known here.
    """

    def __init__(self, folder: Path, method: str) -> None:
        self._folder = folder
        self._outcomes: dict[tuple[str, int, float, str], list[Outcome]] = defaultdict(list)
        with Reader(folder) as reader:
            outcomes = {row.cell_id: row.outcome for row in reader.outcomes() if row.outcome.sr_path}
            for row in reader.planned():
                facts = row.facts
                plain = facts.options == "" and facts.degradation.partition("/")[0] == "bicubic"
                if facts.method == method and plain and row.cell_id in outcomes:
                    key = (facts.image_sha256, facts.image_channels, facts.scale, facts.protocol)
                    self._outcomes[key].append(outcomes[row.cell_id])

    def of(self, image: ImageFile, scale: float, rules: str) -> Pixels | None:
        """The newest one of an HR image under the protocol ``rules``, if its file still has the pixels that were
        scored."""
        own = facts_of(image.read(), image.name)
        for outcome in reversed(self._outcomes[own.sha256, own.channels, scale, rules]):
            with suppress(ImageError):
                pixels = read_image(below(self._folder, outcome.sr_path))
                if pixel_hash(pixels) == outcome.sr_sha256:
                    return pixels
        return None
