"""Frames that pass by one at a time, seen with their neighbours. What lies beyond the clip's ends is reflected."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from srbench.evaluation.clip import around
from srbench.video.clip import Frame


@dataclass(frozen=True)
class Window:
    """``frames`` in order of time, of which ``target`` is the index of the one that is meant."""

    frames: tuple[Frame, ...]
    target: int

    @property
    def frame(self) -> Frame:
        return self.frames[self.target]


def windows(frames: Iterable[Frame], length: int) -> Iterator[Window]:
    """Each frame in the middle of ``length`` frames (the later of two middles); no more than ``length + 1`` are held.

    Of 0 1 2 and a length of 5 these are 2 1 0 1 2, 1 0 1 2 1, 0 1 2 1 0.
    """
    reach = length // 2
    held: deque[Frame] = deque(maxlen=2 * reach + 1)
    read = target = 0

    def seen(number: int, total: int) -> Window:
        first = read - len(held)
        places, middle = around(number, length, total)
        return Window(tuple(held[place - first] for place in places), middle)

    for frame in frames:
        held.append(frame)
        read += 1
        if read > target + reach:
            yield seen(target, read)
            target += 1
    while target < read:
        yield seen(target, read)
        target += 1


@dataclass(frozen=True)
class Chunk:
    """``frames`` in order of time; those from ``first`` to ``last`` are meant, the others lead in and out."""

    frames: tuple[Frame, ...]
    first: int
    last: int


def chunks(frames: Iterable[Frame], length: int, around: int) -> Iterator[Chunk]:
    """A clip in chunks of ``length`` frames, each with up to ``around`` frames before and after it. A clip of no more
    than ``length + around`` frames is one chunk."""
    held: list[Frame] = []
    first = 0  # of the chunk, in what is held
    for frame in frames:
        held.append(frame)
        if len(held) > first + length + around:
            yield Chunk(tuple(held[: first + length + around]), first, first + length)
            kept = max(0, first + length - around)
            held = held[kept:]
            first = first + length - kept
    if held:
        yield Chunk(tuple(held), first, len(held))
