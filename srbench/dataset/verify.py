"""Whether the images on this machine are the published ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.dataset.locate import ImageFile, image_paths
from srbench.dataset.manifest import ImageFacts, Manifest
from srbench.errors import ImageError

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels


@dataclass(frozen=True)
class Verdict:
    """What :func:`check_images` says of one image.

    ``verdict`` is 'identical', 'other pixels', 'wrong size', 'missing', 'unreadable', or 'not recorded'
    where there is nothing to compare it with.
    """

    image: str
    verdict: str
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.verdict == "identical"


def check_images(manifest: Manifest) -> Iterator[Verdict]:
    """Compare the images on this machine with their manifest, one after the other."""
    files = image_paths(manifest)
    if manifest.clips:
        yield from _check_clips(manifest, files)
        return
    if not manifest.recorded:
        yield from (Verdict(name, "not recorded") for name in files)
        yield from (Verdict(f"image {i + 1}", "missing") for i in range(len(files), manifest.count))
    for facts in manifest.images:
        if facts.name not in files:
            yield Verdict(facts.name, "missing")
            continue
        try:
            pixels = ImageFile(facts.name, files[facts.name], facts.crop, facts).read()
        except ImageError as error:
            yield Verdict(facts.name, "unreadable", error.message)
            continue
        yield judge(facts, pixels)


def _check_clips(manifest: Manifest, files: Mapping[str, Path]) -> Iterator[Verdict]:
    """Of a clip whose pixels are not recorded, the sizes of its frames are compared."""
    recorded = {facts.name: facts for facts in manifest.images}
    for clip in manifest.clips:
        for name in clip.names():
            if name not in files:
                yield Verdict(name, "missing")
                continue
            try:
                pixels = ImageFile(name, files[name]).read()
            except ImageError as error:
                yield Verdict(name, "unreadable", error.message)
                continue
            if name in recorded:
                yield judge(recorded[name], pixels)
            elif (size := (pixels.shape[1], pixels.shape[0])) != clip.size:
                found, wanted = ("x".join(map(str, sides)) for sides in (size, clip.size))
                yield Verdict(name, "wrong size", f"{found}, not {wanted}")
            else:
                yield Verdict(name, "not recorded")


def judge(facts: ImageFacts, pixels: Pixels) -> Verdict:
    """Compare decoded pixels with the manifest's facts about them."""
    from srbench.imaging.images import pixel_hash

    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3
    if (width, height) != (facts.width, facts.height):
        smaller = width <= facts.width and height <= facts.height
        kind = "a cropped copy" if smaller else "another image"
        return Verdict(facts.name, "wrong size", f"{width}x{height}, not {facts.width}x{facts.height}: {kind}")
    if channels != facts.channels:
        stored, expected = (("grey", "RGB"), ("RGB", "grey"))[channels == 3]
        same = pixel_hash(pixels) == facts.sha256
        return Verdict(
            facts.name,
            "other pixels",
            f"stored as {stored}, not {expected}" + (" (same values)" if same else ""),
        )
    found = pixel_hash(pixels)
    if found != facts.sha256:
        return Verdict(facts.name, "other pixels", f"sha256 {found[:12]}..., not {facts.sha256[:12]}...")
    return Verdict(facts.name, "identical")
