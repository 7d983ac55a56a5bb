"""What the gate says of one threshold and one method on one dataset."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from srbench.gate.thresholds import LATENCY, Threshold

Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True)
class Verdict:
    """``reason`` says why a threshold does not hold, ``short`` by how much, in the metric's unit."""

    threshold: Threshold
    method: str
    dataset: str
    scale: float
    outcome: Outcome
    measured: float = math.nan
    limit: str = ""
    reason: str = ""
    short: float = math.nan
    protocol: str = ""
    images: tuple[str, ...] = field(default=())  # those that fell short, worst first

    @property
    def metric(self) -> str:
        return self.threshold.metric

    @property
    def holds(self) -> bool:
        return self.outcome == "pass"

    def __str__(self) -> str:
        scale = f"x{self.scale}" if self.scale else "x*"
        where = "" if self.metric == LATENCY else f" ({self.protocol}, {self.threshold.degradation})"
        return f"{self.method} {self.dataset} {scale} {self.metric}{where}"
