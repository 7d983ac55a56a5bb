"""Evaluation protocols: how HR and SR images become the arrays that metrics see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.protocol.base import BASICSR, CLASSIC, MATLAB_RGB, Protocol, Sizes
    from srbench.protocol.named import PROTOCOLS, discover, get, is_file, known, names, read, several

__all__ = [
    "BASICSR",
    "CLASSIC",
    "MATLAB_RGB",
    "PROTOCOLS",
    "Protocol",
    "Sizes",
    "discover",
    "get",
    "is_file",
    "known",
    "names",
    "read",
    "several",
]

__getattr__ = lazy.names(
    __name__,
    {
        **dict.fromkeys(("BASICSR", "CLASSIC", "MATLAB_RGB", "Protocol", "Sizes"), "base"),
        **dict.fromkeys(("PROTOCOLS", "discover", "get", "is_file", "known", "names", "read", "several"), "named"),
    },
)
