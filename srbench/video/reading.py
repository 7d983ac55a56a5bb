"""A video file as a clip, by PyAV: upright RGB frames with their times, one at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from srbench.errors import ImageError, reason_of
from srbench.video.clip import FULL, LIMITED, UNSPECIFIED, ClipFacts, Colour, Frame, Say, untagged
from srbench.video.extra import opened, pyav
from srbench.video.orientation import Orientation
from srbench.video.timing import timing
from srbench.wording import counted

_ENDS = 1 << 20  # bytes at each end of a file that tell it from others
_RATE = Fraction(25)  # where a file tells none
_SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # AVColorSpace to what FFmpeg's scaler calls it


class VideoClip:
    """The first video stream of a file.

    Raises:
        ImageError: no such file, no video in it, or a codec that nothing here decodes.
        UnavailableError: PyAV is not installed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as container:
            stream = self._stream(container)
            self._stored_in = Fraction(stream.time_base)
            rate = Fraction(stream.average_rate or stream.guessed_rate or _RATE)
            times = timing((p.pts for p in self._packets(container, stream) if p.size), rate, self._stored_in)
            aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
            audio = tuple(audio.codec_context.name for audio in container.streams.audio)
        self._first, self._count = times.first, times.total
        first = self._first_frame()
        self._orientation, self._is_turned_oddly = _orientation(first)
        height, width = self._orientation.size(first.height, first.width)
        self._format = first.format
        deep = any(component.bits > 8 for component in first.format.components)
        self.facts = ClipFacts(
            size=(height, width),
            total=times.total,
            rate=rate,
            time_base=1 / rate if times.constant else self._stored_in,
            constant=times.constant,
            start=times.first * self._stored_in,
            aspect=self._orientation.aspect(aspect),
            colour=_colour(first),
            audio=audio,
            deep=deep,
        )

    def _stream(self, container: Any) -> Any:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise ImageError(f"there is no video in '{self._path}'", "give a file with a picture")
        if stream.codec_context is None:
            raise ImageError(
                f"'{self._path}' has a codec that this PyAV does not decode",
                "convert it, to H.264 for example, or give a folder of its frames",
            )
        stream.thread_type = "AUTO"
        return stream

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        """The packets of the stream, up to where the file is cut; the last one is empty and lets the decoder end."""
        with suppress(pyav().error.FFmpegError):  # frames() says that it ends early
            yield from container.demux(stream)

    def _first_frame(self) -> Any:
        with opened(self._path) as container:
            for _, frame in self._decoded(container, lambda line: None):
                return frame
        raise ImageError(f"no frame of '{self._path}' can be decoded", "replace it by an intact copy")

    def _decoded(self, container: Any, say: Say) -> Iterator[tuple[int, Any]]:
        """(number, frame) of all that can be decoded."""
        error = pyav().error.FFmpegError
        stream = self._stream(container)
        number = lost = 0
        for packet in self._packets(container, stream):
            try:
                frames = packet.decode()
            except error as cause:
                lost += 1
                if lost == 1:
                    say(f"a frame after frame {number - 1} cannot be decoded ({reason_of(cause)}) and is left out")
                continue
            for frame in frames:
                yield number, frame
                number += 1
        if lost > 1:
            say(f"{counted(lost, 'frame')} in all cannot be decoded and are left out")
        if number and number + lost < self._count:
            say(f"{number} of {counted(self._count, 'frame')} are there: the others cannot be decoded")

    @property
    def fingerprint(self) -> str:
        size = self._path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with self._path.open("rb") as stream:
            digest.update(stream.read(_ENDS))
            stream.seek(max(0, size - _ENDS), os.SEEK_SET)
            digest.update(stream.read(_ENDS))
        return digest.hexdigest()

    def frames(self, say: Say) -> Iterator[Frame]:
        """As :meth:`srbench.video.clip.Clip.frames`. A frame that cannot be decoded is left out: the one before it is
        shown in its place where times are kept."""
        if self._is_turned_oddly:
            say("it is rotated by other than a quarter of a turn, which is not applied")
        damaged, before = 0, -1
        with opened(self._path) as container:
            if container.streams.subtitles:
                say("its subtitles are left out")
            for number, frame in self._decoded(container, say):
                if number == 0 and _is_seen_through(frame):
                    say("it is transparent in places, which is dropped")
                if frame.is_corrupt:
                    damaged += 1
                    if damaged == 1:
                        say(f"frame {number} is damaged; what the decoder makes of it is taken")
                before = max(before + 1, self._time(frame, number))
                yield Frame(number, self._pixels(frame), before, f"{number:08d}")
        if damaged > 1:
            say(f"{counted(damaged, 'frame')} in all are damaged")

    def _time(self, frame: Any, number: int) -> int:
        if frame.pts is None:
            return number
        passed = frame.pts - self._first
        return round(passed * self._stored_in * self.facts.rate) if self.facts.constant else int(passed)

    def _pixels(self, frame: Any) -> Any:
        colour = self.facts.colour
        rgb = frame.reformat(
            format="rgb48le" if self.facts.deep else "rgb24",
            src_colorspace=_SWSCALE.get(colour.matrix, 5),
            src_color_range=FULL if self._format.is_rgb else colour.range,
            dst_color_range=FULL,
        )
        pixels = self._orientation.upright(rgb.to_ndarray())
        if pixels.shape[:2] != self.facts.size:
            raise ImageError(
                f"'{self._path}' changes its size to {pixels.shape[1]}x{pixels.shape[0]}", "give a clip of one size"
            )
        return pixels


def _is_seen_through(frame: Any) -> bool:
    """Whether a frame is transparent anywhere."""
    has_alpha = any(component.is_alpha for component in frame.format.components)
    return has_alpha and bool((frame.to_ndarray(format="rgba")[..., 3] < 255).any())


def _orientation(frame: Any) -> tuple[Orientation, bool]:
    """How a frame is turned, and whether it is turned in a way that is left aside."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    found = Orientation() if matrix is None else Orientation.of(bytes(matrix))
    return (Orientation(), True) if found is None else (found, False)


def _colour(frame: Any) -> Colour:
    """What a decoded frame says of its colours; of what it does not say, what players assume."""
    told = Colour(int(frame.colorspace), int(frame.color_range), int(frame.color_primaries), int(frame.color_trc))
    if frame.format.is_rgb or told.matrix not in _SWSCALE:
        told = replace(told, matrix=untagged(frame.height))
    full = told.range == FULL or (told.range == 0 and frame.format.name.startswith("yuvj"))
    if frame.format.is_rgb:
        return replace(told, range=LIMITED, primaries=UNSPECIFIED, transfer=UNSPECIFIED)
    return replace(told, range=FULL if full else LIMITED)
