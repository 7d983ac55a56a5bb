"""A large image through a method in bands of rows, with the output that the whole image has.

A method in tiles sees no more of an image than a row of tiles at a time, so neither its input nor its output has to be
held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from srbench.method.base import Method
from srbench.method.wrappers import VIEWS, SelfEnsemble, Tiled, seen_back, seen_from
from srbench.scale import enlarged

LrRows = Callable[[int, int], Tensor]
"""LR rows from ``first`` to ``last`` as methods take them: (1, C, last - first, w) in [0, 1]."""
Call = Callable[[Method, Tensor], Tensor]
"""Lets a method upscale LR rows, and sees to it that the output has its shape."""


@dataclass(frozen=True)
class Band:
    """SR rows of the LR rows from ``first`` to ``last``: (1, C, round(scale * (last - first)), round(scale * w))."""

    first: int
    last: int
    sr: Tensor


@dataclass(frozen=True)
class _Cut:
    """A row of tiles: the LR rows from ``top`` to ``bottom`` are fed, of the output ``first`` to ``last`` are kept."""

    top: int
    bottom: int
    first: int
    last: int


def bands(method: Method, rows: LrRows, height: int, scale: float, call: Call) -> Iterator[Band]:
    """The output for an image of ``height`` rows, from top to bottom. A method that is not in tiles has one band."""
    if isinstance(method, SelfEnsemble):
        method.require_symmetry(scale)
        yield from _Ensemble(method.inner, rows, height, scale, call).bands()
        return
    for cut in _cuts(method, height, scale):
        sr = call(method, rows(cut.top, cut.bottom))
        yield Band(cut.first, cut.last, _kept(sr, cut, scale))


def _cuts(method: Method, height: int, scale: float) -> list[_Cut]:
    if not isinstance(method, Tiled):
        return [_Cut(0, height, 0, height)]
    side = method.tile or height
    return [_Cut(top, min(top + side, height), *kept) for top, *kept in method.spans(height, scale)]


def _kept(sr: Tensor, cut: _Cut, scale: float) -> Tensor:
    return sr[..., enlarged(cut.first - cut.top, scale) : enlarged(cut.last - cut.top, scale), :]


class _Ensemble:
    """The mean over eight views, each of which has cuts of its own. They are added up in the order of the views, as for
    the whole image, since the order decides the last bit: a view goes on once the one before it is as far."""

    def __init__(self, method: Method, rows: LrRows, height: int, scale: float, call: Call) -> None:
        self.rows, self.height, self.scale = rows, height, scale
        self.upscale = partial(call, method)
        cuts = _cuts(method, height, scale)
        upwards = [_Cut(height - c.bottom, height - c.top, height - c.last, height - c.first) for c in reversed(cuts)]
        # Turned by half a turn or more, the last row comes first.
        self._ahead = [iter(upwards if turns >= 2 else cuts) for turns, _ in VIEWS]
        self._done = [0] * len(VIEWS)  # LR rows of each view that are added up
        self._total: Tensor | None = None  # of the rows from that on that all views have added to

    def bands(self) -> Iterator[Band]:
        while (begin := self._done[-1]) < self.height:
            self._go_on(len(VIEWS) - 1, begin)
            assert self._total is not None
            count = enlarged(self._done[-1] - begin, self.scale)
            yield Band(begin, self._done[-1], self._total[..., :count, :] / len(VIEWS))
            self._total = self._total[..., count:, :].clone()

    def _go_on(self, number: int, begin: int) -> None:
        """Add the next band of a view to the total, which starts at the LR row ``begin``."""
        cut = next(self._ahead[number])
        while number and self._done[number - 1] < cut.last:
            self._go_on(number - 1, begin)
        view = seen_from(self.rows(cut.top, cut.bottom), *VIEWS[number])
        sr = _kept(seen_back(self.upscale(view), *VIEWS[number]), cut, self.scale)
        if number == 0:
            self._total = sr if self._total is None else torch.cat([self._total, sr], dim=-2)
        elif self._total is not None:
            first, last = (enlarged(row - begin, self.scale) for row in (cut.first, cut.last))
            self._total[..., first:last, :] += sr
        self._done[number] = cut.last
