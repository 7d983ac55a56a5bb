"""Image files and archives: damaged, lying about their size, of another format, no files at all."""

from __future__ import annotations

import io
import os
import random
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import mutate
import numpy as np
import png
import tifffile
from arrays import Call
from campaign import ANY, FAULTY, QUICK, WRONG, Case, kind
from PIL import Image
from world import World, smooth

from srbench.fetch.archive import unpack

_PILLOW = (".png", ".bmp", ".jpg", ".tif", ".webp")
_MODES = ("RGB", "L", "P", "RGBA", "LA", "1", "CMYK", "I;16")


def encoded(rng: random.Random) -> tuple[bytes, str]:
    """A small image file in one of the formats and depths that there are, and its suffix."""
    pixels = smooth(12, 14, rng.randrange(9))
    deep = pixels.astype(np.uint16) * 257
    stream = io.BytesIO()
    how = rng.random()
    if how < 0.12:
        writer = png.Writer(14, 12, greyscale=False, bitdepth=16)
        writer.write(stream, deep.reshape(12, -1))
        return stream.getvalue(), ".png"
    if how < 0.25:
        options = rng.choice([{}, {"photometric": "miniswhite"}, {"planarconfig": "separate", "photometric": "rgb"}])
        tifffile.imwrite(stream, deep[..., 0] if "miniswhite" in options.values() else deep, **options)
        return stream.getvalue(), ".tif"
    suffix, mode = rng.choice(_PILLOW), rng.choice(_MODES)
    if mode == "I;16":
        suffix = rng.choice([".png", ".tif"])
    image = Image.fromarray(deep[..., 0]) if mode == "I;16" else Image.fromarray(pixels).convert(mode)
    try:
        image.save(stream, {".png": "PNG", ".bmp": "BMP", ".jpg": "JPEG", ".tif": "TIFF", ".webp": "WEBP"}[suffix])
    except OSError:  # not every format has every mode
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        suffix = ".png"
    return stream.getvalue(), suffix


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _made_png(rng: random.Random) -> bytes:
    """A PNG whose header states any size, depth and colour type, with correct checksums."""
    sides = (0, 1, 12, 65_536, 2**31 - 1, 2**32 - 1, 30_000)
    header = struct.pack(">II", rng.choice(sides), rng.choice(sides))
    header += bytes([rng.choice([1, 2, 8, 16, 3]), rng.choice([0, 2, 3, 4, 6, 5]), 0, 0, rng.choice([0, 1])])
    data = zlib.compress(rng.choice([b"", b"\0" * 600, b"\0" * 5_000_000]))
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", data), _chunk(b"IEND", b"")]
    if rng.random() < 0.3:
        extra = rng.choice(
            [(b"PLTE", b"\0" * 5), (b"iCCP", b"x"), (b"tRNS", b"x"), (b"eXIf", b"MM\0*"), (b"zTXt", b"a\0\0x")]
        )
        parts.insert(1, _chunk(*extra))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


_STRANGE = (
    b"", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*\0\0\0\x08", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP",
    b"GIF89a\1\0\1\0\0\0\0;", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    b"P6 3 3 255\n" + b"x" * 27, b"P6 99999 99999 255\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"\0\0\0\x0cjP  \r\n\x87\n", b"8BPS\0\1", b"qoif", b"\0\0\1\0\1\0", b"II*\0\xff\xff\xff\xff",
    b"II*\0\x08\0\0\0\xff\xff" + b"\1" * 40, b"II+\0\x08\0\0\0" + b"\xff" * 8,
)  # fmt: skip


