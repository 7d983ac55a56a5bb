"""Methods of several frames: how many they are given, and what they do with an image that is alone."""

from __future__ import annotations

from statistics import median_low

from torch import Tensor

from srbench.errors import NotSupportedError
from srbench.method.base import Method, MethodCard

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


def require_frames(card: MethodCard, frames: int) -> None:
    """Raise NotSupportedError unless the method takes that number of frames."""
    if not card.takes(frames):
        raise NotSupportedError(
            f"{card.name} needs {counts(card)} frames, not {frames}",
            "use --degradation 'burst:N > down' with more frames",
        )


def window(card: MethodCard, asked: int | None = None, there: int | None = None) -> int:
    """How many frames a method is given.

    Args:
        asked: as many as are asked for, or the largest number below that the method takes. None: as many as suit the
            method, which are 5 where it takes any number, else the middle one of its numbers.
        there: no more than there are; None: as many as it wants.

    Raises:
        NotSupportedError: the method takes no number so small.

    >>> card = MethodCard("x", "", 2026, "", "", "any", frames=(3, 5, 7))
    >>> window(card), window(card, 6), window(card, there=4)
    (5, 5, 3)
    """
    wanted = asked if asked is not None else usual(card)
    most = wanted if there is None else min(wanted, there)
    if card.frames == "any":
        return most
    fitting = [frames for frames in card.frames if frames <= most]
    if not fitting:
        require_frames(card, most)
    return fitting[-1]


def usual(card: MethodCard) -> int:
    """The number of frames that suits a method."""
    return USUAL if card.frames == "any" else median_low(card.frames)


def counts(card: MethodCard) -> str:
    """The numbers of frames of a card in words: '3, 5 or 7'."""
    if card.frames == "any":
        return "any number of"
    *most, last = map(str, card.frames)
    return f"{', '.join(most)} or {last}" if most else last
