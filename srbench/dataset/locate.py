"""Where the images of datasets are on this machine.

They are looked for in ``$SRBENCH_DATA``, ``./data`` and the user's cache, in the layouts in which the public copies
come. Any folder of images is a dataset too, without facts to check it against.
"""

from __future__ import annotations

import importlib.util
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from srbench import paths
from srbench.dataset import clips
from srbench.dataset import manifest as known
from srbench.dataset.clips import frame_name
from srbench.dataset.folder import SUFFIXES, image_files, read_folder, without_lr
from srbench.dataset.manifest import ImageFacts, Manifest
from srbench.errors import DatasetError, DatasetMissingError, SrbenchWarning, UnknownNameError, first_few
from srbench.files import expanded
from srbench.naming import names_of_files

if TYPE_CHECKING:
    from srbench.imaging.images import Pixels

# Folders below a dataset's own in which public copies keep the HR images; "" is the folder itself.
_LAYOUTS = ("HR", "", "original", "GT", "image")
_PARENTS = ("", "benchmark", "SR_testing_datasets")
# What public copies append to an image's name.
_DECORATION = re.compile(r"(_gt|_hr|_srf_\d+_hr)$")
_BEFORE_NUMBER = re.compile(r"(?<=[a-z])[ _-](?=\d)")


@dataclass(frozen=True)
class ImageFile:
    """An image of a dataset on this machine; without a ``reference`` it is an LR image that has no original. A frame of
    a ``clip`` is called CLIP/FRAME, and has its ``number`` in the clip, from 0; of a still image ``clip`` is empty."""

    name: str
    path: Path
    crop: tuple[int, int, int, int] | None = None
    facts: ImageFacts | None = None
    reference: bool = True
    clip: str = ""
    number: int = 0

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
    """Images on this machine, with their manifest if the dataset is a known one.

    ``folder`` is the resolved path of a user's folder, None of a known dataset. ``left_out`` says which of its images
    do not count, by file name, and why. Without a ``reference`` the images are LR images that have no original.
    ``lr`` holds the LR images that are given, by scale and the HR image's name. The frames of clips follow each other
    in ``images``; ``not_chosen`` are the clips that are here and that nobody asked for.
    """

    name: str
    title: str
    version: int
    images: tuple[ImageFile, ...]
    manifest: Manifest | None = None
    folder: Path | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    reference: bool = True
    lr: Mapping[float, Mapping[str, ImageFile]] = field(default_factory=dict)
    not_chosen: tuple[str, ...] = ()

    def files(self) -> Iterator[ImageFile]:
        """All that is read of it: HR images, and LR images that are given."""
        yield from self.images
        for low in self.lr.values():
            yield from low.values()

    def clips(self) -> dict[str, list[ImageFile]]:
        """The frames of every clip in order; empty of a dataset of still images."""
        found: dict[str, list[ImageFile]] = {}
        for image in self.images:
            if image.clip:
                found.setdefault(image.clip, []).append(image)
        return found


def _warn(text: str) -> None:
    warnings.warn(text, SrbenchWarning, stacklevel=3)


def find(spec: str, note: Callable[[str], None] = _warn, *, reference: bool = True) -> Dataset:
    """The dataset that ``spec`` names: a known name, or a folder of images. A path (``./sample``) is always a folder.

    Args:
        reference: whether the images are HR images; else they are LR images without an original, as those of a known
            dataset are whose manifest says so.
        note: told what was decided for the user, in a line: files that are no HR images are left out. By default
            each is an :class:`srbench.errors.SrbenchWarning`.

    Raises:
        UnknownNameError: neither a known name nor a folder.
        DatasetMissingError: a known dataset that is not on this machine, or not whole.
        DatasetError: a file; a folder without images; nothing.
    """
    if not spec.strip():
        raise DatasetError("a dataset without a name", "give a known name or a folder of images")
    manifests = known.manifests()
    is_path = os.sep in spec or spec.startswith((".", "~"))
    folder = expanded(spec)
    if not is_path and (broken := known.broken().get(spec.lower())) is not None:
        raise broken
    if not is_path and spec.lower() in manifests:
        if folder.is_dir():
            note(f"'{spec}' is the known dataset; the folder of that name here is ./{spec}")
        return _as_given(_from_manifest(manifests[spec.lower()], note), reference)
    if folder.is_dir():
        return _as_given(_from_folder(folder, note, reference), reference)
    if folder.exists():
        raise DatasetError(
            f"'{spec}' is a file, and a dataset is a folder of images", f"give its folder: {folder.parent}"
        )
    if is_path:
        raise DatasetMissingError(f"no folder at '{spec}'", "check the path")
    raise UnknownNameError("dataset", spec, manifests)


