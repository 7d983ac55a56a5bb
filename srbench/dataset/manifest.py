"""What a dataset is: its manifest.

A manifest (``datasets/NAME.toml``) holds the facts of a dataset: title, citation, licence, every image with its
size and the SHA-256 of its pixels, the PSNR that bicubic must give, and where the images can be had. Of some
datasets only the number of images is recorded (``images = "unknown"``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from srbench import paths, tomlfile
from srbench.dataset import clip_facts
from srbench.dataset.clip_facts import ClipFacts
from srbench.dataset.clips import frame_name
from srbench.errors import DatasetError, UnknownNameError
from srbench.foreign.contained import told

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels

_T = TypeVar("_T")

MOST_IMAGES = 1_000_000  # more than any dataset has on which methods are compared
STANDARD = ("set5", "set14", "bsd100")  # what `srbench run` takes when it is not told


@dataclass(frozen=True)
class ImageFacts:
    """One image of a manifest. ``sha256`` is :func:`srbench.imaging.images.pixel_hash` of the decoded pixels."""

    file: str
    width: int
    height: int
    channels: int  # 1: grey, which protocols treat differently from RGB
    sha256: str
    source: str = ""  # 'skimage:FILE' for images that ship inside a package
    crop: tuple[int, int, int, int] | None = None  # left, top, width, height
    clip: str = ""  # whose frame it is; empty of a still image, whose name is its file's

    @property
    def name(self) -> str:
        return f"{self.clip}/{self.file}" if self.clip else Path(self.file).stem


@dataclass(frozen=True)
class Source:
    """Where a dataset can be had: the address of an archive, the folder in it that holds the images, and how many bytes
    it has at most (0: not recorded)."""

    address: str
    inside: str = ""
    size: int = 0


@dataclass(frozen=True)
class Manifest:
    """The facts of one dataset.

    ``bicubic[protocol][scale]`` is the mean PSNR that bicubic must give, to four decimals; ``published`` the same
    as papers print it, to two. ``images`` is empty where names, sizes and pixels are not recorded. ``parts`` are
    folders below the dataset's own that hold its images together. ``lr[scale]`` is the folder of the LR images that
    come with the HR images, below the dataset's own or that of the HR images. Of a dataset of ``clips``, ``images``
    holds the frames of those whose pixels are recorded.
    """

    name: str
    title: str
    version: int
    citation: str
    licence: str
    homepage: str
    folders: tuple[str, ...]
    images: tuple[ImageFacts, ...]
    bicubic: dict[str, dict[int, float]]
    unrecorded: int = 0  # how many images there are, where ``images`` does not say
    published: dict[str, dict[int, float]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    how: str = ""  # how to get the images by hand, where no address can be given
    reference: bool = True  # False: the images are LR images, of which there is no original
    parts: tuple[str, ...] = ()
    lr: dict[int, str] = field(default_factory=dict)
    clips: tuple[ClipFacts, ...] = ()

    @property
    def count(self) -> int:
        """How many images there are, or frames of all clips."""
        return sum(clip.frames for clip in self.clips) or len(self.images) or self.unrecorded

    @property
    def recorded(self) -> bool:
        """Names, sizes and pixels of all images are known."""
        return len(self.images) == self.count

    @property
    def frames(self) -> dict[str, int]:
        """How many each of its clips has; empty where it has none."""
        return {clip.name: clip.frames for clip in self.clips}

    @property
    def embedded(self) -> bool:
        """The images ship inside a package: nothing to download."""
        return self.recorded and all(image.source for image in self.images)


def manifests() -> dict[str, Manifest]:
    """Every known dataset by name, the standard ones first; those whose manifest cannot be used are left out."""
    return dict(_manifests(tuple(paths.search_path("datasets")))[0])


def broken() -> dict[str, DatasetError]:
    """Why a manifest cannot be used, by the dataset's name; one of two that have one name is such, too."""
    return dict(_manifests(tuple(paths.search_path("datasets")))[1])


def known_as(name: str, others: Sequence[str] = ()) -> Manifest:
    """The known dataset of a name, in any case.

    Args:
        others: names of other things that could have been meant.

    Raises:
        DatasetError: its manifest cannot be used; says why.
        UnknownNameError: there is none.
    """
    found = manifests()
    if (error := broken().get(name.lower())) is not None:
        raise error
    if name.lower() not in found:
        raise UnknownNameError("dataset", name, [*found, *others])
    return found[name.lower()]


@cache
def _manifests(folders: tuple[str, ...]) -> tuple[dict[str, Manifest], dict[str, DatasetError]]:
    found: dict[str, Manifest] = {}
    broken: dict[str, DatasetError] = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.toml")):
            try:
                if path.stem in found or path.stem in broken:
                    raise DatasetError(f"two manifests are called '{path.stem}' (one is '{path}')", "rename one")
                found[path.stem] = _parse(path)
            except DatasetError as error:
                broken[path.stem] = error
            except Exception as error:  # whatever is in it, it is that dataset's alone
                broken[path.stem] = DatasetError(f"cannot use manifest '{path}' ({told(error)})", "fix the file")
    order = {name: i for i, name in enumerate((*STANDARD, "sample"))}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))), broken


