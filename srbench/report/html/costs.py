"""What a method costs beside its quality: parameters, Mult-Adds, latency, memory, where they are known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from srbench.records import CellState, Timing, TrainingFacts
from srbench.wording import counted


@dataclass(frozen=True)
class Cost:
    """Of one method at one scale; None where it was not measured.

    ``conditions`` says on what and at which size, ``subject`` is the dataset whose image was timed, or an LR size.
    ``noisy``: a latency was measured and spreads too wide to have a digit.
    """

    parameters: int | None = None
    mult_adds: float | None = None  # multiply-adds for an output of 1280x720
    latency_ms: float | None = None  # median
    memory_mib: float | None = None  # peak
    conditions: str = ""
    noisy: bool = False
    subject: str = ""
    latency_low: float | None = None  # quartiles of the calls
    latency_high: float | None = None

    def has(self, name: str) -> bool:
        """Whether the table has something to say of a cost."""
        return getattr(self, name) is not None or (name == "latency_ms" and self.noisy)


def summarise(timings: Iterable[Timing]) -> dict[tuple[str, float], Cost]:
    """Costs by method and scale, from timings, oldest first.

    Latencies are only comparable under the same conditions, so one set of conditions (subject, device, variant,
    threads) is shown per scale: the one with the most methods, of equals the newest.
    """
    good = [
        timing
        for timing in timings
        if timing.status == CellState.OK and timing.seconds and math.isfinite(timing.median)
    ]
    groups: dict[tuple[float, str], dict[str, Timing]] = {}
    for timing in good:
        groups.setdefault((timing.scale, _conditions(timing)), {})[timing.method] = timing
    found: dict[tuple[str, float], Cost] = {}
    for scale in {timing.scale for timing in good}:
        own = [(conditions, methods) for (s, conditions), methods in groups.items() if s == scale]
        # max takes the first of equals: the newest, when the oldest comes last.
        conditions, methods = max(reversed(own), key=lambda item: len(item[1]))
        for name, timing in methods.items():
            found[name, scale] = _cost(timing, conditions)
    return found


def _cost(timing: Timing, conditions: str) -> Cost:
    memory = None if timing.peak_memory is None else timing.peak_memory / 2**20
    median, low, high = (1000 * seconds for seconds in (timing.median, *timing.quartiles))
    known = (None, None, None) if timing.noisy else (median, low, high)
    return Cost(
        timing.parameters,
        timing.mult_adds,
        known[0],
        memory,
        conditions,
        noisy=timing.noisy,
        subject=timing.subject,
        latency_low=known[1],
        latency_high=known[2],
    )


def cost_of(costs: Mapping[tuple[str, float], Cost], method: str, scale: float, trained: TrainingFacts | None) -> Cost:
    """Of one method: as it was timed, else the parameters of the weights that were run, where they are known."""
    return costs.get((method, scale)) or Cost(parameters=(trained.parameters or None) if trained else None)


def _conditions(timing: Timing) -> str:
    threads = f", {counted(timing.threads, 'thread')}" if timing.device.startswith("cpu") else ""
    return f"{timing.subject}, {timing.device}, {timing.variant}{threads}"
