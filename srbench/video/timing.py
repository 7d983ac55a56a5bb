"""When the frames of a video are shown: looked up in its packets, without decoding one."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

_REORDERED = 64  # packets that frames are stored ahead of their turn, at most
_TICKS = Fraction(3, 2)  # of the time base: how far a time may be rounded
_PART = Fraction(1, 10)  # of a frame: the same, where the time base is finer


@dataclass(frozen=True)
class Timing:
    """``first``: the time of the first frame; ``constant``: whether the others follow it at the rate; ``total``: how
    many frames the file has."""

    total: int
    first: int
    constant: bool


def in_order(times: Iterable[int]) -> Iterator[int]:
    """Times as packets have them, in the order in which frames are shown. Few are held at once."""
    ahead: list[int] = []
    for time in times:
        heapq.heappush(ahead, time)
        if len(ahead) > _REORDERED:
            yield heapq.heappop(ahead)
    while ahead:
        yield heapq.heappop(ahead)


def timing(times: Iterable[int | None], rate: Fraction, time_base: Fraction) -> Timing:
    """What the times of a video's packets say; None is a packet that has no time.

    Args:
        rate: frames per second as the file tells it.
        time_base: seconds of a unit.
    """
    step = 1 / (rate * time_base)
    slack = max(_TICKS, _PART * step)
    untimed = 0

    def known() -> Iterator[int]:
        nonlocal untimed
        for time in times:
            if time is None:
                untimed += 1
            else:
                yield time

    first, total, constant = 0, 0, True
    for number, time in enumerate(in_order(known())):
        first = time if number == 0 else first
        constant = constant and abs(time - first - number * step) <= slack
        total = number + 1
    return Timing(total + untimed, first, constant)
