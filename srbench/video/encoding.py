"""Frames into a video file, by PyAV: which encoder each format has, and how frames are handed to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from srbench.errors import UnavailableError
from srbench.imaging.images import Pixels, as_rgb
from srbench.imaging.samples import Deep
from srbench.video.clip import FULL, ClipFacts, Colour, of_eight_bits, untagged
from srbench.video.extra import pyav

_SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # AVColorSpace to what FFmpeg's scaler calls it


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg and its options.

    Args:
        odd: the pixel format for frames with an odd side, where ``pixel_format`` takes none.
        tagged: whether its stream tells how its numbers are colours; else they are what players assume.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"
    odd: str = ""
    tagged: bool = True

    @property
    def is_rgb(self) -> bool:
        return "yuv" not in self.pixel_format

    def format_of(self, size: tuple[int, int]) -> str:
        """The pixel format for frames of a size (H, W)."""
        return self.odd if self.odd and any(side % 2 for side in size) else self.pixel_format


# No frame refers to a later one: parts that were encoded one by one then follow each other in time.
_H264 = Encoder("libx264", {"crf": "12", "bf": "0"}, odd="yuv444p")
ENCODERS = {
    ".mp4": _H264,
    ".mkv": _H264,
    ".avi": Encoder("mpeg4", {"qmin": "2", "qmax": "2"}, tagged=False),
    ".webm": Encoder("libvpx-vp9", {"crf": "12", "b": "0", "row-mt": "1", "cpu-used": "4"}),
    ".gif": Encoder("ffv1", {}, "bgr0"),  # its parts; the palettes are made when they are joined
}


def require_encoder(encoder: Encoder, suffix: str) -> None:
    """Raise UnavailableError where this PyAV was built without an encoder."""
    av = pyav()
    try:
        av.codec.Codec(encoder.name, "w")
    except av.codec.codec.UnknownCodecError as error:
        raise UnavailableError(
            f"this PyAV was built without the encoder {encoder.name}, which {suffix} needs",
            "choose another format, or a folder of frames",
        ) from error


class VideoWriter:
    """Encodes frames into a stream of bytes; a context, at whose end the stream is complete.

    Args:
        container: FFmpeg's name of the format.
        size: height and width of the frames.
        facts: of the clip that the frames were made of.
    """

    def __init__(
        self, stream: IO[bytes], container: str, encoder: Encoder, size: tuple[int, int], facts: ClipFacts
    ) -> None:
        av = pyav()
        self._container = av.open(stream, "w", format=container)
        self._encoder, self._base = encoder, facts.time_base
        colour = facts.colour if encoder.tagged else Colour(untagged(size[0]))
        self._format = encoder.format_of(size)
        self._matrix, self._range = colour.matrix, colour.range
        video = self._container.add_stream(encoder.name, rate=facts.rate, options=dict(encoder.options))
        video.height, video.width, video.pix_fmt = *size, self._format
        context = video.codec_context
        context.time_base, context.sample_aspect_ratio = facts.time_base, facts.aspect
        context.flags |= av.codec.context.Flags.global_header
        if not encoder.is_rgb:
            context.color_range, context.colorspace = self._range, self._matrix
            context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        self._video = video

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, pixels: Deep, time: int) -> None:
        """Encode a frame that is shown at ``time``, in units of the clip's time base."""
        frame = pyav().VideoFrame.from_ndarray(rgb_of(pixels), format="rgb24")
        if self._encoder.is_rgb:
            frame = frame.reformat(format=self._format)
        else:
            frame = frame.reformat(
                format=self._format,
                src_color_range=FULL,
                dst_colorspace=_SWSCALE.get(self._matrix, 5),
                dst_color_range=self._range,
            )
        frame.pts, frame.time_base = time, self._base
        self._container.mux(self._video.encode(frame))

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._container.mux(self._video.encode(None))
        self._container.close()


def rgb_of(pixels: Deep) -> Pixels:
    """Pixels of any kind as uint8 (H, W, 3), contiguous."""
    return np.ascontiguousarray(as_rgb(of_eight_bits(pixels)))
