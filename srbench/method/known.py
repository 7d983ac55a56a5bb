"""The networks that are built in or installed: which of them a file belongs to, and which it is most like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from srbench.errors import WeightsError
from srbench.method.brought import brought, fit, shapes, shapes_as_built, stem
from srbench.method.network import TorchMethod
from srbench.weights.matching import without_counters
from srbench.weights.states import State

_MOST_STATES = 3  # of a file, that every network is tried on
_LIKE = 0.25  # share of common shapes from which on a network is worth naming

Networks = Sequence[type[TorchMethod]]


def belonging(path: Path, found: Sequence[State], networks: Networks, state: str = "") -> type[TorchMethod] | None:
    """The one network that a file fills, with its weights, named by the file; None if there is none.

    Networks that it fills by name count before those that it fills by order and shape.

    Raises:
        WeightsError: it fills several alike.
    """
    best: list[type[TorchMethod]] = []
    for names_alone in (True, False):
        best = best or [cls for cls in networks if fit(found[:_MOST_STATES], cls, names_alone=names_alone)]
    if len(best) > 1:
        names = [cls.card.name for cls in best]
        raise WeightsError(
            f"'{path}' fits {len(best)} networks alike: {', '.join(names)}",
            f"say whose it is: {names[0]}={path}",
        )
    if not best:
        return None
    return brought(path, best[0], state, name=stem(path, state))


def nearest(tensors: Mapping[str, Tensor], networks: Iterable[type[TorchMethod]]) -> str:
    """Which network has the most tensors of these shapes, in words; empty where none is like it."""
    wanted = shapes(without_counters(tensors))
    likeness, words = _LIKE, ""
    for cls in networks:
        for own in shapes_as_built(cls):
            common = (wanted & own).total()
            share = 2 * common / (wanted.total() + own.total())
            if share > likeness:
                likeness = share
                words = f"{cls.card.name} ({common} of its {own.total()} tensors have these shapes)"
    return words
