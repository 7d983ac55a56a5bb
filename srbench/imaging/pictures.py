"""Pictures of one's own for ``srbench upscale``: 8 or 16 bits per channel, with their alpha channel.

Evaluation reads images by :mod:`srbench.imaging.images` alone: metrics are defined on 8 bits.
"""

from __future__ import annotations

from pathlib import Path

from srbench.files import replace_file
from srbench.imaging.decode import decode
from srbench.imaging.pngs import PngRows
from srbench.imaging.samples import Deep, Picture

__all__ = ["Deep", "Picture", "read_picture", "write_picture"]


def read_picture(path: Path) -> Picture:
    """Decode a PNG, BMP, JPEG, TIFF or WebP file with all its bits and its alpha channel.

    Raises:
        ImageError: the file is missing, no regular file, cannot be decoded, is too large, or is neither grey nor RGB of
            8 or 16 bits.
    """
    return decode(path, deep=True)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a PNG of 8 or 16 bits per channel, with alpha if there is one: whole, or not at all."""
    planes = picture.planes()
    with replace_file(path) as stream:
        height, width, channels = planes.shape
        file = PngRows(stream, height, width, channels, planes.dtype)
        file.write(planes)
        file.close()
