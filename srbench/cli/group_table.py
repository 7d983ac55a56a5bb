"""The table of one group of images (a dataset, or all together): a line a method, best first, as wide as the terminal.

Where the terminal is narrow the intervals go first, then the published values; then every metric has a table of its
own, with the methods in the order of that metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from srbench.cli.widths import Column, fit, width_of
from srbench.results.facts import MetricFacts

INTERVAL, PUBLISHED = "95% interval", "published"
REPORTED = "as reported"
_GIVES_WAY = {INTERVAL: 1, PUBLISHED: 2}


@dataclass(frozen=True)
class Line:
    """What a table says of a method; all by the names of metrics, and a metric that is missing has an empty cell.

    Attributes:
        name: of the method.
        means: NaN: no image has a value.
        counts: how many images are in the mean, of all that were planned: '5/5'.
        reported: whether the values are the literature's; then the line stands at the end and is never best.
    """

    name: str
    means: Mapping[str, float]
    intervals: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    reported: bool = False


@dataclass(frozen=True)
class Layout:
    """A table as it is printed: by one metric, or by all of them, with an empty ``metric``."""

    metric: str
    columns: list[Column]
    reported: int  # of the last lines are the literature's
    left_out: list[str]  # columns that gave way


Order = Callable[[Sequence[Line]], Sequence[Line]]
Ranks = Callable[[str], Mapping[str, str]]  # by a metric, of methods; none where there are no ranks


def layouts(
    lines: Sequence[Line], metrics: Sequence[MetricFacts], ranks: Ranks, width: int, order: Order
) -> list[Layout]:
    """One table with all metrics, or one for each where that is too wide.

    Args:
        ranks: a table with all metrics shows those by the first.
        width: of the terminal.
        order: of lines which come best first.
    """
    whole = _layout(lines, metrics, ranks, width, order)
    if len(metrics) < 2 or width_of(whole.columns) <= width:
        return [whole]
    found = []
    for place, metric in enumerate(metrics):
        own = [line if place == 0 else replace(line, note="") for line in lines if metric.name in line.means]
        found.append(replace(_layout(own, [metric], ranks, width, order), metric=metric.name))
    return found


def _layout(lines: Sequence[Line], metrics: Sequence[MetricFacts], ranks: Ranks, width: int, order: Order) -> Layout:
    ordered = _ordered(lines, metrics[0], order) if metrics else list(order(lines))
    columns = _columns(ordered, metrics, ranks(metrics[0].name) if metrics else {})
    fitting = fit(columns, width)
    heads = {column.head for column in fitting}
    left_out = [head for head in _GIVES_WAY if head not in heads and any(column.head == head for column in columns)]
    return Layout("", fitting, sum(line.reported for line in ordered), left_out)


def _ordered(lines: Sequence[Line], metric: MetricFacts, order: Order) -> list[Line]:
    def key(line: Line) -> tuple[bool, float, str]:
        value = line.means.get(metric.name, math.nan)
        return math.isnan(value), value if metric.higher_is_better is False else -value, line.name

    best_first = sorted(lines, key=key)
    measured = order([line for line in best_first if not line.reported])
    return [*measured, *(line for line in best_first if line.reported)]


def _columns(lines: Sequence[Line], metrics: Sequence[MetricFacts], ranks: Mapping[str, str]) -> list[Column]:
    italic = {row: "italic" for row, line in enumerate(lines) if line.reported}
    columns = [Column("method", [line.name for line in lines], styles=italic)]
    if ranks:
        columns.append(Column("rank", [ranks.get(line.name, "") for line in lines], number=True))
    for metric in metrics:
        cells = [_shown(line.means.get(metric.name), metric.digits) for line in lines]
        columns.append(Column(metric.name, cells, number=True, styles=italic | _bold(lines, cells, metric)))
        for head, texts in (
            (INTERVAL, [line.intervals.get(metric.name, "") for line in lines]),
            (PUBLISHED, [line.published.get(metric.name, "") for line in lines]),
        ):
            if any(texts):
                columns.append(Column(head, texts, _GIVES_WAY[head], number=True))
    counts = [_count(line, metrics) for line in lines]
    if any(counts):
        columns.append(Column("n", counts, number=all("," not in count for count in counts)))
    if any(line.note for line in lines):
        columns.append(Column("note", [line.note for line in lines], sentences=True))
    return columns


def _shown(mean: float | None, places: int) -> str:
    if mean is None:
        return ""
    return "-" if math.isnan(mean) else f"{mean:.{places}f}"


def _bold(lines: Sequence[Line], cells: Sequence[str], metric: MetricFacts) -> dict[int, str]:
    """The best of what was measured: what looks equal is equally good."""
    own = {row: float(cell) for row, cell in enumerate(cells) if cell not in ("", "-") and not lines[row].reported}
    if len(own) < 2 or metric.higher_is_better is None:
        return {}
    best = (max if metric.higher_is_better else min)(own.values())
    return {row: "bold" for row, value in own.items() if value == best}


def _count(line: Line, metrics: Sequence[MetricFacts]) -> str:
    """How many images are in the means: '5/5', 'psnr 5/5, lpips 3/5' where they differ."""
    found = {metric.name: line.counts[metric.name] for metric in metrics if metric.name in line.counts}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{name} {count}" for name, count in found.items())
