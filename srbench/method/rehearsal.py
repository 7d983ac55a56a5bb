"""What a method reads while it is loaded: found by loading it once more, and throwing that away.

A weight file that a method opens itself, without naming it in ``weight_files()``, decides its output all the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Set
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import cast
from weakref import WeakSet

import torch

from srbench import randomness
from srbench.errors import SrbenchError
from srbench.foreign import opened
from srbench.foreign.contained import contained
from srbench.foreign.trial import died_of
from srbench.method.base import Method, MethodCard, MethodContext, prepare
from srbench.method.network import TorchMethod
from srbench.paths import search_path

_ANY_SCALE = (2, 3, 4)  # those that methods without a list of scales are loaded for

_rehearsed: WeakSet[ModuleType] = WeakSet()


def read_while_loaded(cls: type[Method]) -> Set[Path]:
    """Files that the methods of a class's module read while they are imported, constructed and prepared for every scale
    on their cards: the same whichever scales and methods are asked for. What they raise is said where they are used.
    """
    module = sys.modules.get(cls.__module__)
    if module is not None and module not in _rehearsed:
        _rehearsed.add(module)
        # All of them: what one has read and keeps in its module, another does not read again.
        own = [
            value for value in vars(module).values() if isinstance(value, type) and value.__module__ == cls.__module__
        ]
        for method in dict.fromkeys((cls, *own)):
            if not issubclass(method, Method) or not isinstance(getattr(method, "card", None), MethodCard):
                continue
            # Where that ends the process, so does what is prepared for the run: it is said there.
            if _is_built_in(module) or not died_of(partial(_rehearse, method)):
                _rehearse(method)
    return opened.files_of(cls.__module__)


def _is_built_in(module: ModuleType) -> bool:
    return Path(module.__file__ or "").is_relative_to(search_path("methods")[0])


def _rehearse(cls: type[Method]) -> None:
    with warnings.catch_warnings(), randomness.kept(torch.device("cpu")):
        warnings.simplefilter("ignore")
        try:
            with contained(), opened.recorded(opened.files_of(cls.__module__)):
                method = cls()
                for scale in cls.card.listed_scales or _ANY_SCALE:
                    _load(method, scale)
        except SrbenchError:
            return


def _load(method: Method, scale: float) -> None:
    try:
        with contained():
            if not method.supports(scale):
                return
            if isinstance(method, TorchMethod) and _loads_as_declared(type(method)):
                method.build(cast("int", scale))  # the weight files are named
            else:
                prepare(method, scale, MethodContext())
    except SrbenchError:
        return


def _loads_as_declared(cls: type[TorchMethod]) -> bool:
    return all(getattr(cls, name) is getattr(TorchMethod, name) for name in ("prepare", "module", "weight_path"))
