"""The size of a network, read from the names and shapes of the tensors in a weight file.

For :meth:`srbench.method.TorchMethod.from_state`: each function raises WeightsError where the file does not say, so
that a file of another network is refused in one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isqrt

from torch import Tensor

from srbench.errors import WeightsError, first_few

State = Mapping[str, Tensor]

HINT = "use a file of this network, or one of another network with its own name: --methods NETWORK=FILE"


def tensor(state: State, name: str) -> Tensor:
    """The tensor ``name``.

    Raises:
        WeightsError: there is none.
    """
    if name not in state:
        raise WeightsError(f"the size of the network cannot be read: there is no tensor '{name}'", _seen(state))
    return state[name]


def kernel(state: State, name: str) -> tuple[int, int, int]:
    """(out, in, side) of the square kernel of a convolution.

    Raises:
        WeightsError: there is no such tensor, or it is none.
    """
    found = tuple(tensor(state, name).shape)
    if len(found) != 4 or found[2] != found[3]:
        raise WeightsError(f"'{name}' is {found}, not the square kernel of a convolution", _seen(state))
    return found[0], found[1], found[2]


def count(state: State, pattern: str) -> int:
    """How many there are of what ``pattern`` numbers in its first group: ``r"^blocks\\.(\\d+)\\."``.

    Raises:
        WeightsError: none, or their numbers have gaps.
    """
    numbers = sorted({int(match[1]) for name in state if (match := re.search(pattern, name))})
    if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise WeightsError(
            f"the size of the network cannot be read: {'gaps among' if numbers else 'no'} tensors like '{pattern}'",
            _seen(state),
        )
    return len(numbers)


def chain(state: State, layers: Sequence[str] = ()) -> list[tuple[int, int, int]]:
    """(out, in, side) of all convolutions, which follow one another: those of ``layers`` that are there, else all in
    the order of the file, whatever they are called.

    Raises:
        WeightsError: one does not see what the one before it makes, or there are other kernels, or none.
    """
    known = [name for layer in layers if (name := f"{layer}.weight") in state]
    found = [kernel(state, name) for name in known or state if state[name].dim() == 4]
    if not found or any(before[0] != after[1] for before, after in pairwise(found)):
        raise WeightsError("these are not convolutions that follow one another", _seen(state))
    return found


def shuffled(channels: int, colours: int = 3) -> int:
    """The scale of a sub-pixel convolution that makes ``colours`` from ``channels``: the root of their ratio.

    Raises:
        WeightsError: it is no whole number above 1.
    """
    scale = isqrt(channels // colours) if colours else 0
    if scale < 2 or scale**2 * colours != channels:
        raise WeightsError(f"{channels} channels are no sub-pixel convolution to {colours}", HINT)
    return scale


def _seen(state: State) -> str:
    return f"it holds {first_few(list(state))}" if state else "it holds no tensors"