def _as_given(data: Dataset, reference: bool) -> Dataset:
    """The dataset as one of LR images, unless they are HR images by what the user and its manifest say."""
    if reference and (data.manifest is None or data.manifest.reference):
        return data
    return replace(data, images=tuple(replace(image, reference=False) for image in data.images), reference=False)


def available(name: str) -> bool:
    """Whether every image of the known dataset ``name`` is on this machine."""
    manifest = known.manifests()[name]
    return len(image_paths(manifest)) == manifest.count


def image_paths(manifest: Manifest) -> dict[str, Path]:
    """Paths of a manifest's images on this machine, by image name; those that are missing are left out."""
    if manifest.embedded:
        found = {image.name: _packaged(image.source) for image in manifest.images}
        return {name: path for name, path in found.items() if path.is_file()}
    if manifest.clips:
        frames = _frames_by_clip(manifest)
        return {frame_name(clip, place): own[place] for clip, own in frames.items() for place in sorted(own)}
    best: dict[str, Path] = {}
    for folders in _candidates(manifest):
        present = {
            name: path for folder in folders for name, path in _images_by_name(folder, manifest.reference).items()
        }
        if not manifest.recorded:
            # Whatever lies there is taken, but a folder with the right number of images before any other.
            if len(present) == manifest.count:
                return present
            best = best or present
            continue
        present = {known_name(name): path for name, path in present.items()}
        here = {image.name: present[key] for image in manifest.images if (key := known_name(image.name)) in present}
        if len(here) > len(best):
            best = here
        if len(best) == len(manifest.images):
            break
    return best


def _frames_by_clip(manifest: Manifest) -> dict[str, dict[int, Path]]:
    """Frames of a manifest's clips on this machine, of each clip those of the folder that has most of them, by their
    places."""
    best: dict[str, dict[int, Path]] = {}
    for folders in _candidates(manifest):
        for clip, frames in clips.in_manifest(folders, manifest.frames).items():
            best[clip] = max(best.get(clip, {}), frames, key=len)
    return {clip: best[clip] for clip in manifest.frames if clip in best}


def plain_name(stem: str) -> str:
    """An image's name without case and without what public copies append to it."""
    return _DECORATION.sub("", stem.lower())


def known_name(stem: str) -> str:
    """What the names of one recorded image have in common: ``img_001`` in one public copy is ``img001`` in another."""
    return _BEFORE_NUMBER.sub("", plain_name(stem))


def _from_manifest(manifest: Manifest, note: Callable[[str], None]) -> Dataset:
    files = image_paths(manifest)
    missing = [image.file for image in manifest.images if image.name not in files]
    if not files:
        places = ", ".join(str(root) for root in paths.data())
        raise DatasetMissingError(
            f"{manifest.title} is not on this machine (looked in {places})",
            f"get it with srbench fetch {manifest.name}, put its images into ./data/{manifest.folders[0]}, or set "
            f"SRBENCH_DATA to the folder that holds {manifest.folders[0]}/",
        )
    if manifest.clips:
        return _of_clips(manifest, note)
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


def _of_clips(manifest: Manifest, note: Callable[[str], None]) -> Dataset:
    """The clips of a manifest that are whole on this machine: each is measured by itself, and those that lack are
    told."""
    found = _frames_by_clip(manifest)
    clips.require_here(manifest.title, manifest.frames, found, note)
    facts = {image.name: image for image in manifest.images}
    whole = {clip: own for clip, own in found.items() if len(own) == manifest.frames[clip]}
    images = tuple(
        ImageFile(name := frame_name(clip, place), own[place], facts=facts.get(name), clip=clip, number=place)
        for clip, own in whole.items()
        for place in sorted(own)
    )
    clips.require_one_size({clip: [own[place] for place in sorted(own)] for clip, own in whole.items()})
    return Dataset(manifest.name, manifest.title, manifest.version, images, manifest)


