"""What a manifest says of clips: how many frames of what size, their pixels where these are recorded, and what bicubic
gives on each clip alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srbench.dataset.clips import frame_name
from srbench.errors import DatasetError

MOST_FRAMES = 100_000


@dataclass(frozen=True)
class ClipFacts:
    """One clip of a manifest.

    Args:
        frames: how many it has.
        size: (width, height) of each, in pixels; all are RGB.
        bicubic: the mean PSNR over its frames that bicubic must give, in dB, by protocol and scale.
        sha256: :func:`srbench.imaging.images.pixel_hash` of each frame, in order; empty where pixels are not recorded.
    """

    name: str
    frames: int
    size: tuple[int, int]
    bicubic: dict[str, dict[int, float]] = field(default_factory=dict)
    sha256: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        return bool(self.sha256)

    def names(self) -> Iterator[str]:
        """Those of its frames as images."""
        return (frame_name(self.name, place) for place in range(self.frames))


@dataclass(frozen=True)
class Written:
    """A clip as a manifest's file has it; scales are written 'x4'."""

    name: str
    frames: int
    size: tuple[int, int]
    bicubic: dict[str, dict[str, float]] = field(default_factory=dict)


def check(clips: Sequence[ClipFacts], pixels: Mapping[str, Sequence[str]], path: Path) -> None:
    """Hold the clips of a manifest's file against each other and against the hashes of frames in it, by clip.

    Raises:
        DatasetError: two clips of one name, a number of frames or a size that is none, hashes of a clip that there is
            not, or of more or fewer frames than it has.
    """
    names = [clip.name.lower() for clip in clips]
    for clip in clips:
        if names.count(clip.name.lower()) > 1 or not clip.name or "/" in clip.name:
            raise DatasetError(f"'{path}': '{clip.name}' is no name of one clip", "call each clip as its folder")
        if not 1 <= clip.frames <= MOST_FRAMES or min(clip.size) < 1:
            width, height = clip.size
            raise DatasetError(
                f"'{path}': the clip '{clip.name}' cannot have {clip.frames} frames of {width}x{height}",
                "write frames = 34, size = [704, 576]",
            )
        if clip.sha256 and len(clip.sha256) != clip.frames:
            raise DatasetError(
                f"'{path}': the clip '{clip.name}' has {clip.frames} frames and hashes of {len(clip.sha256)}",
                "fix the file",
            )
    if strangers := sorted(set(pixels) - {clip.name for clip in clips}):
        raise DatasetError(f"'{path}': pixels of a clip '{strangers[0]}' that there is not", "add it to the clips")
