"""Clips: folders of frames, which are sorted by the number in their names.

A folder that holds folders of frames is a dataset of clips: ``Vid4/city/00000000.png``, ``Vid4/walk/Frame 001.png``.
Frames of one clip are named alike but for one number, which counts them: ``frame_9`` comes before ``frame_10``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench.dataset.folder import image_files, is_called_lr, size_by_head, without_lr
from srbench.errors import DatasetError, DatasetMissingError, first_few
from srbench.wording import counted

_DIGITS = re.compile(r"(\d+)")
_NAMED = 5  # frames that a message names


@dataclass(frozen=True)
class Clip:
    """The frames of a clip, in order. ``numbers`` are those in the files' names, none twice, perhaps with gaps."""

    name: str
    files: tuple[Path, ...]
    numbers: tuple[int, ...]

    @property
    def missing(self) -> list[int]:
        """The numbers that lie between the first and the last, and that no frame has."""
        return sorted(set(range(self.numbers[0], self.numbers[-1])) - set(self.numbers))


def frame_name(clip: str, place: int) -> str:
    """What a frame of a known dataset is called, whatever its file is called: ``city/007``.

    Args:
        place: in the clip, from 0.
    """
    return f"{clip}/{place:03d}"


def read_clip(folder: Path) -> Clip | None:
    """The clip in a folder; None if its images are not named alike but for one number.

    Raises:
        DatasetError: two frames have one number.
    """
    files = without_lr(image_files(folder))
    numbers = numbers_of([path.stem for path in files])
    if numbers is None:
        return None
    twice = [number for number, count in Counter(numbers).items() if count > 1]
    if twice:
        alike = [path.name for path, number in zip(files, numbers, strict=True) if number == twice[0]]
        raise DatasetError(
            f"the clip '{folder}' has several frames of one number: {first_few(alike, _NAMED)}",
            "a frame has one file; move the others elsewhere",
        )
    order = sorted(range(len(files)), key=lambda i: numbers[i])
    return Clip(folder.name, tuple(files[i] for i in order), tuple(numbers[i] for i in order))


def numbers_of(stems: Sequence[str]) -> list[int] | None:
    """The number of each frame by its file's stem; None if the names differ in more than one number, or in none."""
    parts = [_DIGITS.split(stem.lower()) for stem in stems]
    if not parts or len(parts[0]) == 1 or len({tuple(own[::2]) for own in parts}) > 1:
        return None
    columns = list(zip(*(own[1::2] for own in parts), strict=True))
    varying = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    if len(varying) > 1:
        return None
    return [int(digits) for digits in columns[varying[0] if varying else -1]]


def folders_of_frames(folder: Path) -> list[Path]:
    """The folders in it that hold images, but those that are called as folders of LR images are."""
    inside = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    return [child for child in inside if not is_called_lr(child) and _has_images(child)]


def _has_images(folder: Path) -> bool:
    try:
        return bool(image_files(folder))
    except OSError:  # not to be read
        return False


def read_clips(folder: Path, note: Callable[[str], None]) -> list[Clip]:
    """The clips in a user's folder, by name; none if no folder in it holds several frames.

    Raises:
        DatasetError: a clip lacks numbers, has several frames of one number or frames of different sizes, or beside
            clips there is a folder of other images; all are named.
    """
    places = folders_of_frames(folder)
    read = {place: read_clip(place) for place in places}
    clips = [clip for clip in read.values() if clip is not None]
    if not any(len(clip.files) > 1 for clip in clips):
        return []
    others = [place.name for place, clip in read.items() if clip is None]
    if others:
        raise DatasetError(
            f"'{folder}' holds folders of frames ({first_few([clip.name for clip in clips])}) and folders of other "
            f"images ({first_few(others)})",
            "frames are named alike but for one number; give one folder of images, or move the others elsewhere",
        )
    require_whole(clips, folder)
    require_one_size({clip.name: clip.files for clip in clips})
    for clip in clips:
        if len(clip.files) == 1:
            note(f"the clip '{clip.name}' has one frame: methods of several frames see it alone")
    return clips


