"""srbench: benchmark and evaluate image super-resolution.

The command line is ``srbench``; the Python interface is the names below. Importing the package is cheap: torch
and pandas are imported when a function that needs them is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from srbench.version import __version__

if TYPE_CHECKING:
    from srbench.api import evaluate, score, upscale
    from srbench.errors import SrbenchError
    from srbench.imaging import resize

__all__ = ["SrbenchError", "__version__", "evaluate", "resize", "score", "upscale"]

_HOME = {
    "SrbenchError": "srbench.errors",
    "evaluate": "srbench.api",
    "score": "srbench.api",
    "upscale": "srbench.api",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name == "resize":
        return importlib.import_module("srbench.imaging.resize")
    raise AttributeError(f"module 'srbench' has no attribute '{name}'")
