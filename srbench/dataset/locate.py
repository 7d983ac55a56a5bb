"""Where the images of datasets are on this machine.

They are looked for in ``$SRBENCH_DATA``, ``./data`` and the user's cache, in the layouts in which the public copies
come. Any folder of images is a dataset too, without facts to check it against.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srbench import paths
from srbench.dataset import manifest as known
from srbench.dataset.manifest import ImageFacts, Manifest
from srbench.errors import DatasetError, DatasetMissingError, UnknownNameError, first_few
from srbench.files import expanded

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")  # files of a folder that are taken as images

# Folders below a dataset's own in which public copies keep the HR images; "" is the folder itself.
_LAYOUTS = ("HR", "", "original", "GT", "image")
_PARENTS = ("", "benchmark", "SR_testing_datasets")
# What public copies append to an image's name.
_DECORATION = re.compile(r"(_gt|_hr|_srf_\d+_hr)$")


@dataclass(frozen=True)
class ImageFile:
    """An image of a dataset on this machine."""

    name: str
    path: Path
    crop: tuple[int, int, int, int] | None = None
    facts: ImageFacts | None = None

    def read(self) -> Pixels:
        """The decoded pixels, uint8 (H, W) or (H, W, 3); raises ImageError."""
        from srbench.imaging.images import read_image  # late: listing datasets needs neither numpy nor Pillow

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


def find(spec: str) -> Dataset:
    """The dataset that ``spec`` names: a known name, or a folder of images.

    Raises:
        UnknownNameError: neither a known name nor a folder.
        DatasetMissingError: a known dataset that is not on this machine, or not whole.
        DatasetError: a folder without images.
    """
    manifests = known.manifests()
    if spec.lower() in manifests:
        return _from_manifest(manifests[spec.lower()])
    folder = expanded(spec)
    if folder.is_dir():
        return _from_folder(folder)
    if os.sep in spec or spec.startswith("."):
        raise DatasetMissingError(f"no folder at '{spec}'", "check the path")
    raise UnknownNameError("dataset", spec, manifests)


def available(name: str) -> bool:
    """Whether every image of the known dataset ``name`` is on this machine."""
    manifest = known.manifests()[name]
    return len(image_paths(manifest)) == manifest.count


def image_paths(manifest: Manifest) -> dict[str, Path]:
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


def plain_name(stem: str) -> str:
    """An image's name without case and without what public copies append to it."""
    return _DECORATION.sub("", stem.lower())


def _from_manifest(manifest: Manifest) -> Dataset:
    files = image_paths(manifest)
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
        folder = next(iter(files.values())).parent
        raise DatasetMissingError(
            f"{len(missing)} of {len(manifest.images)} images of {manifest.title} are missing in '{folder}' "
            f"({first_few(missing)})",
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
    if name.lower() in known.manifests():
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


def _packaged(source: str) -> Path:
    package, _, file = source.partition(":")
    spec = importlib.util.find_spec(package)
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else ""
    return Path(folder) / "data" / file
