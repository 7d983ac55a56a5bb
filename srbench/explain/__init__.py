"""Which evaluation settings give those numbers? A method's outputs scored under all in which papers and tools differ.

Most 'I cannot reproduce the paper' threads end at one of these: RGB in place of Y, Y in 0..255, another resize of the
LR images, another border, no rounding, grey images read as RGB, another SSIM, or a network that is fed another range,
mean or order of channels than it was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.explain.answer import Answer, Row
    from srbench.explain.explaining import explain
    from srbench.explain.settings import Setting
    from srbench.explain.targets import Target, parse

__all__ = ["Answer", "Row", "Setting", "Target", "explain", "parse"]

__getattr__ = lazy.names(
    __name__,
    {
        "Answer": "answer",
        "Row": "answer",
        "Setting": "settings",
        "Target": "targets",
        "explain": "explaining",
        "parse": "targets",
    },
)
