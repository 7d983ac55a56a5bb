"""PNG files written strip by strip, of 8 or 16 bits per channel, so that a large image need not be held whole."""

from __future__ import annotations

import struct
import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from srbench.imaging.samples import Deep

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of channels
_SUB, _UP = 1, 2


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class PngRows:
    """A PNG file whose rows are written from top to bottom.

    Args:
        stream: where it is written to.
        height, width: of the image.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
        dtype: uint8 or uint16.
    """

    def __init__(self, stream: IO[bytes], height: int, width: int, channels: int, dtype: np.dtype[Any]) -> None:
        self._stream = stream
        self._pixel = channels * dtype.itemsize
        self._above: NDArray[np.uint8] = np.zeros(width * self._pixel, np.uint8)
        # As write_image does: fast, and little larger.
        self._zlib = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_RLE)
        header = struct.pack(">IIBBBBB", width, height, 8 * dtype.itemsize, _COLOUR_TYPES[channels], 0, 0, 0)
        stream.write(SIGNATURE + chunk(b"IHDR", header))

    def write(self, rows: Deep) -> None:
        """Append rows: (n, W) or (n, W, channels)."""
        raw = np.ascontiguousarray(rows, rows.dtype.newbyteorder(">")).view(np.uint8).reshape(len(rows), -1)
        # The filter that leaves less, row by row: the difference to the pixel on the left, or to that above.
        left = raw.copy()
        left[:, self._pixel :] -= raw[:, : -self._pixel]
        above = raw - np.concatenate([self._above[None], raw[:-1]])
        better = _size(above) < _size(left)
        filtered = np.empty((len(raw), raw.shape[1] + 1), np.uint8)
        filtered[:, 0] = np.where(better, _UP, _SUB)
        filtered[:, 1:] = np.where(better[:, None], above, left)
        self._above = raw[-1].copy()
        self._put(self._zlib.compress(filtered.data))

    def close(self) -> None:
        """Write what is left. All rows are there."""
        self._put(self._zlib.flush())
        self._stream.write(chunk(b"IEND", b""))

    def _put(self, data: bytes) -> None:
        if data:
            self._stream.write(chunk(b"IDAT", data))


def _size(differences: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Of each row, the sum of differences that are counted modulo 256."""
    sums: NDArray[np.uint64] = np.minimum(differences, -differences).sum(axis=1, dtype=np.uint64)
    return sums
