"""Training images as one archive of a limited size."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops

LIMIT = 28_000_000  # bytes
HELD = "validation.json"  # pixel hashes of the images that validate and are never trained on
HELD_IMAGES, SEED = 10, 0  # as in the recipes
BLOCK = 512  # of a tar file: a header before each member, its content padded, two blocks and padding at the end


def pack(folders: Sequence[Path], target: Path, limit: int = LIMIT) -> tuple[int, int]:
    """Write the images of ``folders`` to the archive ``target`` of at most ``limit`` bytes.

    The images that a training on all of ``folders`` holds out for validation are always there, and the archive names
    them, so that validation PSNR compares with that of trainings at home. RGB images that are not JPEG are stored as
    lossless WebP where that is smaller; JPEG files are stored as they are. The smallest folder comes first; of what
    does not fit, images are left out in the order of their pixel hashes.

    Returns:
        how many images are in the archive, and how many there were.
    """
    from srbench.training.data import hold_out, read_pictures

    pictures = read_pictures(folders)
    _, held = hold_out(pictures, min(HELD_IMAGES, max(1, len(pictures) // 4)), SEED)
    hashes = {picture.hash for picture in held}
    stored = [(p, *_encoded(p.path)) for p in pictures]
    by_folder = {folder: sum(len(data) for p, _, data in stored if p.path.parent == folder) for folder in folders}
    stored.sort(key=lambda item: (item[0].hash not in hashes, by_folder[item[0].path.parent], item[0].hash))
    target.parent.mkdir(parents=True, exist_ok=True)
    size, count = 0, 0
    with tarfile.open(target, "w") as archive:
        size += _add(archive, HELD, json.dumps(sorted(hashes)).encode())
        for picture, suffix, data in stored:
            if size + len(data) + 2 * BLOCK + tarfile.RECORDSIZE > limit:
                continue
            size += _add(archive, f"{picture.path.parent.name}/{picture.path.stem}{suffix}", data)
            count += 1
    return count, len(pictures)


def _encoded(path: Path) -> tuple[str, bytes]:
    """Suffix and bytes of the file as it is, or as lossless WebP where that is smaller."""
    from srbench.imaging.decode import FORMATS

    original = path.read_bytes()
    with Image.open(path, formats=FORMATS) as image:
        if image.mode != "RGB" or image.format == "JPEG":
            return path.suffix, original
        stream = io.BytesIO()
        image.save(stream, "webp", lossless=True, quality=80)
        with Image.open(stream) as again:
            same = ImageChops.difference(image, again.convert("RGB")).getbbox() is None
    smaller = same and len(stream.getvalue()) < len(original)
    return (".webp", stream.getvalue()) if smaller else (path.suffix, original)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> int:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
    return BLOCK + -(-len(data) // BLOCK) * BLOCK


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack what :func:`pack` made, WebP as PNG, and return the folders of images."""
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    for path in folder.rglob("*.webp"):
        with Image.open(path, formats=("WEBP",)) as image:
            image.convert("RGB").save(path.with_suffix(".png"), compress_level=1)
        path.unlink()
    return sorted(path for path in folder.iterdir() if path.is_dir())
