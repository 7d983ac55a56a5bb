"""Image files to pictures: the one way in which srbench opens an image.

Only regular files are opened, only as PNG, BMP, JPEG, TIFF or WebP, and none of more pixels than Pillow takes.
"""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from srbench.errors import ImageError
from srbench.imaging import png16, tiff
from srbench.imaging.pngs import SIGNATURE
from srbench.imaging.samples import Picture, Samples, upright

FORMATS = ("PNG", "BMP", "JPEG", "TIFF", "WEBP")

_NAMES = "PNG, BMP, JPEG, TIFF or WebP"
_ORIENTATION = 0x0112
_DEPTH = 24  # where a PNG file has its bits per channel


def decode(path: Path, *, deep: bool) -> Picture:
    """Read a PNG, BMP, JPEG, TIFF or WebP file.

    A palette and CMYK become RGB, an orientation is applied, and alpha is straight.

    Args:
        deep: whether 16 bits per channel are taken.

    Raises:
        ImageError: no regular file, not readable, none of the formats, damaged, too large, or of other samples than
            unsigned numbers of 8 (or, if ``deep``, 16) bits.
    """
    try:
        with _opened(path) as stream:
            return upright(_samples(stream, path, deep))
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            f"cannot decode '{path}' (it is not {_NAMES}, or damaged)", "convert it to PNG, or get it again"
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except MemoryError as error:
        raise ImageError(f"not enough memory to decode '{path}'", "cut the image into parts") from error
    except Exception as error:  # decoders raise what they like
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"cannot decode '{path}' ({reason})", "replace the file by an intact copy") from error


def _opened(path: Path) -> IO[bytes]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImageError(f"'{path}' is a folder, not an image", "name an image file")
        if not stat.S_ISREG(mode):  # a pipe would be waited for without end
            raise ImageError(f"'{path}' is not a regular file", "save the image as a file first")
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(f"no image at '{path}'", "check the path") from error
    except PermissionError as error:
        raise ImageError(f"no permission to read '{path}'", "change its rights, or those of its folder") from error
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else str(error)
        hint = "use a shorter name" if getattr(error, "errno", 0) == errno.ENAMETOOLONG else "check the path"
        raise ImageError(f"cannot read '{path}' ({reason})", hint) from error


def _samples(stream: IO[bytes], path: Path, deep: bool) -> Samples:
    head = stream.read(_DEPTH + 1)
    stream.seek(0)
    if head.startswith(SIGNATURE) and head[_DEPTH:] == b"\x10":
        _require(deep, path)
        _check_size(int.from_bytes(head[16:20]), int.from_bytes(head[20:24]), path)
        return png16.read(stream)
    if head.startswith(tiff.MAGIC):
        page = tiff.layout(stream)
        if page.deep:
            _require(deep, path)
        _check_size(page.width, page.height, path)
        if page.coloured and page.unpacked:
            return tiff.read(stream, page, path)
        if page.deep:
            raise _unread(page, path)
        stream.seek(0)
    with Image.open(stream, formats=FORMATS) as image:
        depth = head[_DEPTH] if image.format == "PNG" else 8
        return _of_pillow(image, depth)


def _of_pillow(image: Image.Image, depth: int) -> Samples:
    """Of an image of at most 8 bits per channel. ``depth``: the bits of a grey sample in its file."""
    image.load()  # a TIFF comes out upright
    orientation = int(image.getexif().get(_ORIENTATION, 1))
    clear = image.info.get("transparency")
    if image.mode in ("P", "PA"):
        image, clear = image.convert("RGB" if image.mode == "P" and clear is None else "RGBA"), None
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    values = np.asarray(image)
    if image.mode == "L":
        values = values[..., None]
        if clear is not None and depth in (2, 4):  # Pillow stretches the samples to 8 bits, but not this one
            clear = clear * 255 // (2**depth - 1)
    colour = clear if isinstance(clear, tuple) or clear is None else (clear,)
    return Samples(
        values,
        "cmyk" if image.mode == "CMYK" else "grey" if image.mode in ("L", "LA") else "rgb",
        alpha="straight" if image.mode in ("LA", "RGBA") else "",
        transparent=colour if image.mode in ("L", "RGB") else None,
        orientation=orientation,
    )


def _require(deep: bool, path: Path) -> None:
    if not deep:
        raise ImageError(f"'{path}' has more than 8 bits per channel", "convert it to 8 bits first")


def _check_size(width: int, height: int, path: Path) -> None:
    if Image.MAX_IMAGE_PIXELS is not None and width * height > 2 * Image.MAX_IMAGE_PIXELS:
        raise _too_large(path)


def _too_large(path: Path) -> ImageError:
    limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
    return ImageError(
        f"'{path}' has more than {limit:,} pixels, the limit for an image", "cut it into parts and read them one by one"
    )


def _unread(page: tiff.Layout, path: Path) -> ImageError:
    """Why a TIFF of more than 8 bits cannot be read."""
    if page.coloured:
        return ImageError(
            f"'{path}' is compressed in a way that is not read at 16 bits (TIFF compression {page.compression})",
            "save it without compression, or with LZW or Deflate",
        )
    return ImageError(
        f"'{path}' is neither grey nor RGB of 8 or 16 bits per channel", "convert it to a PNG of 16 bits first"
    )
