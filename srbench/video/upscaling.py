"""A method on the frames of a clip as they pass by: alone, in a sliding window, or in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from srbench.errors import MethodError
from srbench.evaluation.several import all_of, one_of
from srbench.evaluation.strips import whole
from srbench.foreign.contained import PluginError, told
from srbench.imaging.samples import Deep
from srbench.method.base import Method
from srbench.method.frames import window
from srbench.video.clip import Frame
from srbench.video.sliding import chunks, windows
from srbench.wording import counted

CHUNK, AROUND = 24, 8  # frames of a clip that a recurrent method gets at once, and that lead in and out


@dataclass(frozen=True)
class Upscaled:
    """A frame's ``pixels`` after the method, of its type; ``out_of_range`` is the share of values that were, 0 to 1."""

    frame: Frame
    pixels: Deep
    out_of_range: float


@dataclass(frozen=True)
class Feeding:
    """How a method sees a clip.

    Args:
        frames: how many at a time, of which the middle one is super-resolved.
        in_order: a recurrent method, which gets many in order and super-resolves all of them.
    """

    frames: int = 1
    in_order: bool = False

    @classmethod
    def of(cls, method: Method, asked: int | None = None) -> Feeding:
        """That which suits a method.

        Raises:
            NotSupportedError: it takes no number of frames as small as ``asked``.
        """
        if method.is_recurrent:
            return cls(CHUNK + 2 * AROUND, in_order=True)
        return cls(window(method.card, asked)) if method.card.multi_frame else cls()

    @property
    def words(self) -> str:
        if self.in_order:
            return f"in order, {CHUNK} frames at a time, with up to {AROUND} more before and after them"
        if self.frames == 1:
            return "frame by frame"
        return f"each frame with {counted(self.frames - 1, 'neighbour')}, reflected at the ends of the clip"

    def upscale(
        self, method: Method, frames: Iterable[Frame], scale: float, wanted: Callable[[Frame], bool]
    ) -> Iterator[Upscaled]:
        """The frames that are ``wanted``, super-resolved, in order. ``method`` is prepared.

        Raises:
            MethodError: the method failed, or does not keep its contract; the frame is named.
        """
        if self.in_order:
            yield from _in_order(method, frames, scale, wanted)
            return
        for seen in windows(frames, self.frames):
            if not wanted(seen.frame):
                continue
            with _naming(method, seen.frame):
                if self.frames == 1:
                    strip = whole(method, seen.frame.pixels, scale)
                else:
                    strip = one_of(method, [frame.pixels for frame in seen.frames], seen.target, scale)
            yield Upscaled(seen.frame, strip.pixels, strip.out_of_range)


def _in_order(
    method: Method, frames: Iterable[Frame], scale: float, wanted: Callable[[Frame], bool]
) -> Iterator[Upscaled]:
    for chunk in chunks(frames, CHUNK, AROUND):
        meant = chunk.frames[chunk.first : chunk.last]
        if not any(map(wanted, meant)):
            continue
        with _naming(method, meant[0]):
            results = all_of(method, [frame.pixels for frame in chunk.frames], scale)
        for frame, strip in zip(meant, results[chunk.first : chunk.last], strict=True):
            if wanted(frame):
                yield Upscaled(frame, strip.pixels, strip.out_of_range)


@contextmanager
def _naming(method: Method, frame: Frame) -> Iterator[None]:
    """Names the method and the frame in what a method raises."""
    try:
        yield
    except PluginError as error:
        message = f"{method.card.name} failed on frame '{frame.name}': {told(error)}"
        raise MethodError(message, "see it whole with --debug") from error
