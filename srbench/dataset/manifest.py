"""What a dataset is: its manifest.

A manifest (``datasets/NAME.toml``) holds the facts of a dataset: title, citation, licence, every image with its
size and the SHA-256 of its pixels, the PSNR that bicubic must give, and where the images can be had. Of some
datasets only the number of images is recorded (``images = "unknown"``).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import paths
from srbench.errors import DatasetError

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels

UNKNOWN = "unknown"  # in place of a manifest's images: only their number is recorded
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

    @property
    def name(self) -> str:
        return Path(self.file).stem


@dataclass(frozen=True)
class Source:
    """Where a dataset can be had: the address of an archive, and the folder in it that holds the images."""

    address: str
    inside: str = ""


@dataclass(frozen=True)
class Manifest:
    """The facts of one dataset.

    ``bicubic[protocol][scale]`` is the mean PSNR that bicubic must give, to four decimals; ``published`` the same
    as papers print it, to two. ``images`` is empty where names, sizes and pixels are not recorded.
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

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.images) or self.unrecorded

    @property
    def recorded(self) -> bool:
        """Names, sizes and pixels of the images are known."""
        return bool(self.images)

    @property
    def embedded(self) -> bool:
        """The images ship inside a package: nothing to download."""
        return self.recorded and all(image.source for image in self.images)


def manifests() -> dict[str, Manifest]:
    """Every known dataset by name, the standard ones first."""
    return dict(_manifests(tuple(paths.search_path("datasets"))))


@cache
def _manifests(folders: tuple[str, ...]) -> dict[str, Manifest]:
    found: dict[str, Manifest] = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.toml")):
            manifest = _parse(path)
            if manifest.name in found:
                raise DatasetError(f"two manifests are called '{manifest.name}' (one is '{path}')", "rename one")
            found[manifest.name] = manifest
    order = {name: i for i, name in enumerate((*STANDARD, "sample"))}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _parse(path: Path) -> Manifest:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        images = () if table["images"] == UNKNOWN else tuple(_parse_image(image) for image in table["images"])
        count = len(images) if images else table["count"]
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"count = {count!r}")
        return Manifest(
            name=path.stem,
            title=table["title"],
            version=table["version"],
            citation=table["citation"],
            licence=table["licence"],
            homepage=table.get("homepage", ""),
            folders=tuple(table.get("folders", [path.stem])),
            images=images,
            bicubic=_parse_psnr(table.get("bicubic", {})),
            unrecorded=0 if images else count,
            published=_parse_psnr(table.get("published", {})),
            sources=tuple(Source(**source) for source in table.get("source", ())),
            how=table.get("how", ""),
        )
    except (tomllib.TOMLDecodeError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise DatasetError(f"manifest '{path}' is not valid ({error})", "compare it with datasets/set5.toml") from error


def _parse_psnr(table: dict[str, dict[str, float]]) -> dict[str, dict[int, float]]:
    return {name: {int(key.removeprefix("x")): value for key, value in row.items()} for name, row in table.items()}


def _parse_image(table: dict[str, Any]) -> ImageFacts:
    crop = table.get("crop")
    return ImageFacts(
        file=table["file"],
        width=table["size"][0],
        height=table["size"][1],
        channels=table["channels"],
        sha256=table["sha256"],
        source=table.get("source", ""),
        crop=tuple(crop) if crop else None,
    )


def facts_of(pixels: Pixels, file: str) -> ImageFacts:
    """The manifest entry of an image, for writing new manifests."""
    from srbench.imaging.images import as_rgb, pixel_hash  # late: listing datasets needs neither numpy nor Pillow

    channels = 1 if pixels.ndim == 2 else 3
    return ImageFacts(file, pixels.shape[1], pixels.shape[0], channels, pixel_hash(as_rgb(pixels)))
