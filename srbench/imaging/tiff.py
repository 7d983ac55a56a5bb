"""Samples of TIFF files of 8 or 16 bits per channel: grey, RGB and CMYK, in strips or tiles, chunky or planar.

Pillow cuts colours of 16 bits to 8 and refuses the rarer layouts. Its libtiff still undoes the compression: it is told
that the samples are bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from srbench.errors import ImageError
from srbench.imaging.samples import COLOURS, Deep, Samples

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_SPACES: dict[int, Literal["grey", "rgb", "cmyk"]] = {0: "grey", 1: "grey", 2: "rgb", 5: "cmyk"}
_NONE, _LZW, _PACKBITS, _DEFLATE = 1, 5, 32773, (8, 32946)
_BY_LIBTIFF = (_LZW, _PACKBITS)
_PREDICTED = (_LZW, *_DEFLATE)  # compressions that know a predictor


@dataclass(frozen=True)
class Layout:
    """The tags of a file's first page."""

    order: str  # of bytes: '<' or '>'
    width: int
    height: int
    bits: tuple[int, ...]
    formats: tuple[int, ...]
    samples: int
    photometric: int
    compression: int
    planar: bool
    predictor: int
    fill_order: int
    extra: tuple[int, ...]
    orientation: int
    segment: tuple[int, int]  # height and width of a strip or tile
    tiled: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def deep(self) -> bool:
        """Whether there are more than 8 bits per channel."""
        return max(self.bits) > 8

    @property
    def coloured(self) -> bool:
        """Whether its samples are unsigned numbers of 8 or 16 bits, and grey, RGB or CMYK."""
        whole = set(self.bits) in ({8}, {16}) and set(self.formats) == {1}
        return whole and self.photometric in _SPACES and self.fill_order == 1

    @property
    def unpacked(self) -> bool:
        """Whether its compression can be undone here."""
        predicted = self.compression in _PREDICTED and self.predictor != 1
        known = self.compression in (_NONE, *_DEFLATE, *_BY_LIBTIFF)
        return known and (not predicted or self.predictor == 2)


def layout(stream: IO[bytes]) -> Layout:
    """Read the tags of the first page."""
    head = stream.read(8)
    head += stream.read(8) if head[2:4] in (b"+\0", b"\0+") else b""
    tags = TiffImagePlugin.ImageFileDirectory_v2(head)
    stream.seek(tags.next)
    tags.load(stream)

    def many(tag: int, default: Any = ()) -> tuple[Any, ...]:
        value = tags.get(tag, default)
        return tuple(value) if isinstance(value, tuple | list) else (value,)

    def one(tag: int, default: int | None = None) -> int:
        if default is None and tag not in tags:
            raise ValueError(f"it lacks the tag {tag}")
        return int(many(tag, default)[0])

    width, height = one(256), one(257)
    tiled = 322 in tags
    segment = (one(323), one(322)) if tiled else (min(one(278, height) or height, height), width)
    return Layout(
        order="<" if head[:2] == b"II" else ">",
        width=width,
        height=height,
        bits=many(258, 1),
        formats=many(339, 1),
        samples=one(277, 1),
        photometric=one(262, 0),
        compression=one(259, 1),
        planar=one(284, 1) == 2,
        predictor=one(317, 1),
        fill_order=one(266, 1),
        extra=many(338, ()),
        orientation=one(274, 1),
        segment=segment,
        tiled=tiled,
        offsets=many(324 if tiled else 273, ()),
        counts=many(325 if tiled else 279, ()),
    )


