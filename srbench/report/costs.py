"""What a method costs beside its quality: parameters, Mult-Adds, latency, memory, where they are known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Of one method at one scale; None where it was not measured. ``conditions``: on what, at which size."""

    parameters: int | None = None
    mult_adds: float | None = None  # multiply-accumulate operations of one image of the size in ``conditions``
    latency_ms: float | None = None  # median
    memory_mib: float | None = None  # peak
    conditions: str = ""
