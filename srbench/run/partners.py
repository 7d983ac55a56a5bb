"""Which file is of which image, where another program made the SR images: by name, and of frames by number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from srbench.dataset.clips import listed, numbers_of
from srbench.dataset.folder import image_files
from srbench.dataset.locate import Dataset, ImageFile, plain_name
from srbench.errors import ImageError, first_few

# What programs append to the name of an image that they made, in addition to the scale and the method's name.
_DECORATIONS = ("sr", "hr", "lr", "gt", "out", "output", "result", "pred", "rlt")


def pair(folder: Path, names: Sequence[str], scale: float, method: str) -> dict[str, Path]:
    """The file of every image of a dataset, by name: never by order.

    A file belongs to an image if its stem is the image's name, in any case, perhaps followed by what programs
    append: the scale (``_x4``, ``x4``), ``_SR`` and the like, the method's name, in any order.

    Raises:
        ImageError: no such folder; images without a file or with several, files without an image.
    """
    if not folder.is_dir():
        raise ImageError(f"no folder at '{folder}'", "check the path")
    files = image_files(folder)
    stems = _stems(scale, method)
    wanted = {name.lower(): name for name in names} | {plain_name(name): name for name in names}
    found: dict[str, list[Path]] = defaultdict(list)
    strangers = []
    for path in files:
        name = next((wanted[stem] for stem in stems(path.stem) if stem in wanted), None)
        if name is None:
            strangers.append(path.name)
        else:
            found[name].append(path)
    several = next(((name, paths) for name, paths in found.items() if len(paths) > 1), None)
    if several:
        both = " and ".join(path.name for path in several[1])
        raise ImageError(f"two files for '{several[0]}' in '{folder}': {both}", "leave one of them")
    missing = [name for name in names if name not in found]
    if missing or strangers:
        parts = []
        if missing:
            parts.append(f"{len(missing)} of {len(names)} images have no file in '{folder}' ({first_few(missing, 5)})")
        if strangers:
            parts.append(f"{len(strangers)} files in '{folder}' belong to no image ({first_few(strangers, 5)})")
        raise ImageError("; ".join(parts), f"name each as its image, with _x{scale} or the like behind it if you wish")
    return {name: paths[0] for name, paths in found.items()}


def pair_frames(
    folder: Path, data: Dataset, wanted: Collection[str], scale: float, method: str, note: Callable[[str], None]
) -> dict[str, Path]:
    """The file of every frame of clips that is wanted, by the frame's name.

    A folder in ``folder`` belongs to the clip of its name, in any case, perhaps followed by what :func:`pair`
    understands. Its files belong to frames by number: those in the names of the clip's own files, else counted from 0
    or from 1. Files of frames that are not wanted are left alone, and so are folders of clips that are not measured.

    Args:
        wanted: names of frames of ``data``.
        note: told which folders are left alone.

    Raises:
        ImageError: no such folder; clips without a folder or with several, frames without a file, numbers that no
            frame has, two files of one number, files that are not called alike but for a number. All are named.
    """
    if not folder.is_dir():
        raise ImageError(f"no folder at '{folder}'", "check the path")
    places = _places(folder, data, scale, method, note)
    found: dict[str, Path] = {}
    wrong = []
    for clip, frames in data.clips().items():
        if clip not in places:
            continue
        files, counting = _by_number(places[clip], frames, scale, method)
        found.update({frame.name: files[place] for place, frame in enumerate(frames) if place in files})
        if lacking := [place for place, frame in enumerate(frames) if frame.name in wanted and place not in files]:
            wrong.append(f"'{places[clip]}' lacks {listed([counting[place] for place in lacking])}")
    if wrong:
        raise ImageError("; ".join(wrong), "frames are matched by the numbers in their names; complete them")
    return {name: path for name, path in found.items() if name in wanted}


def _places(folder: Path, data: Dataset, scale: float, method: str, note: Callable[[str], None]) -> dict[str, Path]:
    """The folder of each clip."""
    stems = _stems(scale, method)
    measured = {clip.lower(): clip for clip in data.clips()}
    others = {clip.lower() for clip in (*data.not_chosen, *(data.manifest.frames if data.manifest else ()))}
    found: dict[str, list[Path]] = defaultdict(list)
    strangers, unmeasured = [], []
    for place in sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")):
        names = [*stems(place.name)]
        clip = next((measured[name] for name in names if name in measured), None)
        if clip is not None:
            found[clip].append(place)
        elif not others.isdisjoint(names):
            unmeasured.append(place.name)
        elif image_files(place):
            strangers.append(place.name)
    several = next(((clip, places) for clip, places in found.items() if len(places) > 1), None)
    if several:
        both = " and ".join(place.name for place in several[1])
        raise ImageError(f"two folders for the clip '{several[0]}' in '{folder}': {both}", "leave one of them")
    missing = [clip for clip in measured.values() if clip not in found]
    if missing or strangers:
        parts = []
        if missing:
            parts.append(
                f"{len(missing)} of {len(measured)} clips have no folder in '{folder}' ({first_few(missing, 5)})"
            )
        if strangers:
            parts.append(f"{len(strangers)} folders in '{folder}' belong to no clip ({first_few(strangers, 5)})")
        raise ImageError("; ".join(parts), "name each folder as its clip, or choose clips with --clips")
    if unmeasured:
        note(f"folders of clips that are not measured here are left alone: {first_few(unmeasured, 5)}")
    return {clip: places[0] for clip, places in found.items()}


def _by_number(
    place: Path, frames: Sequence[ImageFile], scale: float, method: str
) -> tuple[dict[int, Path], Sequence[int]]:
    """The files in a folder by the place in the clip, from 0, of the frame that each is of, and the number by which
    they count each frame of the clip."""
    own = _numbers([frame.path for frame in frames], scale, method)
    countings: list[Sequence[int]] = [own] if own is not None else []
    countings += [range(len(frames)), range(1, len(frames) + 1)]
    files = image_files(place)
    if not files:
        return {}, countings[0]
    numbers = _numbers(files, scale, method)
    if numbers is None:
        raise ImageError(
            f"the images in '{place}' are not called alike but for one number",
            "a folder holds the frames of one clip and nothing else",
        )
    by_number: dict[int, list[Path]] = defaultdict(list)
    for number, path in zip(numbers, files, strict=True):
        by_number[number].append(path)
    if twice := next((paths for paths in by_number.values() if len(paths) > 1), None):
        raise ImageError(
            f"two files of one frame in '{place}': {twice[0].name} and {twice[1].name}", "leave one of them"
        )
    for counting in countings:
        at: Mapping[int, int] = {number: place for place, number in enumerate(counting)}
        if by_number.keys() <= at.keys():
            return {at[number]: paths[0] for number, paths in by_number.items()}, counting
    strange = sorted(by_number.keys() - set(countings[0]))
    raise ImageError(
        f"'{place}' has {listed(strange)}, which the clip has not: its frames are {listed(sorted(countings[0]))}",
        "number them as the clip's own, or from 0 or 1 on",
    )


def _numbers(files: Sequence[Path], scale: float, method: str) -> list[int] | None:
    """The number in each file's name, without what programs append; None if the names differ in more than that."""
    stems = _stems(scale, method)
    whole = numbers_of([path.stem for path in files]) if len(files) > 1 else None  # of one file no number varies
    return numbers_of([[*stems(path.stem)][-1] for path in files]) if whole is None else whole


def _stems(scale: float, method: str) -> Callable[[str], Iterator[str]]:
    """A stem, then without one decoration after the other: 'a_x4_sr', 'a_x4', 'a'."""
    number = re.escape(str(scale))
    ends = "|".join((rf"x{number}", rf"{number}x", rf"srf_{number}", *_DECORATIONS, re.escape(method.lower())))
    decoration = re.compile(rf"(?:[ _.-]+(?:{ends})|x{number})$")

    def stems(stem: str) -> Iterator[str]:
        stem = stem.lower()
        yield stem
        while (shorter := decoration.sub("", stem)) not in (stem, ""):
            yield (stem := shorter)

    return stems
