"""Which files are the LR images of a dataset's HR images, at one scale.

They are told by their names, in the layouts in which collections come: a folder for each scale (``LR_bicubic/X4``,
``GT`` and ``LQ``), with the scale behind the name or without it (``babyx4.png``), or HR and LR images side by side
(``Canon_001_HR.png`` and ``Canon_001_LR4.png`` of RealSR, ``img_001_SRF_4_HR.png`` and ``img_001_SRF_4_LR.png`` of
SelfExSR).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from srbench.dataset.folder import image_files, is_called_hr, is_called_lr, size_by_head
from srbench.dataset.locate import Dataset, ImageFile, known_name, plain_name
from srbench.errors import DatasetError, DatasetMissingError, first_few
from srbench.files import expanded
from srbench.protocol.base import Protocol
from srbench.scale import FINEST, Scale, exact
from srbench.wording import counted

_SEPARATOR = r"[ _.-]"
_NUMBER = r"(?P<scale>[0-9]{1,3}(?:\.[0-9]+)?)"
_MARKED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<base>.+){_SEPARATOR}srf{_SEPARATOR}?{_NUMBER}{_SEPARATOR}(?:lr|lq)",
        rf"(?P<base>.+){_SEPARATOR}(?:lr|lq){_SEPARATOR}?(?:x?{_NUMBER}x?)?",
        rf"(?:lr|lq)(?:x?{_NUMBER}x?)?{_SEPARATOR}(?P<base>.+)",
    )
)
_SCALED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<base>.+?){_SEPARATOR}?x{_NUMBER}",
        rf"(?P<base>.+?){_SEPARATOR}{_NUMBER}x",
        rf"(?P<base>.+){_SEPARATOR}srf{_SEPARATOR}?{_NUMBER}",
    )
)
_OF_SCALE = re.compile(rf"(?:.*[ _-])?(?:(?:lr|lq)?{_SEPARATOR}?x?|(?:srf|scale){_SEPARATOR}?){_NUMBER}x?")
_TRIED = (1, 2, 3, 4, 6, 8, 12, 16)  # scales that a hint may name


def given(data: Dataset, folder: str, scale: float) -> dict[str, ImageFile]:
    """The LR image of every HR image of ``data`` at ``scale``, by the HR image's name.

    Args:
        folder: the user's, which holds them or a folder of them for each scale; empty: those that came with the HR
            images.

    Raises:
        DatasetMissingError: there is no such folder.
        DatasetError: HR images without an LR image or with two, LR images without an HR image; all are named.
    """
    if folder:
        root = expanded(folder)
        if not root.is_dir():
            raise DatasetMissingError(f"no folder at '{folder}'", "check the path")
        if data.clips():
            return _of_clips(data, root, scale)
        return _pair(data, [_of_scale(root, scale) or root], scale)
    places = [] if data.clips() else beside(data, scale)
    if not places:
        raise DatasetMissingError(
            f"no LR images of {data.title} at x{scale} beside its HR images", "say where they are: --lr FOLDER"
        )
    return _pair(data, places, scale)


def beside(data: Dataset, scale: float) -> list[Path]:
    """The folders of the LR images that came with a dataset's HR images, one for each folder of HR images: that itself,
    where it holds pairs, else one near it that the manifest names, or that is called as folders of LR images are.

    Raises:
        DatasetError: there are several.
    """
    wanted = _wanted(data)
    found: dict[Path, None] = {}
    for own in dict.fromkeys(image.path.parent for image in data.images):
        layout = data.manifest.lr.get(int(scale)) if data.manifest and scale == int(scale) else None
        if layout is not None:
            places = [place for place in (own / layout, own.parent / layout) if place.is_dir()][:1]
        elif _holds_lr(data, own, wanted, scale):
            places = [own]
        else:
            called = [child for child in _folders(own.parent) if child != own and is_called_lr(child)]
            places = [place for child in called if (place := _of_scale(child, scale) or _images_of(child, scale))]
            places = [place for place in places if _holds_lr(data, place, wanted, scale)]
        if len(places) > 1:
            listed = ", ".join(f"'{place}'" for place in places)
            raise DatasetError(
                f"several folders hold LR images of {data.title} at x{scale}: {listed}", "choose one: --lr FOLDER"
            )
        found.update(dict.fromkeys(places))
    return list(found)


def _of_clips(data: Dataset, root: Path, scale: float) -> dict[str, ImageFile]:
    """The LR frames below a folder that holds those of each clip in a folder of the clip's name, or holds a folder of
    such folders for each scale."""
    clips = data.clips()
    for place in (root, *(child for child in _folders(root) if _scale_called(child) == exact(scale))):
        folders = {folder.name.lower(): folder for folder in _folders(place)}
        missing = [clip for clip in clips if clip.lower() not in folders]
        if not missing:
            break
    else:
        raise DatasetError(
            f"'{root}' holds no LR frames of {first_few(list(clips))} at x{scale}",
            "put the LR frames of each clip into a folder that is called as the clip",
        )
    found = {}
    for clip, frames in clips.items():
        found.update(_pair(replace(data, images=tuple(frames)), [folders[clip.lower()]], scale))
    return found


def _wanted(data: Dataset) -> dict[str, str]:
    """The names of HR images by all that LR images may be called after."""
    wanted: dict[str, str] = {}
    for image in data.images:
        stem = image.path.stem.lower()
        for key in (known_name(stem), plain_name(stem), stem, image.name.lower()):
            wanted[key] = image.name
    return wanted


def _other_files(data: Dataset, folder: Path) -> list[Path]:
    """The images of a folder that are no HR images of the dataset."""
    own = {image.path.absolute() for image in data.images}
    return [path for path in image_files(folder) if path.absolute() not in own]


def _holds_lr(data: Dataset, folder: Path, wanted: Mapping[str, str], scale: float) -> bool:
    partners = (_partner(path, wanted) for path in _other_files(data, folder))
    return any(name and of in (None, exact(scale)) for name, of in partners)


def _pair(data: Dataset, folders: Sequence[Path], scale: float) -> dict[str, ImageFile]:
    """By name; raises DatasetError that names all that have no partner, or several."""
    wanted = _wanted(data)
    files = [path for folder in folders for path in _other_files(data, folder)]
    named = {path for path in files if any(_read(path.stem.lower(), _MARKED))}
    found: dict[str, list[Path]] = defaultdict(list)
    strangers: list[str] = []
    others: dict[str, Fraction] = {}
    for path in files:
        name, of = _partner(path, wanted)
        if named and path not in named and (not name or is_called_hr(path)):
            continue  # names say which are the LR images: it is another HR image, or what a method made
        if not name:
            strangers.append(path.name)
        elif of is not None and of != exact(scale):
            others[path.name] = of
        else:
            found[name].append(path)
    _require_pairs(data, folders[0], scale, found, strangers, others)
    return {name: ImageFile(name, paths[0]) for name, paths in found.items()}


def _partner(path: Path, wanted: Mapping[str, str]) -> tuple[str, Fraction | None]:
    """The HR image whose LR image a file is by its name, empty if there is none, and the scale that the name says."""
    stem = path.stem.lower()
    for base, scale in ((stem, None), *_read(stem, _MARKED), *_read(stem, _SCALED)):
        for key in (base, plain_name(base), known_name(base)):
            if key in wanted:
                return wanted[key], scale
    return "", None


def _read(stem: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[tuple[str, Fraction | None]]:
    for pattern in patterns:
        if match := pattern.fullmatch(stem):
            yield match["base"], Fraction(match["scale"]).limit_denominator(FINEST) if match["scale"] else None


def _require_pairs(
    data: Dataset,
    folder: Path,
    scale: float,
    found: Mapping[str, Sequence[Path]],
    strangers: Sequence[str],
    others: Mapping[str, Fraction],
) -> None:
    missing = [image.path.name for image in data.images if image.name not in found]
    several = [" and ".join(path.name for path in paths) for paths in found.values() if len(paths) > 1]
    parts = []
    if len(missing) == len(data.images):
        parts.append(f"no HR image of {data.title} has an LR image")
    elif missing:
        parts.append(f"{len(missing)} of {len(data.images)} HR images have no LR image ({first_few(missing, 5)})")
    hint = f"name each LR image as its HR image, with x{scale} or _LR behind it if you wish"
    if missing and others:
        parts.append(f"{len(others)} are of other scales ({first_few(list(others), 5)})")
        if len(set(others.values())) == 1:
            of = Scale(next(iter(others.values())))
            hint = f"they are of {of}: add --scales {str(of)[1:]}"
    if strangers:
        parts.append(f"no HR image belongs to {counted(len(strangers), 'LR image')} ({first_few(strangers, 5)})")
    if several:
        parts.append(f"two LR images are of one HR image ({first_few(several, 5)})")
    if parts:
        raise DatasetError(
            f"'{folder}' at x{scale}: {'; '.join(parts)}",
            hint,
        )


# -- folders -------------------------------------------------------------------------------------------------------


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:  # not to be read: a folder above that of the HR images
        return []


def _of_scale(root: Path, scale: float) -> Path | None:
    """The folder below ``root`` for a scale, such as ``X4``, perhaps in one that is called as folders of LR images are;
    None if there is none."""
    folders = _folders(root)
    for child in folders:
        if _scale_called(child) == exact(scale) and image_files(child):
            return child
    inner = [child for child in folders if is_called_lr(child)] if not image_files(root) else []
    return (_of_scale(inner[0], scale) or _images_of(inner[0], scale)) if len(inner) == 1 else None


def _scale_called(folder: Path) -> Fraction | None:
    """The scale that a folder's name says; None if it says none."""
    match = _OF_SCALE.fullmatch(folder.name.lower())
    return Fraction(match["scale"]).limit_denominator(FINEST) if match else None