@dataclass(frozen=True)
class _Image:
    """An image as a manifest's file has it."""

    file: str
    size: tuple[int, int]  # width, height
    channels: Literal[1, 3]
    sha256: str
    source: str = ""
    crop: tuple[int, int, int, int] | None = None

    def facts(self) -> ImageFacts:
        return ImageFacts(self.file, *self.size, self.channels, self.sha256, self.source, self.crop)


@dataclass(frozen=True)
class _File:
    """A manifest's file."""

    title: str
    version: int
    citation: str
    licence: str
    images: list[_Image] | Literal["unknown"] = field(default_factory=list)  # unknown: their number alone is recorded
    homepage: str = ""
    folders: list[str] = field(default_factory=list)
    count: int = 0
    bicubic: dict[str, dict[str, float]] = field(default_factory=dict)
    published: dict[str, dict[str, float]] = field(default_factory=dict)
    source: list[Source] = field(default_factory=list)
    how: str = ""
    reference: bool = True
    parts: list[str] = field(default_factory=list)
    lr: dict[str, str] = field(default_factory=dict)
    clips: list[clip_facts.Written] = field(default_factory=list)
    pixels: dict[str, list[str]] = field(default_factory=dict)  # of clips: hashes of the frames in order


def _parse(path: Path) -> Manifest:
    file = tomlfile.load(path, "manifest", _File, DatasetError)
    if not 0 <= file.version < 2**31:
        raise DatasetError(f"'{path}': version = {str(file.version)[:40]} is no version", "count it from 1")
    clips = tuple(_clip(own, file.pixels.get(own.name, ()), path) for own in file.clips)
    clip_facts.check(clips, file.pixels, path)
    if clips and (file.images or file.count or file.source or not file.reference):
        raise DatasetError(
            f"'{path}' has clips, beside which images, count, source and reference = false say nothing",
            "describe images in a manifest of their own, and how to get clips in: how = ...",
        )
    images = () if isinstance(file.images, str) else tuple(image.facts() for image in file.images)
    images += tuple(frame for clip in clips for frame in _frames(clip))
    if not images and not clips and file.count < 1:
        raise DatasetError(f"'{path}' says neither which images there are nor how many", "add count = ...")
    if file.count > MOST_IMAGES:
        raise DatasetError(f"'{path}': count = {str(file.count)[:40]} is no number of images", f"at most {MOST_IMAGES}")
    if not file.reference and (file.bicubic or file.published):
        raise DatasetError(f"'{path}' has PSNR values of images without an original", "leave out one of the two")
    return Manifest(
        name=path.stem,
        title=file.title,
        version=file.version,
        citation=file.citation,
        licence=file.licence,
        homepage=file.homepage,
        folders=tuple(file.folders) or (path.stem,),
        images=images,
        bicubic=_psnr_by_scale(file.bicubic, path),
        unrecorded=0 if images else file.count,
        published=_psnr_by_scale(file.published, path),
        sources=tuple(file.source),
        how=file.how,
        reference=file.reference,
        parts=tuple(file.parts),
        lr=_by_scale(file.lr, "LR images", path),
        clips=clips,
    )


def _clip(own: clip_facts.Written, pixels: Sequence[str], path: Path) -> ClipFacts:
    return ClipFacts(own.name, own.frames, own.size, _psnr_by_scale(own.bicubic, path), tuple(pixels))


def _frames(clip: ClipFacts) -> list[ImageFacts]:
    """Of a clip whose pixels are recorded."""
    width, height = clip.size
    names = (frame_name(clip.name, place).partition("/")[2] for place in range(clip.frames))
    hashes = zip(names, clip.sha256, strict=False)
    return [ImageFacts(name, width, height, 3, sha256, clip=clip.name) for name, sha256 in hashes]


def _psnr_by_scale(table: dict[str, dict[str, float]], path: Path) -> dict[str, dict[int, float]]:
    return {name: _by_scale(row, "a PSNR", path) for name, row in table.items()}


def _by_scale(row: dict[str, _T], what: str, path: Path) -> dict[int, _T]:
    for key in row:
        if not re.fullmatch(r"x[1-9][0-9]*", key):
            raise DatasetError(f"'{path}': {what} of the scale '{key}'", "write scales as x2, x3, x4")
    return {int(key[1:]): value for key, value in row.items()}


def facts_of(pixels: Pixels, file: str) -> ImageFacts:
    """The manifest entry of an image, for writing new manifests."""
    from srbench.imaging.images import as_rgb, pixel_hash  # late: listing datasets needs neither numpy nor Pillow

    channels = 1 if pixels.ndim == 2 else 3
    return ImageFacts(file, pixels.shape[1], pixels.shape[0], channels, pixel_hash(as_rgb(pixels)))
