"""What the metrics of a results folder are, as its runs wrote it down: titles, directions, digits.

All that shows scores asks here, so that it says the same of a metric whose code is not at hand: a user's file, a
package that is gone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from srbench import metrics
from srbench.errors import SrbenchError

DIGITS = 4  # of a metric that nobody knows


@dataclass(frozen=True)
class MetricFacts:
    """A metric without its code. ``higher_is_better`` is None where nobody knows: then no value is best."""

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool | None = None
    digits: int = DIGITS
    footnote: str = ""
    version: int | None = None
    bounds: tuple[float | None, float | None] | None = None  # an end that is None is unbounded; None: unknown

    @property
    def arrow(self) -> str:
        return {True: "↑", False: "↓", None: ""}[self.higher_is_better]

    @property
    def direction(self) -> str:
        return {True: "higher is better", False: "lower is better", None: "direction unknown"}[self.higher_is_better]


_NAMES = {field.name for field in fields(MetricFacts)}


class FolderMetrics:
    """The facts of any metric by name: of the newest run that measured it, else of the metric that is installed.

    Args:
        runs: as :meth:`srbench.results.store.Store.runs` gives them, oldest first.
    """

    def __init__(self, runs: Iterable[dict[str, Any]] = ()) -> None:
        self._written: dict[str, dict[str, Any]] = {}
        for run in runs:
            for written in run["manifest"].get("metrics", []):
                self._written[written["name"]] = {key: value for key, value in written.items() if key in _NAMES}
        self._facts: dict[str, MetricFacts] = {}

    def __getitem__(self, name: str) -> MetricFacts:
        if name not in self._facts:
            self._facts[name] = replace(_installed(name), **self._written.get(name, {}))
        return self._facts[name]

    def __or__(self, other: FolderMetrics) -> FolderMetrics:
        """The facts of two folders; where both know a metric, those of ``other``."""
        both = FolderMetrics()
        both._written = self._written | other._written
        return both


def _installed(name: str) -> MetricFacts:
    try:
        return facts_of(metrics.get(name))
    except SrbenchError:
        return MetricFacts(name, title=name)


def facts_of(metric: metrics.Metric) -> MetricFacts:
    """The facts of a metric that is here."""
    low, high = (bound if math.isfinite(bound) else None for bound in metric.bounds)
    own = {name: getattr(metric, name) for name in _NAMES - {"bounds"}}
    return MetricFacts(**own, bounds=(low, high))


def to_json(facts: MetricFacts) -> dict[str, Any]:
    """As a run's manifest holds them."""
    return asdict(facts)
