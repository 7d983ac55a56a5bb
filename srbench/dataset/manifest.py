"""Datasets: manifests that say what a benchmark is, and where its images are on this machine.

A manifest (``datasets/NAME.toml``) holds the facts of a dataset: title, citation, licence, every image with its
size and the SHA-256 of its pixels, the PSNR that bicubic must give, and where the images can be had. Of some
datasets only the number of images is recorded (``images = "unknown"``). The images themselves are looked for in
``$SRBENCH_DATA``, ``./data`` and the user's cache, in the layouts in which the public copies come. Any folder of
images is a dataset too, without facts to check it against.
"""

from __future__ import annotations

import importlib.util
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import paths
from srbench.errors import DatasetError, DatasetMissingError, ImageError, UnknownNameError

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels

# The images module is imported where pixels are read: it brings numpy and Pillow, and listing datasets needs neither.

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")  # files of a folder that are taken as images
UNKNOWN = "unknown"  # in place of a manifest's images: only their number is recorded
STANDARD = ("set5", "set14", "bsd100")  # what `srbench run` takes when it is not told

# Folders below a dataset's own in which public copies keep the HR images; "" is the folder itself.
_LAYOUTS = ("HR", "", "original", "GT", "image")
_PARENTS = ("", "benchmark", "SR_testing_datasets")
# What public copies append to an image's name.
_DECORATION = re.compile(r"(_gt|_hr|_srf_\d+_hr)$")


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


@dataclass(frozen=True)
class ImageFile:
    """An image of a dataset on this machine."""

    name: str
    path: Path
    crop: tuple[int, int, int, int] | None = None
    facts: ImageFacts | None = None

    def read(self) -> Pixels:
        """The decoded pixels, uint8 (H, W) or (H, W, 3); raises ImageError."""
        from srbench.imaging.images import read_image

        pixels = read_image(self.path)
        if self.crop is None:
            return pixels
        left, top, width, height = self.crop
        return pixels[top : top + height, left : left + width]


@dataclass(frozen=True)
class Dataset:
    """Images on this machine, with their manifest if the dataset is a known one."""

    name: str
    title: str
    version: int
    images: tuple[ImageFile, ...]
    manifest: Manifest | None = None


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
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
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


def find(spec: str) -> Dataset:
    """The dataset that ``spec`` names: a known name, or a folder of images.

    Raises:
        UnknownNameError: neither a known name nor a folder.
        DatasetMissingError: a known dataset that is not on this machine, or not whole.
        DatasetError: a folder without images.
    """
    known = manifests()
    if spec.lower() in known:
        return _from_manifest(known[spec.lower()])
    folder = Path(spec).expanduser()
    if folder.is_dir():
        return _from_folder(folder)
    if os.sep in spec or spec.startswith("."):
        raise DatasetMissingError(f"no folder at '{spec}'", "check the path")
    raise UnknownNameError("dataset", spec, known)


def available(name: str) -> bool:
    """Whether every image of the known dataset ``name`` is on this machine."""
    manifest = manifests()[name]
    return len(locate(manifest)) == manifest.count


def locate(manifest: Manifest) -> dict[str, Path]:
    """Paths of a manifest's images on this machine, by image name; those that are missing are left out."""
    if manifest.embedded:
        found = {image.name: _packaged(image.source) for image in manifest.images}
        return {name: path for name, path in found.items() if path.is_file()}
    best: dict[str, Path] = {}
    for folder in _candidates(manifest):
        present = _images_by_name(folder)
        if not manifest.recorded:
            # Whatever lies there is taken, but a folder with the right number of images before any other.
            if len(present) == manifest.count:
                return present
            best = best or present
            continue
        here = {image.name: present[key] for image in manifest.images if (key := plain_name(image.name)) in present}
        if len(here) > len(best):
            best = here
        if len(best) == len(manifest.images):
            break
    return best


