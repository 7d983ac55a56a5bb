"""Frames that pass by one at a time, seen with their neighbours. What lies beyond the clip's ends is reflected."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from srbench.video.clip import Frame


@dataclass(frozen=True)
class Window:
    """``frames`` in order of time, of which ``target`` is the index of the one that is meant."""

    frames: tuple[Frame, ...]
    target: int

    @property
    def frame(self) -> Frame:
        return self.frames[self.target]


def reflected(number: int, total: int) -> int:
    """The frame that stands for frame ``number`` of a clip of ``total``: -1 is 1, ``total`` is ``total - 2``; in a clip
    that is too short for that it goes on to and fro.

    >>> [reflected(number, 3) for number in range(-3, 6)]
    [1, 2, 1, 0, 1, 2, 1, 0, 1]
    """
    if total == 1:
        return 0
    number %= 2 * (total - 1)
    return min(number, 2 * (total - 1) - number)


def windows(frames: Iterable[Frame], length: int) -> Iterator[Window]:
    """Each frame in the middle of ``length`` frames (the later of two middles); no more than ``length + 1`` are held.

    Of 0 1 2 and a length of 5 these are 2 1 0 1 2, 1 0 1 2 1, 0 1 2 1 0.
    """
    before = length // 2
    after = length - 1 - before
    reach = max(before, after)
    held: deque[Frame] = deque(maxlen=before + reach + 1)
    read = target = 0

    def around(number: int, total: int) -> Window:
        first = read - len(held)
        places = [reflected(place, total) for place in range(number - before, number + after + 1)]
        return Window(tuple(held[place - first] for place in places), before)

    for frame in frames:
        held.append(frame)
        read += 1
        if read > target + reach:
            yield around(target, read)
            target += 1
    while target < read:
        yield around(target, read)
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
