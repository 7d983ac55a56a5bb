"""Which networks are here, by the names that the zoo's manifests use, known before torch is imported.

A method's name stands for its network, 'spandrel:ID' for one that spandrel recognises, and 'spandrel-extra:ID' for one
of its package with restrictive licences, ``spandrel_extra_arches``.
"""

from __future__ import annotations

import importlib.util

from srbench.method.plugins import METHODS

SPANDREL, EXTRA = "spandrel:", "spandrel-extra:"
_EXTRA_PACKAGE = "spandrel_extra_arches"


def missing(architecture: str) -> str:
    """What lacks for the network of that name, in words; empty where it is here."""
    if architecture.startswith(SPANDREL):
        return ""
    if architecture.startswith(EXTRA):
        here = importlib.util.find_spec(_EXTRA_PACKAGE) is not None
        return "" if here else f"not here: it needs {_EXTRA_PACKAGE}"
    here = any(source.name == architecture for source in METHODS.sources())
    return "" if here else "not here"
