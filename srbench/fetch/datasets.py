"""Bring a known dataset to the user's cache, and let it stand there only if it is the one the literature measured."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench import dataset, paths
from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import Manifest, Source
from srbench.dataset.verify import Verdict
from srbench.errors import FetchError, SrbenchError
from srbench.evaluation.reference import TOLERANCE, bicubic_psnr
from srbench.fetch.archive import unpack
from srbench.fetch.download import Observer, download, forget
from srbench.files import writing
from srbench.wording import counted

MAX_ARCHIVE = 8 << 30  # bytes, where the manifest does not give a size; the largest known is DIV2K's of 3.5 GB
_PRINTED = 0.02  # dB: papers print two decimals, from copies and code of their own


@dataclass(frozen=True)
class Fetched:
    """Where a dataset is now. ``remark`` says how far its pixels could be checked."""

    manifest: Manifest
    folder: Path
    new: bool
    remark: str


def fetch(manifest: Manifest, observer: Observer) -> Fetched:
    """Bring ``manifest``'s images to the user's cache unless they are on this machine.

    Raises:
        FetchError: there is no address; all of its addresses failed; the images are not the expected ones (which,
            and what was expected); a copy that is here already has other pixels. Nothing is installed then.
    """
    here = dataset.image_paths(manifest)
    if len(here) == manifest.count:
        folder = next(iter(here.values())).parent
        folder = folder.parent if manifest.clips else folder
        if not manifest.recorded and not manifest.clips:
            return Fetched(manifest, folder, False, "its pixels are not recorded")
        verdicts = dataset.check_images(manifest)
        bad = [own for own in verdicts if not own.good and own.verdict != "not recorded"]
        if not bad and not manifest.recorded:
            return Fetched(manifest, folder, False, "frames are identical where their pixels are recorded")
        if not bad:
            return Fetched(manifest, folder, False, "all images identical")
        raise FetchError(
            f"{manifest.title} is in '{folder}', but {_list(bad)}",
            f"see srbench verify {manifest.name}; move that folder away and fetch again",
        )
    if not manifest.sources:
        raise FetchError(
            f"srbench knows no address of {manifest.title}",
            manifest.how or f"put its images into ./data/{manifest.folders[0]}",
        )
    for i, source in enumerate(manifest.sources):
        try:
            return _from_source(manifest, source, observer)
        except SrbenchError as error:
            if i + 1 == len(manifest.sources):
                raise
            observer.note(f"{error}; trying another address")
    raise AssertionError("unreachable")


def _target(manifest: Manifest) -> Path:
    """The folder of the cache that the images go to; raises FetchError if the manifest names another place."""
    folder = manifest.folders[0]
    parts = folder.replace("\\", "/").split("/")
    if any(part in ("", ".", "..") or ":" in part or "\0" in part for part in parts):
        raise FetchError(
            f"the manifest of {manifest.title} wants to be installed in '{folder}', which is no folder below the cache",
            "correct its folders",
        )
    return paths.cache().joinpath("datasets", *parts)


def _from_source(manifest: Manifest, source: Source, observer: Observer) -> Fetched:
    target = _target(manifest)
    archive = download(source.address, observer, source.size or MAX_ARCHIVE)
    with writing(target, "free space or set SRBENCH_CACHE", FetchError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as temporary:
            folder = Path(temporary, "images")
            try:
                files = unpack(archive, folder, source.inside)
                if manifest.recorded:
                    images, remark = _check_pixels(manifest, files, source)
                else:
                    images, remark = _check_count(manifest, files, source)
            except OSError:  # the disk is full, say: the archive is not to blame
                raise
            except Exception:
                forget(source.address)  # a wrong or damaged archive would be taken again
                raise
            target.mkdir(exist_ok=True)
            for image in images:
                image.path.replace(target / image.path.name)
    forget(source.address)
    return Fetched(manifest, target, True, remark)


def _check_pixels(manifest: Manifest, files: Sequence[Path], source: Source) -> tuple[list[ImageFile], str]:
    present = {dataset.known_name(path.stem): path for path in files}
    images, verdicts = [], []
    for facts in manifest.images:
        path = present.get(dataset.known_name(facts.name))
        if path is None:
            verdicts.append(Verdict(facts.name, "missing"))
            continue
        image = ImageFile(facts.name, path, facts=facts)
        images.append(image)
        verdicts.append(dataset.judge(facts, image.read()))
    bad = [verdict for verdict in verdicts if not verdict.good]
    if not bad:
        return images, "all images identical"
    if all(verdict.verdict == "other pixels" for verdict in bad):
        off = [
            f"{found:.3f} instead of {value:.3f} dB ({name}, x{scale})"
            for name, row in manifest.bicubic.items()
            for scale, value in row.items()
            if abs((found := bicubic_psnr(images, name, scale)) - value) > TOLERANCE
        ]
        if manifest.bicubic and not off:
            return images, (
                f"{len(bad)} of {manifest.count} images have other pixels than the recorded ones, but bicubic has "
                f"its recorded PSNR within {TOLERANCE} dB: another decoder, or another file format"
            )
        gives = f"; bicubic gives {off[0]}" if off else ""
        raise FetchError(f"{source.address} is another {manifest.title}: {_list(bad)}{gives}", "nothing was installed")
    raise FetchError(f"{source.address} is another {manifest.title}: {_list(bad)}", "nothing was installed")


def _check_count(manifest: Manifest, files: Sequence[Path], source: Source) -> tuple[list[ImageFile], str]:
    if len(files) != manifest.count:
        raise FetchError(
            f"{source.address} holds {counted(len(files), 'image')}, {manifest.title} has {manifest.count}",
            "nothing was installed",
        )
    images = [ImageFile(path.stem, path) for path in files]
    for image in images:
        image.read()  # raises ImageError for one that is not intact
    remarks = ["its pixels are not recorded, only counted"]
    for name, row in manifest.published.items():
        scale = max(row)
        found = bicubic_psnr(images, name, scale)
        agrees = "as" if abs(found - row[scale]) <= _PRINTED else "NOT as"
        remarks.append(
            f"bicubic gives {found:.2f} dB at x{scale} under {name}, {agrees} papers print ({row[scale]:.2f})"
        )
    return images, "; ".join(remarks)


def _list(bad: Sequence[Verdict]) -> str:
    shown = [f"{v.image}: {v.verdict}" + (f" ({v.detail})" if v.detail else "") for v in bad[:3]]
    return f"{len(bad)} image{'s' if len(bad) > 1 else ''} differ ({'; '.join(shown)}{'; ...' if len(bad) > 3 else ''})"
