"""The datasets of a run: found, each once, under names that stand for one dataset each in the results folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from srbench import dataset
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import ImageError, SrbenchError, first_few
from srbench.naming import told_apart
from srbench.protocol.base import Protocol
from srbench.run.cache import UnusableImagesError
from srbench.run.pairs import require_fitting
from srbench.run.recorded import Recorded, RecordedDataset, recognise

Note = Callable[[str], None]
Facts = Mapping[ImageFile, ImageFacts]


class Decoding(NamedTuple):
    """Datasets whose images are being decoded; ``facts`` waits for them, and raises ImageError."""

    datasets: tuple[Dataset, ...]
    facts: Callable[[], dict[ImageFile, ImageFacts]]


def find_datasets(
    specs: Sequence[str], note: Note, *, reference: bool = True, clips: Sequence[str] = ()
) -> tuple[Dataset, ...]:
    """The datasets that ``specs`` name, each once however often and by whatever path it is named; with or without
    originals, as :func:`srbench.dataset.find` takes it, and of clips as :func:`srbench.dataset.choose_clips` does."""
    chosen: dict[object, Dataset] = {}
    for spec in specs:
        notes: list[str] = []
        data = dataset.find(spec, notes.append, reference=reference)
        key: object = data.name
        if data.folder is not None:
            status = data.folder.stat()
            key = (status.st_dev, status.st_ino)  # paths may differ in case, or be links
        if key not in chosen:
            chosen[key] = data
            for text in notes:
                note(text)
    return dataset.choose_clips([*chosen.values()], clips)


def require_undegraded(datasets: Sequence[Dataset], degradation: str) -> None:
    """Raise SrbenchError where a degradation is asked for, and images have no original that could be degraded."""
    bare = [data.name for data in datasets if not data.reference]
    if bare and degradation != "bicubic":
        raise SrbenchError(
            f"the images of '{bare[0]}' have no original, so '{degradation}' has nothing to degrade",
            "leave --degradation out; run datasets with originals apart from them",
        )


def default_datasets(note: Note) -> tuple[str, ...]:
    """The standard datasets that are on this machine; if none is, the embedded sample. Says what it left out."""
    here = tuple(name for name in dataset.STANDARD if dataset.available(name))
    missing = [name for name in dataset.STANDARD if name not in here]
    if not here:
        note(
            "Set5, Set14 and BSD100 are not on this machine: using the embedded 'sample' "
            "(get them: srbench fetch set5,set14,bsd100)"
        )
        return ("sample",)
    if missing:
        note(f"not on this machine, left out: {', '.join(missing)} (srbench fetch {','.join(missing)})")
    return here


def settle(
    found: Decoding, recorded: Recorded, note: Note, protocols: Sequence[Protocol], *, skip_unreadable: bool = False
) -> Decoding:
    """The datasets as the run plans them.

    Args:
        recorded: what the results folder holds already.
        protocols: whose rules of sizes given LR images keep.
        skip_unreadable: leave out images of users' folders that cannot be used, instead of raising ImageError. Frames
            of clips are left out whether it is asked for or not: the others of the clip are measured.

    Raises:
        ImageError: no image is left; with ``skip_unreadable``, an image of a known dataset that cannot be used;
            later: LR images that do not fit their HR images.
    """
    if skip_unreadable or any(data.clips() for data in found.datasets):
        found = _without_unreadable(found, note, skip_unreadable)
    datasets = _named(found, recorded, note)

    def facts() -> dict[ImageFile, ImageFacts]:
        decoded = found.facts()
        require_fitting(datasets, decoded, protocols)
        for data in datasets:
            _note_change(data, decoded, recorded.datasets.get(data.name), note)
        return decoded

    return Decoding(datasets, facts)


# -- names ---------------------------------------------------------------------------------------------------------


def _named(found: Decoding, recorded: Recorded, note: Note) -> tuple[Dataset, ...]:
    """The datasets, users' folders under the names that they have in the results folder already, or under names that
    nothing else there or here has."""
    own = [(data, data.folder) for data in found.datasets if data.folder is not None]

    def has_same_images(known: RecordedDataset, thing: tuple[Dataset, Path]) -> bool:
        # Only here are decoded images waited for: a folder that is known needs none.
        named_alike = known.name.rpartition("/")[2] == thing[0].name
        return named_alike and _has_same_images(known, thing[0], found.facts())

    recognised = recognise(own, recorded.datasets, (_is_same_folder, has_same_images))
    names = {folder: name for (_, folder), name in zip(own, recognised, strict=True) if name is not None}
    fresh = [(data.name, folder) for data, folder in own if folder not in names]
    taken = {*recorded.datasets, *recorded.known_datasets, *dataset.manifests()}
    apart = told_apart([(name, folder.parent) for name, folder in fresh], taken)
    for (plain, folder), name in zip(fresh, apart, strict=True):
        names[folder] = name
        if plain in recorded.datasets:
            other = recorded.datasets[plain].folder or "another folder"
            note(f"'{folder}' is called '{name}' in these results: '{plain}' is {other} there")
    return tuple(_called(data, names) for data in found.datasets)


def _called(data: Dataset, names: Mapping[Path, str]) -> Dataset:
    if data.folder is None or names[data.folder] == data.name:
        return data
    return replace(data, name=names[data.folder], title=names[data.folder])


def _is_same_folder(known: RecordedDataset, thing: tuple[Dataset, Path]) -> bool:
    return known.folder == thing[1]


def _has_same_images(known: RecordedDataset, data: Dataset, decoded: Facts) -> bool:
    """Whether a folder elsewhere, or one of which it is not known where it was, is this one."""
    now, before = _comparable(known, data, decoded)
    images, recorded = set(now.items()), set(before.items())
    return images == recorded or (known.folder is None and bool(images & recorded))


def _comparable(known: RecordedDataset, data: Dataset, decoded: Facts) -> tuple[dict[str, str], dict[str, str]]:
    """Pixel hashes of images by name, now and as recorded, without clips that were not chosen here or there."""
    images = {image.name: decoded[image].sha256 for image in data.images if image.clip not in known.not_chosen}
    others = data.not_chosen
    return images, {name: own for name, own in known.images.items() if name.rpartition("/")[0] not in others}


def _note_change(data: Dataset, decoded: Facts, known: RecordedDataset | None, note: Note) -> None:
    """Say that a folder's images are others than in the last run: rows of methods that are not run again are of the
    old ones."""
    if data.folder is None or known is None:
        return
    images, recorded = _comparable(known, data, decoded)
    names = sorted(images.keys() | recorded.keys())
    other = [name for name in names if images.get(name) != recorded.get(name)]
    if other:
        note(
            f"{len(other)} of {len(names)} images of '{data.name}' are new, changed or gone since the last run "
            f"({first_few(other)}): rows of methods that are not run again are of the old images"
        )


# -- unreadable images ---------------------------------------------------------------------------------------------


def _without_unreadable(found: Decoding, note: Note, skip: bool) -> Decoding:
    try:
        found.facts()
    except UnusableImagesError as error:
        stills = {file for data in found.datasets if not data.clips() for file in data.files()}
        if not skip and not stills.isdisjoint(error.reasons):
            raise
        datasets = tuple(_without(data, error.reasons, note) for data in found.datasets)
        facts = error.facts
        return Decoding(datasets, lambda: facts)
    return found


def _without(data: Dataset, reasons: Mapping[ImageFile, ImageError], note: Note) -> Dataset:
    bad = {}
    for image in data.images:
        files = (image, *(low[image.name] for low in data.lr.values()))
        if reason := next((reasons[file].message for file in files if file in reasons), ""):
            bad[image] = reason
    if not bad:
        return data
    clips = data.clips()
    names = ", ".join(image.name if image.clip else image.path.name for image in bad)
    if data.folder is None and not clips:
        raise ImageError(
            f"{len(bad)} of {len(data.images)} images of {data.title} cannot be used ({names})",
            "a known dataset is measured whole; see: srbench verify",
        )
    where = f"'{data.folder}'" if data.folder else data.title
    if len(bad) == len(data.images):
        raise ImageError(f"none of the {len(bad)} images of {where} can be used", next(iter(bad.values())))
    if clips:
        partial = ", ".join(dict.fromkeys(image.clip for image in bad))
        note(
            f"{where}: {len(bad)} of {len(data.images)} frames cannot be used and are left out ({names}): "
            f"means of {partial} are over a part of the clip"
        )
    else:
        note(f"{where}: {len(bad)} of {len(data.images)} images cannot be used and are left out: {names}")
    left_out = {**data.left_out, **{_file_of(image): reason for image, reason in bad.items()}}
    good = tuple(image for image in data.images if image not in bad)
    lr = {scale: {image.name: low[image.name] for image in good} for scale, low in data.lr.items()}
    return replace(data, images=good, left_out=left_out, lr=lr)


def _file_of(image: ImageFile) -> str:
    """What an image's file is called in its dataset: of a frame with the folder of its clip."""
    return f"{image.clip}/{image.path.name}" if image.clip else image.path.name
