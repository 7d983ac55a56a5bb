"""Where a clip's SR frames go: into a folder of frames, or into a video, whose parts are kept until all are there."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from srbench.errors import ImageError
from srbench.files import replace_file
from srbench.imaging.pictures import Picture, write_picture
from srbench.imaging.samples import Deep
from srbench.video import kept
from srbench.video.clip import ClipFacts, Frame, Say
from srbench.video.encoding import ENCODERS, VideoWriter, require_encoder
from srbench.video.joining import join

PART = 24  # frames of a part of a video: what is lost, at most, where it is stopped
_PARTS = "part-*.nut"
_CONTAINER = "nut"  # of parts: it keeps every codec, and times as they are


class Target(Protocol):
    """Takes SR frames in order."""

    def has(self, frame: Frame) -> bool:
        """Whether an earlier call wrote the frame, whole."""

    def write(self, frame: Frame, pixels: Deep) -> None: ...

    def finish(self) -> None:
        """All frames were written."""

    def close(self) -> None:
        """Nothing more will come; what is not whole is removed."""


class FrameFolder:
    """PNG files in a folder, each whole or not there.

    Raises:
        ImageError: the folder holds something else, or frames that were made otherwise.
    """

    def __init__(self, folder: Path, made: kept.Made, *, resume: bool, force: bool) -> None:
        self._folder = folder
        kept.begin(folder, made, resume=resume, force=force, pattern="*.png")

    def _path(self, frame: Frame) -> Path:
        return self._folder / f"{frame.name}.png"

    def has(self, frame: Frame) -> bool:
        return self._path(frame).exists()

    def write(self, frame: Frame, pixels: Deep) -> None:
        write_picture(self._path(frame), Picture(pixels))

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass


class VideoFile:
    """A video file. It is encoded in parts of :data:`PART` frames, which lie in the folder ``FILE.parts`` until they
    are joined; the file is there when it is whole, and never before.

    Args:
        size: height and width of the SR frames.
        facts: of the clip that they are made of.
        source: the video whose audio is copied, if any.

    Raises:
        ImageError: the file exists, or parts that were made otherwise.
        UnavailableError: PyAV is not installed, or lacks the encoder.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        facts: ClipFacts,
        made: kept.Made,
        *,
        source: Path | None = None,
        say: Say = lambda line: None,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        self._suffix = path.suffix.lower()
        self._encoder = ENCODERS[self._suffix]
        require_encoder(self._encoder, self._suffix)
        self._path, self._size, self._facts, self._source, self._say = path, size, facts, source, say
        self._folder = path.with_name(f"{path.name}.parts")
        if path.exists() and not force:
            hint = "it is whole; --force makes it anew" if resume else "--force replaces it, or choose another --output"
            raise ImageError(f"'{path}' exists", hint)
        kept.begin(self._folder, made, resume=resume, force=force, pattern=_PARTS)
        self._open = ExitStack()
        self._writer: VideoWriter | None = None
        self._number = -1  # of the open part

    def _part(self, number: int) -> Path:
        return self._folder / _PARTS.replace("*", f"{number:06d}")

    def has(self, frame: Frame) -> bool:
        return self._part(frame.number // PART).exists()

    def write(self, frame: Frame, pixels: Deep) -> None:
        number = frame.number // PART
        if self._writer is None or number != self._number:
            self._close_part()
            self._number = number
            stream = self._open.enter_context(replace_file(self._part(number)))
            writer = VideoWriter(stream, _CONTAINER, self._encoder, self._size, self._facts)
            self._writer = self._open.enter_context(writer)
        self._writer.write(pixels, frame.time)

    def _close_part(self) -> None:
        self._writer = None
        self._open.close()

    def finish(self) -> None:
        self._close_part()
        parts = sorted(self._folder.glob(_PARTS))
        with replace_file(self._path) as stream:
            join(parts, stream, self._suffix, self._facts, self._source, self._say)
        kept.remove(self._folder, _PARTS)
        self._folder.rmdir()

    def close(self) -> None:
        """Leave the open part, which is not whole."""
        self._writer = None
        self._open.__exit__(ImageError, ImageError("stopped"), None)
