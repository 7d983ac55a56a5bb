"""What a super-resolution method is: the contract every plugin keeps, and the card that describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.method.base import Likelihood, Method, MethodCard, MethodContext, Published
    from srbench.method.frames import MultiFrameMethod
    from srbench.method.network import Sized, TorchMethod
    from srbench.scale import ScaleRange

__all__ = [
    "Likelihood",
    "Method",
    "MethodCard",
    "MethodContext",
    "MultiFrameMethod",
    "Published",
    "ScaleRange",
    "Sized",
    "TorchMethod",
]

__getattr__ = lazy.names(
    __name__,
    {
        "Likelihood": "base",
        "Method": "base",
        "MethodCard": "base",
        "MethodContext": "base",
        "MultiFrameMethod": "frames",
        "Published": "base",
        "ScaleRange": "base",
        "Sized": "network",
        "TorchMethod": "network",
    },
)
