"""Weights that a user brings to a network: ``edsr=./x4.pt`` is EDSR as srbench builds it, with that file.

The network's size is read from the file (:meth:`srbench.method.network.TorchMethod.from_state`), and its tensors are
found under the names that files have for them (:mod:`srbench.weights.matching`). What comes of it is a method of its
own: its identity is that of the network's source and of the file, and it has no published values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from srbench.errors import SrbenchError, WeightsError
from srbench.foreign.contained import contained
from srbench.method.base import Method
from srbench.method.network import Sized, TorchMethod, filled_from
from srbench.scale import ScaleRange
from srbench.weights.files import difference, fits, load_into, load_states, matching, require_numbers
from srbench.weights.matching import Reading, by_order, readings, without_counters
from srbench.weights.reading import trained_for
from srbench.weights.states import State
from srbench.wording import counted

_MOST_STATES = 50  # of a file, that are tried
_SHOWN = 4  # tensors, in a message

Shapes: TypeAlias = "Counter[torch.Size]"
_built: WeakKeyDictionary[type[TorchMethod], list[Shapes]] = WeakKeyDictionary()
_SCALE_IN_NAME = re.compile(r"(?:(?<!\d)x(\d)|(?<![a-z0-9])(\d)x)(?!\d)", re.IGNORECASE)  # PANx2, net_x4, 4x_net


@dataclass(frozen=True)
class Fit:
    """A state of a file that fills a network whole.

    Args:
        reading: its tensors under the network's names.
    """

    state: State
    reading: Reading
    sized: Sized


def brought(
    path: Path, cls: type[Method], state: str = "", *, name: str = "", given: Mapping[str, Any] | None = None
) -> type[TorchMethod]:
    """The method ``cls`` with the network and the weights of the file at ``path``.

    Args:
        state: the name of the state that is wanted.
        name: of the method; that of ``cls`` and of the file by default, 'edsr:x4'.
        given: attributes of the class that something else than the file tells, such as ``input_range``; 'scales' those
            of the card.

    Raises:
        WeightsError: ``cls`` takes no weights; the file cannot be read; its tensors are not those of such a network,
            or its size cannot be read.
    """
    if not issubclass(cls, TorchMethod):
        raise WeightsError(
            f"'{path}' cannot be the weights of {cls.card.name}, which is no network",
            "name a network: srbench list methods",
        )
    attributes = dict(given or {})
    scales = attributes.pop("scales", ())
    fit = fitted(path, type(cls.__name__, (cls,), {**attributes, "__module__": cls.__module__}), state)
    require_numbers(fit.reading.tensors, path)
    own = fit.sized.scales
    scales = tuple(scales) or (own if isinstance(own, ScaleRange) else scales_of(path, own))
    name = name or f"{cls.card.name}:{stem(path, state)}"
    card = replace(
        cls.card,
        name=name,
        title=f"{name} ({fit.sized.size or cls.card.title})",
        scales=scales,
        size=fit.sized.size,
        published=(),
        default=True,
        allow_partial_weights=False,
    )
    fields = {
        "card": card,
        **filled_from(path, scales),
        "state": state,
        "build": lambda self, scale: fit.sized.build(scale),
        "load": _load,
        "configuration": property(lambda self: "; ".join(filter(None, ("weights brought", _configuration(self))))),
        "__module__": cls.__module__,  # its source is that of the method
        **attributes,
    }
    if trained_for(path) is None:  # what stands beside the file is no card of the trainer's
        fields["training_facts"] = lambda self: {}
    return type(cls.__name__, (cls,), fields)


def _configuration(method: TorchMethod) -> str:
    return TorchMethod.configuration.fget(method)  # type: ignore[attr-defined,no-any-return]  # a property


def _load(self: TorchMethod, module: Any, path: Path) -> Any:
    return load_into(module, path, state=self.state, rename=self.rename, ordered=True)


def stem(path: Path, state: str = "") -> str:
    """What a weight file is called: ``x4`` of ``x4.pt`` and of ``x4.pth.tar``; with the state that is taken of it."""
    own = Path(path.stem).stem if path.suffix.lower() == ".tar" else path.stem
    return f"{own}#{state}" if state else own


def scales_of(path: Path, possible: Sequence[int]) -> tuple[int, ...]:
    """Those of the ``possible`` scales that the file's name says, where it says any ('net_x4', '4x_net').

    >>> scales_of(Path("VDSR_x3.pth"), (2, 3, 4)), scales_of(Path("vdsr.pth"), (2, 3, 4))
    ((3,), (2, 3, 4))
    >>> scales_of(Path("PANx2_DF2K.pth"), (2, 3))
    (2,)
    """
    said = {int(next(filter(None, found))) for found in _SCALE_IN_NAME.findall(path.stem)}
    return tuple(scale for scale in possible if scale in said) or tuple(possible)


def fitted(path: Path, cls: type[TorchMethod], state: str = "") -> Fit:
    """How a file fills a network of ``cls``; raises WeightsError as :func:`brought`."""
    found = load_states(path, state)[:_MOST_STATES]
    best = fit(found, cls)
    if best is None:
        raise _misfit(path, cls, found)
    return best


def fit(found: Sequence[State], cls: type[TorchMethod], *, names_alone: bool = False) -> Fit | None:
    """The first state that fills a network of ``cls``, by name if one does so, else by order and shape.

    Args:
        names_alone: what fits by order and shape does not count, which spares the building of networks.
    """
    ordered: Fit | None = None
    for state in found:
        for reading, sized, own in _tried(state, cls, names_alone):
            if fits(reading.tensors, own):
                return Fit(state, reading, sized)
            in_order = None if ordered or names_alone else by_order(reading.tensors, own)
            if in_order is not None:
                ordered = Fit(state, in_order, sized)
    return ordered


def _tried(
    state: State, cls: type[TorchMethod], names_alone: bool = False
) -> Iterator[tuple[Reading, Sized, Mapping[str, Tensor]]]:
    """Readings of a state with the networks that ``cls`` makes of each, and the tensors of these: of the size that the
    class reads from them, and of the size that it has by itself."""
    sizes = _sizes(cls, state.tensors, names_alone)
    for reading in readings(state.tensors, cls.rename):
        for size in sizes:
            try:
                with contained():
                    sized = size(reading.tensors)
                    own = sized.example.state_dict()
            except SrbenchError:
                continue
            yield reading, sized, own


def _sizes(
    cls: type[TorchMethod], tensors: Mapping[str, Tensor], names_alone: bool
) -> list[Callable[[Mapping[str, Tensor]], Sized]]:
    """The ways in which ``cls`` may know the size of a network; its own size only where it may fit."""
    default = partial(TorchMethod.from_state.__func__, cls)  # type: ignore[attr-defined]  # of a class method
    reads = cls.from_state.__func__ is not default.func  # type: ignore[attr-defined]
    if reads and names_alone:
        return [cls.from_state]
    fitting = shapes(without_counters(tensors)) in shapes_as_built(cls)
    return [*([cls.from_state] if reads else []), *([default] if fitting else [])]


def shapes(tensors: Mapping[str, Tensor]) -> Shapes:
    """How many tensors there are of each shape."""
    return Counter(tensor.shape for tensor in tensors.values())


def shapes_as_built(cls: type[TorchMethod]) -> list[Shapes]:
    """Those of the tensors of a class's modules of its own size, at every scale."""
    if cls not in _built:
        _built[cls] = []
        for scale in cls.scales_of_build():
            try:
                with contained():
                    _built[cls].append(shapes(without_counters(cls().build(scale).state_dict())))
            except SrbenchError:
                continue
    return _built[cls]