@kind("images", 70)
def images(world: World, rng: random.Random, folder: Path) -> Case:
    how = rng.random()
    broken = False
    if how < 0.5:
        content, suffix = encoded(rng)
        content = mutate.damaged(content, rng) if rng.random() < 0.8 else mutate.beginning(content, rng, 60)
    elif how < 0.65:
        content, suffix = _made_png(rng), ".png"
    elif how < 0.75:
        content, _ = encoded(rng)
        suffix = rng.choice(_PILLOW)
    else:
        content, suffix, broken = rng.choice(_STRANGE), rng.choice(_PILLOW), True
    place = folder / "set"
    place.mkdir()
    path = place / f"a{suffix}"
    special = rng.random()
    if special < 0.04:
        os.mkfifo(path)
    elif special < 0.08:
        path.mkdir()
    elif special < 0.1:
        path.symlink_to(rng.choice(["nowhere", "/dev/zero", path.name]))
    else:
        path.write_bytes(content)
    broken = broken or special < 0.1
    run = [
        "run",
        "--methods",
        "nearest",
        "--datasets",
        str(place),
        *QUICK,
    ]
    upscale = [
        "upscale",
        "nearest",
        rng.choice([str(path), str(place)]),
        "--scale",
        "2",
        *rng.choice([[], ["--alpha"]]),
    ]
    score = ["score", str(place), "--dataset", str(world.one), "--scale", "2", "--name", "x", "--metrics", "psnr"]
    train = ["train", str(world.trainable), "--data", str(place), "--scale", "2", "--output", "o", "--device", "cpu"]
    return Case(
        rng.choice([run, run, upscale, upscale, upscale, score, train]), FAULTY if broken else ANY, apart=special < 0.1
    )


_NAMES = (
    "a.png", "b.png", "x/a.png", "../a.png", "/tmp/srbench-fuzz.png", "..\\a.png", "C:a.png", "a\0.png", "A.PNG",
    "é.png", ".png", "x" * 300 + ".png", "a.png/", "a.png/b.png", "./a.png", "__MACOSX/a.png", "con.png", "\n.png",
    "x/" * 200 + "a.png", "",
)  # fmt: skip


@kind("archives", 45)
def archives(world: World, rng: random.Random, folder: Path) -> Case:
    """An archive that a server sent, unpacked; what leaves the target folder is found as executed."""
    stream = io.BytesIO()
    content = encoded(rng)[0]
    if rng.random() < 0.5:
        method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        with zipfile.ZipFile(stream, "w", method) as zipped:
            for name in rng.sample(_NAMES, rng.randint(1, 3)):
                info = zipfile.ZipInfo(name)
                info.compress_type = method
                info.external_attr = rng.choice([0, 0, 0o120777 << 16, 0o10644 << 16])
                zipped.writestr(info, rng.choice([content, b"\0" * 3_000_000, b"../x"]))
    else:
        mode = rng.choice(["w", "w:gz", "w:bz2", "w:xz"])
        with tarfile.open(
            fileobj=stream, mode=mode, format=rng.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
        ) as tarred:
            for name in rng.sample(_NAMES, rng.randint(1, 3)):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                entry.type = rng.choice(
                    [tarfile.REGTYPE] * 4 + [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
                )
                entry.linkname = rng.choice(["", "a.png", "../x", "/etc/passwd"])
                tarred.addfile(entry, io.BytesIO(content))
    data = stream.getvalue()
    path = folder / "archive"
    if rng.random() < 0.7:
        data = mutate.damaged(data, rng)
    if rng.random() < 0.05:
        path.mkdir()
        return Case(call=Call(unpack, path, folder / "in"), codes=WRONG)
    path.write_bytes(data)

    def unpacked() -> None:
        try:
            unpack(path, folder / "in" / "target", rng.choice(["", "", "x"]))
        finally:
            escaped = [p for p in folder.rglob("*") if p.is_file() and p != path and "target" not in p.parts]
            links = [p for p in (folder / "in").rglob("*") if p.is_symlink() or not (p.is_file() or p.is_dir())]
            if escaped or links or Path("/tmp/srbench-fuzz.png").exists():
                world.canary.touch()

    return Case(call=Call(unpacked), codes=ANY)
