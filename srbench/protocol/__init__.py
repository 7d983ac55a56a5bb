"""Evaluation protocols: how HR and SR images become the arrays that metrics see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.protocol.base import BASICSR, CLASSIC, MATLAB_RGB, PROTOCOLS, Protocol, Sizes, get

__all__ = ["BASICSR", "CLASSIC", "MATLAB_RGB", "PROTOCOLS", "Protocol", "Sizes", "get"]

__getattr__ = lazy.names(
    __name__,
    dict.fromkeys(__all__, "base"),
)
