"""PyAV, the extra ``srbench[video]``, which reads and writes video files. Folders of frames do without."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srbench.errors import ImageError, UnavailableError, reason_of

SUFFIXES = (".mp4", ".mkv", ".avi", ".webm", ".gif")  # of video files that are read and written
_OTHERS = (".mov", ".m4v", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".m2ts", ".ogv", ".3gp", ".y4m", ".vob")
INSTALL = "pip install 'srbench[video]'"


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name.

    Raises:
        ImageError: it is a video of a format that is neither read nor written.
    """
    suffix = path.suffix.lower()
    if suffix in _OTHERS and not path.is_dir():
        raise ImageError(f"'{path}': {suffix} is no format that srbench knows", f"use one of {', '.join(SUFFIXES)}")
    return suffix in SUFFIXES and not path.is_dir()


def pyav() -> Any:
    """The module ``av``.

    Raises:
        UnavailableError: it is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise UnavailableError(
            f"video files need PyAV, which cannot be imported ({reason_of(error)})",
            f"{INSTALL}, or give a folder of frames",
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A video file to read from, an ``av.container.InputContainer``.

    Raises:
        ImageError: there is no such file, or it is no video.
    """
    av = pyav()
    if not path.is_file():
        raise ImageError(f"no video at '{path}'", "check the path")
    if not path.stat().st_size:
        raise ImageError(f"cannot read '{path}': the file is empty", "replace it by an intact copy")
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ImageError(f"cannot read '{path}' ({reason_of(error)})", "replace it by an intact copy") from error
    with container:
        yield container
