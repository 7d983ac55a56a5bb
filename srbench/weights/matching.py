"""Which tensor of a file is which of a network: by name, without a prefix, by a table of names, or by order and shape.

Public weight files call the layers of one architecture by many names. Names are tried first, as they are and without
the prefixes that all of them have; a network's own table (``TorchMethod.rename``) says what else they may be called.
Where no name fits, tensors of one shape and kind are taken in their order, which cannot tell layers of equal shape
that stand in another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

Table = Sequence[tuple[str, str]]  # (regular expression, replacement), applied one after another
State = dict[str, Tensor]

BY_NAME = "by name"
BY_ORDER = "by order and shape"
_COUNTER = re.compile(r"(?:^|\.)(?:num_batches_tracked|total_ops|total_params|n_averaged)$")
_KINDS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Reading:
    """Tensors under the names that a network may have for them, and how these were come by."""

    tensors: State
    how: str = BY_NAME


def is_counter(name: str) -> bool:
    """Whether a tensor counts batches, operations or parameters: no output depends on it.

    >>> is_counter("body.1.num_batches_tracked"), is_counter("body.1.weight")
    (True, False)
    """
    return _COUNTER.search(name) is not None


def without_counters(tensors: Mapping[str, Tensor]) -> State:
    return {name: tensor for name, tensor in tensors.items() if not is_counter(name)}


def readings(tensors: Mapping[str, Tensor], rename: Table = ()) -> Iterator[Reading]:
    """The tensors under every set of names that may be the network's, those that change least first: as they are,
    renamed, then without the first part that all names have, and so on. Counters are left out."""
    left, prefix = without_counters(tensors), ""
    while left:
        how = f"{BY_NAME}, without '{prefix}'" if prefix else BY_NAME
        yield Reading(left, how)
        renamed = _renamed(left, rename)
        if renamed is not None:
            yield Reading(renamed, f"{how}, by the method's rename table")
        head = _common_head(left)
        if not head:
            return
        prefix += head
        left = {name.removeprefix(head): tensor for name, tensor in left.items()}


def _renamed(tensors: State, rename: Table) -> State | None:
    """None where the table changes no name, or gives two tensors one."""
    found: State = {}
    for name, tensor in tensors.items():
        new = name
        for pattern, replacement in rename:
            new = re.sub(pattern, replacement, new)
        found[new] = tensor
    return None if len(found) < len(tensors) or found.keys() == tensors.keys() else found


def _common_head(names: Mapping[str, Tensor]) -> str:
    """``module.`` where all names begin so; empty where they do not, or where one is no more than that."""
    heads = {name.partition(".")[0] for name in names}
    return f"{heads.pop()}." if len(heads) == 1 and all("." in name for name in names) else ""


def by_order(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> Reading | None:
    """The tensors under the names of ``own``: those of one shape and kind (weight, bias) one after another.

    Returns:
        None unless every tensor of both has its partner, counters aside.
    """
    left, wanted = without_counters(tensors), without_counters(own)
    groups = _groups(left)
    asked = _groups(wanted)
    if groups.keys() != asked.keys() or any(len(groups[key]) != len(asked[key]) for key in asked):
        return None
    partner = {new: old for key in asked for new, old in zip(asked[key], groups[key], strict=True)}
    return Reading({name: left[partner[name]] for name in wanted}, BY_ORDER)


def _groups(tensors: Mapping[str, Tensor]) -> dict[tuple[object, str], list[str]]:
    names = list(tensors)
    if names == sorted(names):  # a safetensors file does not keep the order of the layers
        names.sort(key=_natural)
    found: dict[tuple[object, str], list[str]] = {}
    for name in names:
        last = name.rpartition(".")[2]
        found.setdefault((tensors[name].shape, last if last in _KINDS else ""), []).append(name)
    return found


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key by which 'body.2' is before 'body.10'."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]
