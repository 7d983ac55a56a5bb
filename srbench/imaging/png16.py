"""PNG files of 16 bits per channel, which Pillow would cut to 8 without a word."""

from __future__ import annotations

import io
import struct
import zlib
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srbench.imaging.pngs import SIGNATURE, chunk
from srbench.imaging.samples import Samples

_ORIENTATION = 0x0112
_NOTES = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")  # chunks in which programs keep an orientation


def read(stream: IO[bytes]) -> Samples:
    """Decode a PNG of 16 bits per channel.

    Raises:
        png.Error, zlib.error, ValueError: the file is damaged.
    """
    import png  # late: only these files need it

    orientation = _orientation(stream)
    stream.seek(0)
    width, height, rows, info = png.Reader(file=stream).read()
    values: NDArray[np.uint16] = np.empty((height, width, info["planes"]), np.uint16)
    flat = values.reshape(height, -1)
    count = 0
    for row in rows:
        flat[count] = row
        count += 1
    if count < height:
        raise ValueError("the file is truncated")
    return Samples(
        values,
        "grey" if info["greyscale"] else "rgb",
        alpha="straight" if info["alpha"] else "",
        transparent=info.get("transparent"),
        orientation=orientation,
    )


def _orientation(stream: IO[bytes]) -> int:
    """As Pillow finds it in a PNG of 8 bits: it reads one of a single pixel with the notes of this file."""
    parts = [SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    stream.seek(len(SIGNATURE))
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in _NOTES:
            parts.append(chunk(kind, stream.read(length)))
            stream.seek(4, io.SEEK_CUR)
        else:
            stream.seek(length + 4, io.SEEK_CUR)
    if len(parts) == 2:
        return 1
    parts += [chunk(b"IDAT", zlib.compress(bytes(2))), chunk(b"IEND", b"")]
    with Image.open(io.BytesIO(b"".join(parts)), formats=("PNG",)) as image:
        image.load()
        return int(image.getexif().get(_ORIENTATION, 1))
