"""Which files of a folder are its HR images.

Many collections keep an HR image and its LR image side by side in one folder (``a_HR.png`` and ``a_LR.png``, ``a.png``
and ``ax4.png``). The LR images are told by their names, and where a name says less by their size, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path

from srbench.errors import first_few

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")  # files of a folder that are taken as images
# Formats of images that are not read: who has such files in a folder should know that they do not count.
_UNREAD = re.compile(
    r"\.(gif|p[bgpnaf]m|jfif|jpe|jp2|j2[kc]|jp[fx]|jxl|hei[cf]|avif|tga|dds|ico|pcx|exr|hdr|dng|cr2|nef|arw|psd|svg|mat|np[yz])"
)
_LARGEST_SCALE = 16

_SEPARATOR = r"[ _.-]"
_HR_ENDING = re.compile(rf"(?P<base>.+){_SEPARATOR}(?:hr|gt)")
_HR_BEGINNING = re.compile(rf"(?:hr|gt){_SEPARATOR}(?P<base>.+)")
_LR_ENDING = re.compile(rf"(?P<base>.+){_SEPARATOR}(?:lr|lq){_SEPARATOR}?(?:x?\d{{1,2}})?")
_LR_BEGINNING = re.compile(rf"(?:lr|lq)(?:x?\d{{1,2}})?{_SEPARATOR}(?P<base>.+)")
_SCALED = re.compile(rf"(?P<base>.+?){_SEPARATOR}?(?:x\d{{1,2}}|\d{{1,2}}x)")
_OF_LR = re.compile(rf"(?:.*{_SEPARATOR})?(?:lr|lq)(?:{_SEPARATOR}.*|x?\d)?|x\d{{1,2}}")
_OF_HR = re.compile(rf"(?:.*{_SEPARATOR})?(?:hr|gt|original)(?:{_SEPARATOR}.*)?")


@dataclass(frozen=True)
class Contents:
    """The HR images of a folder. ``left_out`` says why other images do not count, by file name; ``notes`` are lines
    for the user."""

    images: tuple[Path, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def image_files(folder: Path) -> list[Path]:
    """The files of a folder that are images by their names, LR images among them, in the order of their names.

    Hidden files are none, such as ``._a.png``, in which macOS keeps what it knows of ``a.png``.
    """
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and _is_file(path))


def read_folder(folder: Path, *, reference: bool = True) -> Contents:
    """What of a folder are HR images. Of file contents only sizes are looked at, where names leave a doubt.

    Args:
        reference: False where the images are LR images without an original: then all of them count.
    """
    files = image_files(folder)
    low = _lr_of_pairs(files) if reference else {}
    images = [path for path in files if path not in low]
    left_out = {path.name: f"the LR image of {partner.name}" for path, partner in low.items()}
    notes = []
    if low:
        notes.append(
            f"'{folder}' holds pairs of HR and LR images: {_counted(images, 'HR image')} taken, "
            f"{_counted(low, 'LR image')} left out ({first_few([path.name for path in low])})"
        )
    notes += [
        f"'{small.name}' has 1/{scale} of the size of '{large.name}' in '{folder}': both are taken as HR images; "
        "move it elsewhere if it is the other's LR image"
        for small, large, scale in (_suspects(images) if reference else ())
    ]
    if reference and images and is_called_lr(folder):
        notes.append(f"'{folder}' is called as folders of LR images are; its images are taken as HR images")
    unread = sorted(p.name for p in folder.iterdir() if _UNREAD.fullmatch(p.suffix.lower()) and _is_file(p))
    left_out |= dict.fromkeys(unread, "of a format that is not read")
    if unread:
        notes.append(
            f"'{folder}': {_counted(unread, 'file')} of formats that are not read left out: {', '.join(unread)}"
        )
    return Contents(tuple(images), left_out, tuple(notes))


def _counted(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'s' * (len(things) != 1)}"


def without_lr(files: Sequence[Path]) -> list[Path]:
    """``files`` of one folder without those that are the LR images of others."""
    low = _lr_of_pairs(files)
    return [path for path in files if path not in low]


def _is_file(path: Path) -> bool:
    """Whether it is a visible file. A link that leads nowhere is one too: reading it says what is wrong."""
    return not path.name.startswith(".") and (path.is_file() or (path.is_symlink() and not path.exists()))


def _lr_of_pairs(files: Sequence[Path]) -> dict[Path, Path]:
    """The files that are LR images of others, each with its HR image."""
    plain = {path.stem.lower(): path for path in files}
    named = {base: path for path in files if (base := _base(path, _HR_ENDING, _HR_BEGINNING))}
    found = {}
    for path in files:
        own = _base(path, _LR_ENDING, _LR_BEGINNING)
        if own in named:  # both names say what they are
            found[path] = named[own]
            continue
        for base in filter(None, (own, _base(path, _SCALED))):
            partner = named.get(base) or plain.get(base)
            if partner is not None and partner != path and _scale_between(path, partner):
                found[path] = partner
                break
    return found


def _base(path: Path, *patterns: re.Pattern[str]) -> str:
    """What the names of an HR image and its LR image have in common; empty if the name fits no pattern."""
    stem = path.stem.lower()
    return next((match["base"] for pattern in patterns if (match := pattern.fullmatch(stem))), "")


def _suspects(files: Sequence[Path]) -> Iterator[tuple[Path, Path, int]]:
    """(small, large, scale): images of which one's name begins with the other's and whose sizes are a scale apart."""
    stems = {path.stem.lower(): path for path in files}
    for path in files:
        stem = path.stem.lower()
        cuts = [match.start() for match in re.finditer(_SEPARATOR, stem)][::-1]
        partner = next((stems[stem[:cut]] for cut in cuts if stem[:cut] in stems), None)
        if partner is None:
            continue
        for small, large in ((path, partner), (partner, path)):
            if scale := _scale_between(small, large):
                yield small, large, scale


def _scale_between(small: Path, large: Path) -> int:
    """How many times larger the one image is than the other, where that is a whole number from 2; else 0."""
    (width, height), (full_width, full_height) = size_by_head(small), size_by_head(large)
    for scale in range(2, _LARGEST_SCALE + 1):
        # An HR image that is no multiple of the scale loses up to scale - 1 rows and columns, or its LR image has
        # one more.
        if width and abs(full_width - scale * width) < scale and abs(full_height - scale * height) < scale:
            return scale
    return 0


def size_by_head(path: Path) -> tuple[int, int]:
    """Width and height by the file's head; 0 and 0 if that cannot be read."""
    from PIL import Image  # late: listing datasets does not need it

    try:
        with Image.open(path, formats=("PNG", "BMP", "JPEG", "TIFF", "WEBP")) as image:
            width, height = image.size
            return width, height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, 0


def is_called_hr(path: Path) -> bool:
    """Whether a file's name is that of an HR image of a pair: ``a_HR.png``, ``a_GT.png``."""
    return bool(_base(path, _HR_ENDING, _HR_BEGINNING))


def is_called_lr(folder: Path) -> bool:
    """Whether a folder's name is that of a folder of LR images: ``LR``, ``LQ``, ``X4``, ``LR_bicubic``."""
    folder = folder.resolve()
    own, above = folder.name.lower(), folder.parent.name.lower()
    return _OF_LR.fullmatch(own) is not None and _OF_HR.fullmatch(above) is None