def _from_manifest(manifest: Manifest) -> Dataset:
    files = locate(manifest)
    missing = [image.file for image in manifest.images if image.name not in files]
    if not files:
        places = ", ".join(str(root) for root in paths.data())
        raise DatasetMissingError(
            f"{manifest.title} is not on this machine (looked in {places})",
            f"get it with srbench fetch {manifest.name}, put its images into ./data/{manifest.folders[0]}, or set "
            f"SRBENCH_DATA to the folder that holds {manifest.folders[0]}/",
        )
    if not manifest.recorded:
        if len(files) != manifest.count:
            folder = next(iter(files.values())).parent
            raise DatasetMissingError(
                f"'{folder}' holds {len(files)} images, {manifest.title} has {manifest.count}",
                f"complete it, or score the folder as it is with --datasets {folder}",
            )
        unchecked = tuple(ImageFile(name, path) for name, path in files.items())
        return Dataset(manifest.name, manifest.title, manifest.version, unchecked, manifest)
    if missing:
        names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        folder = next(iter(files.values())).parent
        raise DatasetMissingError(
            f"{len(missing)} of {len(manifest.images)} images of {manifest.title} are missing in '{folder}' ({names})",
            f"complete it, or score the folder as it is with --datasets {folder}",
        )
    images = tuple(ImageFile(i.name, files[i.name], i.crop, i) for i in manifest.images)
    return Dataset(manifest.name, manifest.title, manifest.version, images, manifest)


def _from_folder(folder: Path) -> Dataset:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not files:
        raise DatasetError(f"no images in '{folder}'", f"srbench reads {', '.join(s[1:].upper() for s in SUFFIXES)}")
    stems = [path.stem for path in files]
    images = tuple(ImageFile(p.stem if stems.count(p.stem) == 1 else p.name, p) for p in files)
    name = folder.resolve().name
    if name.lower() in manifests():
        name = f"{name}-folder"  # its images are not checked against the manifest of that name
    return Dataset(name, name, 0, images)


def _candidates(manifest: Manifest) -> Iterator[Path]:
    for root in paths.data():
        for parent in _PARENTS:
            for folder in manifest.folders:
                base = _child(_child(root, parent), folder)
                if base is None:
                    continue
                for layout in _LAYOUTS:
                    place = _child(base, layout)
                    if place is not None:
                        yield place


def _child(folder: Path | None, name: str) -> Path | None:
    """The subfolder ``name`` (which may be a path), whatever its case; None if there is none."""
    for part in Path(name).parts:
        if folder is None or not folder.is_dir():
            return None
        folder = next((p for p in sorted(folder.iterdir()) if p.name.lower() == part.lower() and p.is_dir()), None)
    return folder if folder is not None and folder.is_dir() else None


def _images_by_name(folder: Path) -> dict[str, Path]:
    return {plain_name(p.stem): p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()}


def plain_name(stem: str) -> str:
    """An image's name without case and without what public copies append to it."""
    return _DECORATION.sub("", stem.lower())


def _packaged(source: str) -> Path:
    package, _, file = source.partition(":")
    spec = importlib.util.find_spec(package)
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else ""
    return Path(folder) / "data" / file


@dataclass(frozen=True)
class Verdict:
    """What :func:`verify` says of one image: 'identical', 'other pixels', 'wrong size', 'missing', 'unreadable', or
    'not recorded' where there is nothing to compare it with."""

    image: str
    verdict: str
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.verdict == "identical"


def verify(manifest: Manifest) -> Iterator[Verdict]:
    """Compare the images on this machine with their manifest, one after the other."""
    files = locate(manifest)
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


def facts_of(pixels: Pixels, file: str) -> ImageFacts:
    """The manifest entry of an image, for writing new manifests."""
    from srbench.imaging.images import as_rgb, pixel_hash

    channels = 1 if pixels.ndim == 2 else 3
    return ImageFacts(file, pixels.shape[1], pixels.shape[0], channels, pixel_hash(as_rgb(pixels)))
