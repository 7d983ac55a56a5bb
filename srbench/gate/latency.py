"""Latency as a ratio to a reference method timed in the same session, so that a slow machine fails nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from srbench.gate.thresholds import ANY_SCALE, Threshold
from srbench.gate.verdict import Verdict
from srbench.records import CellState, Timing
from srbench.wording import significant


def judge(timings: Sequence[Timing], threshold: Threshold) -> list[Verdict]:
    """One verdict per method, subject, scale and variant of the newest session that timed them.

    A ratio holds if its 95% interval is at or below the limit, fails if the interval is above, and is inconclusive
    if the limit lies inside: the noise is larger than the margin.
    """
    t = threshold
    newest: dict[tuple[str, ...], Timing] = {}
    for timing in timings:
        if _covers(t, timing):
            newest[timing.method, timing.subject, str(timing.scale), timing.device, timing.variant] = timing
    measured = [x for x in newest.values() if not (t.has_wildcard and x.status == CellState.NOT_SUPPORTED)]
    if t.has_wildcard:
        measured = [x for x in measured if x.method != t.relative_to]
    if not measured:
        scale = 0 if t.scale == ANY_SCALE else t.scale
        return [Verdict(t, t.method, t.dataset, scale, "fail", reason="no timing in the results (srbench run --time)")]
    return [_judge(timing, timings, t) for timing in measured]


def _covers(t: Threshold, timing: Timing) -> bool:
    return t.covers(_Scope(timing.method, timing.subject, timing.scale, t.protocol, t.degradation))


class _Scope:
    def __init__(self, method: str, dataset: str, scale: float, protocol: str, degradation: str) -> None:
        self.method, self.dataset, self.scale = method, dataset, scale
        self.protocol, self.degradation = protocol, degradation


def _judge(timing: Timing, timings: Sequence[Timing], t: Threshold) -> Verdict:
    limit = f"≤ {t.max_ratio:g} x {t.relative_to}"

    def verdict(outcome: str, reason: str = "", ratio: float = math.nan, short: float = math.nan) -> Verdict:
        return Verdict(
            t,
            timing.method,
            timing.subject,
            timing.scale,
            outcome,  # type: ignore[arg-type]
            measured=ratio,
            limit=limit,
            reason=reason,
            short=short,
        )

    if timing.status != CellState.OK:
        return verdict("fail", f"{timing.status}: {timing.message}")
    same = [
        other
        for other in timings
        if other.method == t.relative_to and _conditions(other) == _conditions(timing) and other.status == CellState.OK
    ]
    if not same:
        return verdict("fail", f"{t.relative_to} was not timed in the same session")
    ratio, low, high = paired_ratio(timing.seconds, same[-1].seconds)
    if not math.isfinite(ratio):
        return verdict("fail", "no value", ratio)
    interval = f"{significant(low)} to {significant(high)}"
    text = f"{significant(ratio)} times {t.relative_to} (95% interval {interval})"
    if low > t.max_ratio:
        return verdict("fail", f"{text}, more than {t.max_ratio:g}", ratio, ratio - t.max_ratio)
    if high > t.max_ratio:
        return verdict("inconclusive", f"{text}: too noisy for the limit {t.max_ratio:g}; run again", ratio)
    return verdict("pass", "", ratio)


def _conditions(timing: Timing) -> tuple[object, ...]:
    return (timing.session, timing.subject, timing.scale, timing.device, timing.variant, timing.threads)


def paired_ratio(seconds: Sequence[float], reference: Sequence[float]) -> tuple[float, float, float]:
    """Median of the ratios of calls made in the same round, with its 95% interval from order statistics.

    NaN if there is no pair, or a value that is not a positive finite number.
    """
    n = min(len(seconds), len(reference))
    a, b = np.asarray(seconds[:n]), np.asarray(reference[:n])
    if n == 0 or not (np.isfinite(a).all() and np.isfinite(b).all() and (a > 0).all() and (b > 0).all()):
        return math.nan, math.nan, math.nan
    ratios = np.sort(a / b)
    rank = max(0, math.floor((n - 1.96 * math.sqrt(n)) / 2))
    return float(np.median(ratios)), float(ratios[rank]), float(ratios[n - 1 - rank])
