"""What methods made of LR images, for cells that differ in the protocol alone: where two protocols make the same LR
image, pixel for pixel, a method is called once for both."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import torch
from torch import Tensor

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


@dataclass(frozen=True)
class Made:
    """A method's output, as :func:`srbench.evaluation.raw` gives it, and the seconds that it took; ``tile`` as in
    :class:`srbench.method.wrappers.Watch`."""

    output: Tensor
    seconds: float
    tile: int = 0


class SharedOutputs:
    """The newest outputs, for several threads at once.

    Args:
        most: images of which outputs are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, list[tuple[Tensor, Made]]] = OrderedDict()
        self._lock = Lock()

    def find(self, family: Hashable, lr: Tensor) -> Made | None:
        """What was made of an LR image with exactly these pixels, of this type; None if nothing is kept.

        Args:
            family: :attr:`srbench.run.plan.CellTask.family`; nothing is ever found of None.
        """
        with self._lock:
            known = list(self._kept.get(family, ()))
        return next((made for own, made in known if own.dtype == lr.dtype and torch.equal(own, lr)), None)

    def keep(self, family: Hashable, lr: Tensor, made: Made) -> None:
        """Have it found; the output, which may be the method's own memory, is copied."""
        if family is None:
            return
        copied = Made(made.output.clone(), made.seconds, made.tile)
        with self._lock:
            self._kept.setdefault(family, []).append((lr, copied))
            self._kept.move_to_end(family)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class Newest(Generic[_K, _V]):
    """The values that were kept last, by key, for several threads at once.

    Args:
        most: values that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[_K, _V] = OrderedDict()
        self._lock = Lock()

    def find(self, key: _K) -> _V | None:
        """None if it is not kept, or not any more."""
        with self._lock:
            return self._values.get(key)

    def keep(self, key: _K, value: _V) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