def _images_of(folder: Path, scale: float) -> Path | None:
    """``folder`` if it holds images, and its name does not say that they are of another scale."""
    other = _scale_called(folder) not in (None, exact(scale))
    return folder if image_files(folder) and not other else None


# -- sizes ---------------------------------------------------------------------------------------------------------


def fits(protocols: Sequence[Protocol], scale: float, hr: tuple[int, int], lr: tuple[int, int]) -> bool:
    """Whether an LR image (height, width) is that of an HR image at ``scale``: its sides are those of the HR image
    divided by the scale, rounded down, or what the rule of sizes of one of the protocols gives."""
    down = tuple(int(side // exact(scale)) for side in hr)
    return min(lr) > 0 and lr in (down, *(protocol.sizes(scale, *hr).lr for protocol in protocols))


def likely_scale(protocols: Sequence[Protocol], sizes: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> int:
    """The scale at which all pairs of sizes, of HR and LR images, fit; 0 if there is none."""
    return next((scale for scale in _TRIED if all(fits(protocols, scale, *own) for own in sizes)), 0)


def scale_of(data: Dataset, folder: str) -> int:
    """The whole scale at which the LR images in the user's ``folder`` are those of ``data``, by names and sizes.

    Raises:
        DatasetError: there is none; says why of the largest at which every HR image has an LR image by its name.
    """
    wrong = None
    for scale in reversed(_TRIED):
        try:
            low = given(data, folder, scale)
        except DatasetMissingError:
            raise
        except DatasetError as error:
            wrong = wrong or error
            continue
        sizes = [(_head(image), _head(low[image.name])) for image in data.images]
        if all(fits((), scale, *own) for own in sizes):
            return scale
        (height, width), (lr_height, lr_width) = next(own for own in sizes if not fits((), scale, *own))
        wrong = DatasetError(
            f"no scale explains LR images of {lr_width}x{lr_height} of HR images of {width}x{height} in '{folder}'",
            "an LR image has the size of its HR image divided by the scale, rounded down",
        )
    assert wrong is not None
    raise wrong


def _head(image: ImageFile) -> tuple[int, int]:
    """Height and width by the file's head."""
    width, height = image.crop[2:] if image.crop else size_by_head(image.path)
    return height, width
