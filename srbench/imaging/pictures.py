"""Pictures of one's own for ``srbench upscale``: 8 or 16 bits per channel, with their alpha channel.

Evaluation reads images by :mod:`srbench.imaging.images` alone: metrics are defined on 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from srbench.errors import ImageError
from srbench.files import replace_file
from srbench.imaging.images import read_image, write_image

Deep = NDArray[np.uint16] | NDArray[np.uint8]

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ALPHA = ("LA", "La", "RGBA", "RGBa", "PA")


@dataclass(frozen=True)
class Picture:
    """``pixels`` (H, W) or (H, W, 3) and ``alpha`` (H, W) or None, both uint8 or both uint16."""

    pixels: Deep
    alpha: Deep | None = None


def read_picture(path: Path) -> Picture:
    """Decode a PNG, BMP, JPEG, TIFF or WebP file with all its bits and its alpha channel.

    Raises:
        ImageError: the file is missing, cannot be decoded, or is neither grey nor RGB of 8 or 16 bits.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(25)
    except FileNotFoundError as error:
        raise ImageError(f"no image at '{path}'", "check the path") from error
    except OSError as error:
        raise ImageError(f"cannot read '{path}' ({error.strerror})", "check the path") from error
    try:
        if head.startswith(_PNG) and head[24:] == b"\x10":
            return _png16(path)
        if head.startswith(_TIFF):
            import tifffile  # late: 8-bit pictures do without

            with tifffile.TiffFile(path) as file:
                page: Any = file.pages[0]
                if page.dtype == np.uint16:
                    return _split(page.asarray(), path)
        with Image.open(path) as image:
            alpha = image.mode in _ALPHA or "transparency" in image.info
            if not alpha:
                return Picture(read_image(path))
            upright = ImageOps.exif_transpose(image)
            rgba = np.asarray(upright.convert("RGBA"))
            grey = upright.mode in ("L", "LA", "La")
            pixels = np.asarray(upright.convert("LA"))[..., 0] if grey else rgba[..., :3]
            return Picture(np.ascontiguousarray(pixels), np.ascontiguousarray(rgba[..., 3]))
    except ImageError:
        raise
    except Exception as error:  # decoders raise what they like
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"cannot decode '{path}' ({reason})", "replace the file by an intact copy") from error


def _png16(path: Path) -> Picture:
    import png  # pypng: Pillow would cut 16-bit colours to 8 without a word

    with path.open("rb") as stream:
        width, height, rows, info = png.Reader(file=stream).read()
        samples = np.array([np.asarray(row, np.uint16) for row in rows])
    return _split(samples.reshape(height, width, info["planes"]), path)


def _split(samples: NDArray[np.uint16], path: Path) -> Picture:
    planes = samples[..., None] if samples.ndim == 2 else samples
    if planes.ndim != 3 or planes.shape[2] > 4:
        raise ImageError(f"'{path}' is neither grey nor RGB (its samples are {samples.shape})", "convert it first")
    colours = 3 if planes.shape[2] >= 3 else 1
    pixels = planes[..., 0] if colours == 1 else planes[..., :3]
    alpha = np.ascontiguousarray(planes[..., colours]) if planes.shape[2] > colours else None
    return Picture(np.ascontiguousarray(pixels), alpha)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a PNG of 8 or 16 bits per channel, with alpha if there is one: whole, or not at all."""
    if picture.alpha is None and picture.pixels.dtype == np.uint8:
        write_image(path, picture.pixels.astype(np.uint8, copy=False))
        return
    colour = picture.pixels if picture.pixels.ndim == 3 else picture.pixels[..., None]
    planes = colour if picture.alpha is None else np.concatenate([colour, picture.alpha[..., None]], axis=2)
    import png

    height, width, channels = planes.shape
    writer = png.Writer(
        width,
        height,
        greyscale=channels < 3,
        alpha=picture.alpha is not None,
        bitdepth=8 * planes.dtype.itemsize,
        compression=1,
    )
    with replace_file(path) as stream:
        writer.write(stream, planes.reshape(height, -1))