def _from_folder(folder: Path, note: Callable[[str], None], reference: bool) -> Dataset:
    contents = read_folder(folder, reference=reference)
    root = folder
    if reference and not contents.images and (inside := _hr_folder(folder)) is not None:
        folder, contents = inside, read_folder(inside)
        note(f"'{root}' is a dataset with a folder of HR images, which are taken: {inside.name}")
    if reference and not contents.images and (own := clips.read_clips(folder, note)):
        images = tuple(frame for clip in own for frame in _frames(clip))
        return Dataset(_called(root), _called(root), 0, images, folder=folder.resolve())
    if not contents.images:
        unread = f" but {first_few([*contents.left_out])}, which are not read" if contents.left_out else ""
        raise DatasetError(f"no images in '{folder}'{unread}", _where_images_are(folder))
    for text in contents.notes:
        note(text)
    names = names_of_files(contents.images)
    images = tuple(ImageFile(name, path) for name, path in zip(names, contents.images, strict=True))
    if reference:
        _note_clips(folder, note)
    return Dataset(_called(root), _called(root), 0, images, folder=folder.resolve(), left_out=contents.left_out)


def _called(folder: Path) -> str:
    """The name of the dataset that a user's folder is."""
    name = folder.resolve().name or "root"
    # Its images are not checked against the manifest of that name.
    return f"{name}-folder" if name.lower() in known.manifests() else name


def _frames(clip: clips.Clip) -> Iterator[ImageFile]:
    names = names_of_files(clip.files)
    for place, (name, path) in enumerate(zip(names, clip.files, strict=True)):
        yield ImageFile(f"{clip.name}/{name}", path, clip=clip.name, number=place)


def _note_clips(folder: Path, note: Callable[[str], None]) -> None:
    """Say of folders of frames beside images that they do not count."""
    beside = [place.name for place in clips.folders_of_frames(folder) if clips.is_clip(place)]
    if beside:
        note(
            f"'{folder}' holds images and folders of frames ({first_few(beside)}): the images are taken, and no clip; "
            "move the images elsewhere if the clips are meant"
        )


def _hr_folder(folder: Path) -> Path | None:
    """The one folder in it that is called as folders of HR images are; None if there is none, or several."""
    named = [place for layout in _LAYOUTS if layout and (place := _child(folder, layout)) and image_files(place)]
    return named[0] if len(named) == 1 else None


def _where_images_are(folder: Path) -> str:
    """A hint for a folder without images: which folders in it hold some, or what files are read."""
    inside = [child.name for child in sorted(folder.iterdir()) if child.is_dir() and image_files(child)]
    usual = [name for layout in _LAYOUTS if layout for name in inside if name.lower() == layout.lower()]
    if inside:
        return f"give one of the folders in it that hold images, such as {folder / (usual or inside)[0]}"
    return f"srbench reads {', '.join(suffix[1:].upper() for suffix in SUFFIXES)}"


def _candidates(manifest: Manifest) -> Iterator[list[Path]]:
    """Folders that may hold a dataset's images together."""
    for root in paths.data():
        for parent in _PARENTS:
            for folder in manifest.folders:
                base = _child(_child(root, parent), folder)
                if base is None:
                    continue
                if manifest.parts:
                    yield [place for part in manifest.parts if (place := _child(base, part))]
                    continue
                for layout in _LAYOUTS:
                    place = _child(base, layout)
                    if place is not None:
                        yield [place]


def _child(folder: Path | None, name: str) -> Path | None:
    """The subfolder ``name`` (which may be a path), whatever its case; None if there is none."""
    for part in Path(name).parts:
        if folder is None or not folder.is_dir():
            return None
        folder = next((p for p in sorted(folder.iterdir()) if p.name.lower() == part.lower() and p.is_dir()), None)
    return folder if folder is not None and folder.is_dir() else None


def _images_by_name(folder: Path, reference: bool) -> dict[str, Path]:
    files = image_files(folder)
    return {plain_name(path.stem): path for path in (without_lr(files) if reference else files)}


def _packaged(source: str) -> Path:
    package, _, file = source.partition(":")
    spec = importlib.util.find_spec(package)
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else ""
    return Path(folder) / "data" / file