def require_whole(clips: Iterable[Clip], folder: Path) -> None:
    """Raise DatasetError that names the frames that clips lack."""
    gaps = {clip.name: clip.missing for clip in clips if clip.missing}
    if gaps:
        told = "; ".join(f"{name} lacks {listed(numbers)}" for name, numbers in gaps.items())
        raise DatasetError(
            f"frames are missing in '{folder}': {told}",
            "complete the clips, or number their frames without gaps",
        )


def listed(numbers: Sequence[int]) -> str:
    """Rising numbers of frames in words: 'frame 7', 'frames 7-9, 12'."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    texts = ["-".join(map(str, run)) for run in runs]
    return f"frame{'s' * (len(numbers) > 1)} {first_few(texts, _NAMED)}"


def require_one_size(clips: Mapping[str, Sequence[Path]]) -> None:
    """Raise DatasetError that names the clips whose frames, given by clip, have different sizes by the files' heads. A
    file whose head cannot be read is left to who decodes it."""
    wrong = []
    for name, files in clips.items():
        sizes = {path: size for path in files if any(size := size_by_head(path))}
        (usual, _), *others = Counter(sizes.values()).most_common() or [((0, 0), 0)]
        if others:
            odd = [path.name for path, size in sizes.items() if size != usual]
            other = "x".join(map(str, others[0][0]))
            wrong.append(
                f"the clip '{name}' has frames of {usual[0]}x{usual[1]} and {len(odd)} of another size, such as "
                f"{other} ({first_few(odd)})"
            )
    if wrong:
        raise DatasetError("; ".join(wrong), "a clip has frames of one size; if they are no clips, give one folder")


def is_clip(folder: Path) -> bool:
    """Whether it holds several frames, by their names."""
    try:
        clip = read_clip(folder)
    except DatasetError:
        return True
    return clip is not None and len(clip.files) > 1


def in_manifest(folders: Iterable[Path], frames: dict[str, int]) -> dict[str, dict[int, Path]]:
    """The frames of a known dataset's clips that are in some folders, by clip and place in it, from 0.

    Args:
        frames: how many each clip has. Copies count them from 0 or from 1.
    """
    names = {name.lower(): name for name in frames}
    found: dict[str, dict[int, Path]] = {}
    for folder in folders:
        for place in folders_of_frames(folder):
            name = names.get(place.name.lower(), "")
            clip = read_clip(place) if name else None
            if clip is None:
                continue
            first = _first_number(clip, frames[name])
            own = {number - first: path for number, path in zip(clip.numbers, clip.files, strict=True)}
            found[name] = {at: path for at, path in own.items() if 0 <= at < frames[name]}
    return found


def _first_number(clip: Clip, count: int) -> int:
    """What number the first of a clip's ``count`` frames has, which may be missing."""
    if clip.numbers[-1] - clip.numbers[0] + 1 >= count:
        return clip.numbers[0]
    return (
        0 if clip.numbers[0] == 0 or clip.numbers[-1] < count else 1 if clip.numbers[-1] <= count else clip.numbers[0]
    )


def require_here(
    title: str, frames: dict[str, int], found: dict[str, dict[int, Path]], note: Callable[[str], None]
) -> None:
    """Say which clips of a known dataset are not whole on this machine.

    Raises:
        DatasetMissingError: none is.
    """
    lacking = [
        f"{name} ({len(found[name])} of {count} frames)" if found.get(name) else name
        for name, count in frames.items()
        if len(found.get(name, ())) < count
    ]
    if len(lacking) == len(frames):
        raise DatasetMissingError(f"no clip of {title} is whole on this machine: {', '.join(lacking)}", "complete one")
    if lacking:
        whole = [name for name, count in frames.items() if len(found.get(name, ())) == count]
        note(
            f"{len(whole)} of {counted(len(frames), 'clip')} of {title} are here ({', '.join(whole)}), and means are "
            f"over these; not here: {', '.join(lacking)}"
        )
