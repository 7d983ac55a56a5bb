"""Which networks are here, by the names that the zoo's manifests use, known before torch is imported.

A method's name stands for its network, 'spandrel:ID' for one that spandrel recognises, and 'spandrel-extra:ID' for one
of its package with restrictive licences, ``spandrel_extra_arches``.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from srbench.errors import MethodError
from srbench.method.plugins import METHODS
from srbench.zoo import Checkpoint, require_here

SPANDREL, EXTRA = "spandrel:", "spandrel-extra:"
_EXTRA_PACKAGE = "spandrel_extra_arches"


def require(checkpoint: Checkpoint) -> Path:
    """The file of a checkpoint that can be run here.

    Raises:
        MethodError: its network is not here.
        WeightsError: its file is not; with the line that brings it.
    """
    if lacking := missing(checkpoint.architecture):
        raise MethodError(
            f"{checkpoint.spec} is a network '{checkpoint.architecture}' ({lacking})",
            f"install it, or write a plugin for its file (docs/zoo.md), {checkpoint.homepage or checkpoint.address}",
        )
    return require_here(checkpoint)


def missing(architecture: str) -> str:
    """What lacks for the network of that name, in words; empty where it is here."""
    if architecture.startswith(SPANDREL):
        return ""
    if architecture.startswith(EXTRA):
        here = importlib.util.find_spec(_EXTRA_PACKAGE) is not None
        return "" if here else f"not here: it needs {_EXTRA_PACKAGE}"
    here = any(source.name == architecture for source in METHODS.sources())
    return "" if here else "not here"
