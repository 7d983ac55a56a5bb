"""What the plots of a view share: a plot with its data, and the means that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from srbench.report.html import plots
from srbench.report.html.data import to_json
from srbench.report.html.plots import Drawing
from srbench.report.html.views import Row, View, kind_of
from srbench.results.contest import ALL, Contest
from srbench.results.facts import FolderFacts, MetricFacts

# What is shown against PSNR as the perceptual side, the best known first.
PERCEPTUAL = ("lpips", "lpips-vgg", "lpips-squeeze", "mos", "pi", "niqe")


@dataclass(frozen=True)
class Plot:
    """A plot with its caption and its data; without ``svg`` the caption says what is missing.

    Attributes:
        marks: [method, text, x, y] of the elements whose id is the plot's key, a hyphen and their place in this list.
        more: what else the page's script needs.
        columns, rows: the data as a table.
    """

    key: str
    title: str
    caption: str
    svg: Markup | str = ""
    marks: list[list[Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def json(self) -> Markup:
        """What the page's script reads."""
        return to_json({"marks": self.marks, **self.more})


@dataclass(frozen=True)
class Shown:
    """The view, and what its plots say of quality: ``metric`` (PSNR where it was measured) on ``group``."""

    view: View
    facts: FolderFacts
    group: str
    metric: MetricFacts
    by_label: dict[str, Row]

    @staticmethod
    def of(view: View, facts: FolderFacts) -> Shown | None:
        """None if no metric of the view has values that can be better or worse."""
        known = {metric for metric, _ in view.contests}
        metrics = sorted((metric for metric in view.metrics if metric.name in known), key=lambda m: m.name != "psnr")
        if not metrics:
            return None
        group = next(group for group in view.groups if (metrics[0].name, group) in view.contests)
        return Shown(view, facts, group, metrics[0], {row.name: row for row in view.rows})

    def contest(self, metric: str = "", group: str = "") -> Contest | None:
        return self.view.contests.get((metric or self.metric.name, group or self.group))

    def means(self, metric: str = "", group: str = "") -> dict[str, float]:
        """By label, the best first; empty where the metric has no values."""
        contest = self.contest(metric, group)
        return {} if contest is None else {label: contest.mean[label] for label in contest.labels}

    def where(self, group: str = "") -> str:
        """The images, scale, protocol and degradation in words."""
        group = group or self.group
        contest = self.contest("", group)
        names = contest.datasets if contest and group == ALL else [group]
        data = " and ".join(self.view.datasets.get(name, name) for name in names)
        count = f" ({contest.told})" if contest and len(contest.images) > 1 else ""
        made = f"{self.view.degradation} degradation" if self.view.has_originals else "no original"
        return f"{data}{count}, ×{self.view.scale}, {self.view.protocol} protocol, {made}"  # noqa: RUF001

    def name(self, label: str) -> str:
        row = self.by_label.get(label)
        return row.short if row else label

    def kind(self, label: str) -> str:
        row = self.by_label.get(label)
        return kind_of(row.family) if row else "own"

    def key(self, name: str) -> str:
        """Of a plot, as an id can have it."""
        return "p-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{self.view.key}-{name}")

    def names(self, labels: Sequence[str]) -> str:
        """In words, for captions."""
        own = [self.name(label) for label in labels]
        return own[0] if len(own) == 1 else ", ".join(own[:-1]) + f" and {own[-1]}"

    def plot(
        self,
        name: str,
        title: str,
        caption: str,
        drawing: Drawing,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        more: dict[str, Any] | None = None,
    ) -> Plot:
        key = self.key(name)
        marks = [[mark.label, mark.text, _short(mark.x), _short(mark.y)] for mark in drawing.marks]
        svg = Markup(plots.with_own_ids(drawing.svg, key))  # made by matplotlib, which escapes the names
        return Plot(key, title, caption.strip(), svg, marks, more or {}, list(columns), [list(row) for row in rows])

    def missing(self, name: str, title: str, why: str) -> Plot:
        return Plot(self.key(name), title, why)


def value_of(value: float, metric: MetricFacts) -> str:
    """With its unit: '27.18 dB'."""
    return f"{value:.{metric.digits}f} {metric.unit}".strip()


def axis_label(metric: MetricFacts) -> str:
    """'PSNR (dB)', or with the direction where lower is better."""
    words = [metric.unit, "lower is better" if metric.higher_is_better is False else ""]
    inside = ", ".join(word for word in words if word)
    return f"{metric.title} ({inside})" if inside else metric.title


def oriented(value: float, metric: MetricFacts) -> float:
    """Higher is better."""
    return -value if metric.higher_is_better is False else value


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
