"""Methods of several frames: how many they are given, and what they do with an image that is alone."""

from __future__ import annotations

from statistics import median_low
from typing import Literal, TypeAlias

from torch import Tensor

from srbench.errors import NotSupportedError
from srbench.method.base import Method, MethodCard

Counts: TypeAlias = "tuple[int, ...] | Literal['any']"  # numbers of frames, as on a card
USUAL = 5  # frames of methods that take any number


class MultiFrameMethod(Method):
    """A method that makes its SR image of several frames. A plugin sets ``card`` with ``frames`` and implements
    :meth:`upscale_frames`."""

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        raise NotImplementedError(
            f"{type(self).__name__} does not implement upscale_frames(frames, target, scale, shifts)"
        )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        """A still image is a clip of one frame.

        Raises:
            NotSupportedError: the method does not take one frame.
        """
        require_frames(self.card, 1)
        return self.upscale_frames(lr[:, None], 0, scale)


def called(method: Method, images: Tensor, scale: float, target: int = 0, shifts: Tensor | None = None) -> Tensor:
    """What ``method`` makes of a batch of images (N, C, h, w), or of the frame ``target`` of frames (N, T, C, h, w)."""
    if images.ndim == 4:
        return method.upscale(images, scale)
    return method.upscale_frames(images, target, scale, shifts)


def repeated(method: Method, images: Tensor) -> tuple[Tensor, int]:
    """A batch (N, C, h, w) as ``method`` takes it where there is nothing but these images, and which frame of them it
    super-resolves: a method of several frames is given the same image in as many frames as suit it."""
    if not method.card.multi_frame:
        return images, 0
    frames = usual(method.card.frames)
    return images[:, None].expand(-1, frames, -1, -1, -1).contiguous(), frames // 2


def require_frames(card: MethodCard, frames: int) -> None:
    """Raise NotSupportedError unless the method takes that number of frames."""
    if not card.takes(frames):
        raise NotSupportedError(
            f"{card.name} needs {counts(card)} frames, not {frames}",
            "run it on bursts with more frames (docs/degradations.md)",
        )


def window(card: MethodCard, asked: int | None = None, there: int | None = None) -> int:
    """How many frames a method is given.

    Args:
        asked: as many as are asked for, or the largest number below that the method takes. None: as many as suit the
            method, which are 5 where it takes any number, else the middle one of its numbers above 1.
        there: no more than there are; None: as many as it wants.

    Raises:
        NotSupportedError: the method takes no number so small.

    >>> card = MethodCard("x", "", 2026, "", "", "any", frames=(3, 5, 7))
    >>> window(card), window(card, 6), window(card, there=4)
    (5, 5, 3)
    """
    wanted = asked if asked is not None else usual(card.frames)
    most = wanted if there is None else min(wanted, there)
    found = largest(card.frames, most)
    if not found:
        require_frames(card, most)
    return found


def largest(frames: Counts, most: int) -> int:
    """The largest of a card's numbers of frames that is not above ``most``; 0 where there is none."""
    return most if frames == "any" else max((own for own in frames if own <= most), default=0)


def usual(frames: Counts) -> int:
    """The number of frames that suits a method, of its card's: more than one if it takes more."""
    return USUAL if frames == "any" else median_low([n for n in frames if n > 1] or [1])


def counts(card: MethodCard) -> str:
    """The numbers of frames of a card in words: '3, 5 or 7'."""
    if card.frames == "any":
        return "any number of"
    *most, last = map(str, card.frames)
    return f"{', '.join(most)} or {last}" if most else last
