"""The states of weights in a checkpoint: which there are, and in which order they are tried.

Training code keeps a network's tensors under many names, often several times: as they are, and as their average over
the steps (EMA, SWA), which papers evaluate. Every mapping of tensors is a candidate, however deep it lies, and so is
what a wrapper keeps under a prefix in a flat mapping (``module.``, ``params_ema.``). Averages come first.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

# The order of states that are no average; others come after these.
ORDER = ("params", "state_dict", "model_state_dict", "model", "net", "network", "generator")
TOP = "top level"

_AVERAGE = re.compile(r"(ema|swa|avg|average|averaged|shadow|polyak)\d*")
_COUNTER = "n_averaged"  # of torch's AveragedModel
# Names of attributes and keys in which networks lie are made of these words; with one for an average, of an average.
_WRAPPER = {
    *("params", "param", "state", "dict", "weights", "model", "net", "network", "generator", "gen", "g", "netg", "sr"),
    *("module", "orig", "mod", "student", "online"),
}
_STRIPPED = ("module", "_orig_mod")  # DataParallel, torch.compile: never a part of a network
_RIVALS = frozenset(["d", "disc", "discriminator", "critic", "netd"])
_BOOKS = re.compile(r"optim|schedul|scaler", re.IGNORECASE)  # what trainers keep beside weights
_DEEPEST, _MOST = 12, 100_000  # containers in containers, and all


@dataclass(frozen=True)
class State:
    """Tensors by name. ``path`` leads to them: keys of mappings, then prefixes of the names."""

    path: tuple[str, ...]
    tensors: dict[str, Tensor]
    average: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path) or TOP

    @property
    def only_counters(self) -> bool:
        """Whether it is more likely a trainer's than a network's."""
        return not any(tensor.ndim for tensor in self.tensors.values())

    @property
    def nameless(self) -> bool:
        """Whether it is a list of tensors, as some keep averages: it fits no network."""
        return all(key.isdigit() for key in self.tensors)

    def overlaps(self, other: State) -> bool:
        """Whether one is a part of the other."""
        short = min(len(self.path), len(other.path))
        return self.path[:short] == other.path[:short]


def find(content: object, wanted: str = "") -> list[State]:
    """All states in what a file holds, in the order in which they are to be tried; [] if there are none.

    Args:
        wanted: only the states of this name: a path such as 'state_dict.model', or a part of one.
    """
    every = [state for whole in _mappings(content) for state in _with_groups(whole, wanted)]
    if wanted:
        parts = tuple(wanted.split("."))
        exact = [state for state in every if state.path[: len(parts)] == parts or (state.name == wanted)]
        every = exact or [state for state in every if wanted in state.path]
    return sorted(every, key=_place)  # of equals, the first in the file


def others(taken: State, every: Iterable[State]) -> list[State]:
    """The states beside the one that was taken; what is a part of another one is not told apart from it."""
    found: list[State] = []
    for state in sorted(every, key=lambda state: len(state.path)):
        if not state.only_counters and not any(state.overlaps(other) for other in (taken, *found)):
            found.append(state)
    return found


def names(every: Sequence[State]) -> list[str]:
    """What there is to choose from."""
    return list(dict.fromkeys(state.name for state in every))


def _mappings(content: object) -> Iterator[State]:
    """Every mapping that holds tensors, the outer ones first."""
    queue: deque[tuple[tuple[str, ...], object]] = deque([((), content)])
    seen: set[int] = set()
    while queue and len(seen) < _MOST:
        path, value = queue.popleft()
        if id(value) in seen or len(path) > _DEEPEST:
            continue
        seen.add(id(value))
        items = value.items() if isinstance(value, Mapping) else enumerate(value) if _is_list(value) else ()  # type: ignore[arg-type, var-annotated]
        tensors = {}
        for key, item in items:
            if isinstance(item, Tensor):
                tensors[str(key)] = item
            elif (isinstance(item, Mapping) or _is_list(item)) and not _BOOKS.search(str(key)):
                queue.append(((*path, str(key)), item))
        average = _COUNTER in tensors or any(map(_is_average, path))
        if tensors and (average or isinstance(value, Mapping)):
            yield State(path, tensors, average)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _with_groups(whole: State, wanted: str) -> Iterator[State]:
    """A state, and what lies in it under prefixes that wrappers give, at any depth."""
    yield whole
    parts, bare = _by_prefix(whole.tensors)
    for prefix, tensors in parts.items():
        if len(whole.path) <= _DEEPEST and (prefix == wanted or _wraps(prefix, parts, bare)):
            average = whole.average or _is_average(prefix)
            yield from _with_groups(State((*whole.path, prefix), tensors, average), wanted)


def _by_prefix(tensors: Mapping[str, Tensor]) -> tuple[dict[str, dict[str, Tensor]], bool]:
    """Tensors by the first part of their names; and whether there are others, counters aside."""
    parts: dict[str, dict[str, Tensor]] = {}
    bare = False
    for key, tensor in tensors.items():
        prefix, dot, rest = key.partition(".")
        if dot:
            parts.setdefault(prefix, {})[rest] = tensor
        elif tensor.ndim:
            bare = True
    return parts, bare


def _wraps(prefix: str, parts: Mapping[str, Mapping[str, Tensor]], bare: bool) -> bool:
    """Whether what has this prefix is a network, not a part of one."""
    words = _words(prefix)
    plain = {word for word in words if not _AVERAGE.fullmatch(word)}
    if plain:
        return plain <= _WRAPPER
    # Called 'ema' and no more, as layers are too: then nothing else is there, or the same tensors a second time.
    if len(parts) == 1 and not bare:
        return True
    own = _unwrapped(parts[prefix])
    return any(own == _unwrapped(other) for name, other in parts.items() if name != prefix)


def _unwrapped(names: Iterable[str]) -> set[str]:
    """Names without the prefixes of wrappers that all of them have."""
    found = {name for name in names if "." in name}
    while True:
        prefixes = {name.partition(".")[0] for name in found}
        if len(prefixes) != 1 or not _words(*prefixes) <= _WRAPPER:
            return found
        found = {name.partition(".")[2] for name in found}


def _words(name: str) -> set[str]:
    """'netG_ema' is 'net', 'g' and 'ema'."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return {word for word in re.split(r"[^a-z0-9]+", text) if word}


def _is_average(name: str) -> bool:
    return any(_AVERAGE.fullmatch(word) for word in _words(name))


def _place(state: State) -> tuple[int, ...]:
    """Sort key: averages, those that are called one themselves before others; then the usual names. What consists of
    wrapped networks comes behind them."""
    last = next((part for part in reversed(state.path) if part not in _STRIPPED), "")
    parts, bare = _by_prefix(state.tensors)
    wrappers = not bare and all(_wraps(prefix, parts, bare) for prefix in parts)
    only_wrappers = wrappers and (len(parts) > 1 or any(prefix in _STRIPPED for prefix in parts))
    usual = next((name for name in state.path if name in ORDER), None)
    return (
        state.only_counters or state.nameless,
        not state.average,
        not _is_average(last),
        only_wrappers,
        bool(_words(last) & _RIVALS),
        ORDER.index(usual) if usual is not None else len(ORDER) if state.path else 0,
    )
