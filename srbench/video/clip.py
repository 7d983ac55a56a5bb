"""What a clip is: frames in order, each with its time, and what a video says of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np

from srbench.imaging.images import Pixels
from srbench.imaging.samples import Deep

Say = Callable[[str], None]
"""Takes a line for the user."""

LIMITED, FULL = 1, 2  # AVColorRange: luma of 16..235, or of 0..255
UNSPECIFIED = 2  # of AVColorSpace, AVColorPrimaries and AVColorTransferCharacteristic
BT709, BT601 = 1, 6  # AVColorSpace
_HD = 720  # rows from which on players take an untagged video for BT.709


@dataclass(frozen=True)
class Frame:
    """``pixels``: uint8 or uint16, (H, W) or (H, W, 3) RGB, upright; ``number`` counts from 0; ``time`` is when it is
    shown, in units of :attr:`ClipFacts.time_base`; ``name`` is that of its file in a folder of frames."""

    number: int
    pixels: Deep
    time: int
    name: str


@dataclass(frozen=True)
class Colour:
    """How a video's numbers are colours, as FFmpeg counts them: AVColorSpace, AVColorRange, AVColorPrimaries and
    AVColorTransferCharacteristic."""

    matrix: int = BT601
    range: int = LIMITED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


def untagged(height: int) -> int:
    """The AVColorSpace that players assume where a video does not tell."""
    return BT709 if height >= _HD else BT601


@dataclass(frozen=True)
class ClipFacts:
    """What is true of a whole clip.

    Args:
        size: height and width of the frames as they are shown, after rotation.
        total: how many frames there are; None where the file does not tell.
        rate: frames per second, their mean where ``constant`` is False.
        time_base: seconds of a unit of the frames' times.
        start: seconds of the first frame in the file, as its audio counts them; the frames' times count from there.
        aspect: width of a pixel by its height.
        audio: the codecs of its audio streams.
        deep: whether its frames have more than 8 bits per channel.
    """

    size: tuple[int, int]
    total: int | None
    rate: Fraction
    time_base: Fraction
    constant: bool = True
    start: Fraction = field(default_factory=Fraction)
    aspect: Fraction = field(default_factory=lambda: Fraction(1))
    colour: Colour = field(default_factory=Colour)
    audio: tuple[str, ...] = ()
    deep: bool = False


class Clip(Protocol):
    """A clip that can be read from its beginning, as often as is wanted. One frame is held at a time."""

    @property
    def facts(self) -> ClipFacts: ...

    @property
    def fingerprint(self) -> str:
        """A text that tells it from other clips, and from itself after a change."""

    def frames(self, say: Say) -> Iterator[Frame]:
        """The frames in order; ``say`` takes lines on what is wrong with some of them.

        Raises:
            ImageError: a frame cannot be used.
        """


def of_eight_bits(pixels: Deep) -> Pixels:
    """``pixels`` as uint8, halves rounded up."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