def _misfit(path: Path, cls: type[TorchMethod], found: Sequence[State]) -> WeightsError:
    """Why no state of a file fills a network of ``cls``: what is missing and left over of the one that comes nearest,
    or why its size cannot be read."""
    matched, misfit = 0, ""
    for state in found:
        for reading, sized, own in _tried(state, cls):
            if (number := matching(reading.tensors, own)) > matched:
                matched = number
                size = f" ({sized.size})" if sized.size else ""
                misfit = f"'{path}' does not fit {cls.card.name}{size}: {difference(reading.tensors, own)}"
    if matched:
        return WeightsError(misfit, "use the file that belongs to this network")
    try:
        with contained():
            cls.from_state(next(readings(found[0].tensors, cls.rename)).tensors)
        reason = "no tensor of it is the network's"
    except SrbenchError as error:
        reason = error.message
    return WeightsError(
        f"'{path}' does not fit {cls.card.name}: {reason}; it holds {contents(found[0].tensors)}",
        "name the network that it belongs to, or write a plugin for it, 25 lines (docs/checkpoints.md)",
    )


def contents(tensors: Mapping[str, Tensor]) -> str:
    """A file in a line: its first tensors, how many there are, and the numbers in them."""
    left = without_counters(tensors) or dict(tensors)
    shown = [f"{name} {tuple(tensor.shape)}" for name, tensor in list(left.items())[:_SHOWN]]
    more = ", ..." if len(left) > _SHOWN else ""
    numbers = sum(tensor.numel() for tensor in left.values())
    return f"{numbers:,} numbers in {counted(len(left), 'tensor')} ({', '.join(shown)}{more})"