def read(stream: IO[bytes], page: Layout, path: object) -> Samples:
    """Decode a page that is ``coloured`` and ``unpacked``.

    Raises:
        ImageError: it has more channels than grey, RGB or CMYK and alpha.
        ValueError, OSError, zlib.error: the file is damaged.
    """
    space = _SPACES[page.photometric]
    extra = page.samples - COLOURS[space]
    if extra not in (0, 1):
        raise ImageError(f"'{path}' is neither grey nor RGB (it has {page.samples} channels)", "convert it first")
    kinds: dict[int, Literal["", "straight", "associated"]] = {0: "", 1: "associated", 2: "straight"}
    return Samples(
        _values(stream, page),
        space,
        white_is_zero=page.photometric == 0,
        alpha=kinds.get((page.extra or (2,))[0], "") if extra else "",
        orientation=page.orientation,
    )


def _values(stream: IO[bytes], page: Layout) -> Deep:
    """(H, W, C), all strips or tiles in their places."""
    kind = np.dtype(f"{page.order}u{page.bits[0] // 8}")
    channels = 1 if page.planar else page.samples
    values: Deep = np.empty((page.height, page.width, page.samples), kind.newbyteorder("="))
    for number, (plane, top, left) in enumerate(_places(page)):
        rows = page.segment[0] if page.tiled else min(page.segment[0], page.height - top)
        shape = (rows, page.segment[1], channels)
        raw = _unpacked(stream, page, number, (rows, shape[1] * channels * kind.itemsize))
        part: NDArray[Any] = np.frombuffer(raw, kind).reshape(shape)
        if page.predictor == 2 and page.compression in _PREDICTED:
            part = np.cumsum(part, axis=1, dtype=values.dtype)
        target = values[top : top + rows, left : left + shape[1], plane : plane + channels]
        target[...] = part[: target.shape[0], : target.shape[1]]
    return values


def _places(page: Layout) -> Iterator[tuple[int, int, int]]:
    """(channel, row, column) where each strip or tile begins, in the order of the file."""
    height, width = page.segment
    if min(height, width, page.height, page.width) < 1:
        raise ValueError("it has no pixels")
    for plane in range(page.samples if page.planar else 1):
        for top in range(0, page.height, height):
            for left in range(0, page.width, width):
                yield plane, top, left


def _unpacked(stream: IO[bytes], page: Layout, number: int, shape: tuple[int, int]) -> bytes:
    """The bytes of one strip or tile, ``shape`` of them: (rows, bytes of a row)."""
    size = shape[0] * shape[1]
    compressed = page.compression != _NONE
    if number >= len(page.offsets) or (compressed and number >= len(page.counts)):
        raise ValueError("it lacks a part of the image")
    stream.seek(page.offsets[number])
    raw = stream.read(page.counts[number] if compressed else size)
    if page.compression in _DEFLATE:
        raw = zlib.decompressobj().decompress(raw, size)
    elif compressed:
        raw = _by_libtiff(raw, page.compression, shape)
    if len(raw) < size:
        raise ValueError("the file is truncated")
    return raw


def _by_libtiff(raw: bytes, compression: int, shape: tuple[int, int]) -> bytes:
    """Undo a compression of bytes, as those of an image of 8 bits in one strip."""
    rows, width = shape
    # Four bytes make a pixel of CMYK where they can: Pillow counts pixels, and refuses too many.
    samples, photometric = (1, 1) if width % 4 else (4, 5)
    bits, strip = 8, 16  # where the bits per sample and the strip begin
    end = strip + len(raw) + len(raw) % 2
    tags = {256: width // samples, 257: rows, 259: compression, 262: photometric, 277: samples}
    tags |= {258: bits if samples > 2 else 8, 273: strip, 278: rows, 279: len(raw)}
    file = struct.pack("<2sHI4H", b"II", 42, end, *[8] * 4) + raw.ljust(end - strip, b"\0")
    file += struct.pack("<H", len(tags))
    for tag, value in sorted(tags.items()):
        short = tag == 258
        file += struct.pack("<HHII", tag, 3 if short else 4, samples if short else 1, value)
    with Image.open(io.BytesIO(file + bytes(4)), formats=("TIFF",)) as image:
        return image.tobytes()
