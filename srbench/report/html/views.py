"""The views of the page, one per scale, protocol and degradation, which are never mixed: methods with their facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from srbench.records import CellState
from srbench.report.html import marks
from srbench.report.html.costs import Cost
from srbench.report.html.marks import Mark
from srbench.report.verdict import short
from srbench.results.contest import ALL, Contest, contests
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.leaderboard import methods_by_score
from srbench.results.view import VIEW
from srbench.results.view import View as ViewKey
from srbench.wording import counted

_KINDS = {
    "interpolation": "interpolation",
    "reconstruction": "model",
    "examples": "examples",
    "cnn": "network",
    "transformer": "network",
    "gan": "gan",
    "autoregressive": "autoregressive",
}


def kind_of(family: str) -> str:
    """The kind that gives a family its colour: 'cnn, recursive' is a 'network'; families of users' are 'own'."""
    words = [word.strip() for word in family.split(",")]
    return "gan" if "perceptual loss" in words else _KINDS.get(words[0], "own")


@dataclass(frozen=True)
class Row:
    """One method of a view, as it was run; ``name``, its label, has its options behind it."""

    name: str
    method: str  # without options
    identity: str
    title: str
    short: str  # its title without what follows a comma or a parenthesis, where that is still its alone
    year: int
    family: str
    url: str
    paper: str
    cost: Cost
    marks: list[Mark]

    @property
    def words(self) -> list[Mark]:
        """One mark of each word, to stand beside the name."""
        return list({mark.word: mark for mark in self.marks}.values())


@dataclass(frozen=True)
class View:
    """Methods at one scale, under one protocol and degradation.

    Attributes:
        datasets: titles by name, in the order of tables.
        groups: what means are taken over: ALL, where there are two datasets or more, and each dataset.
        rows: the best first by the first metric of the first group; those that do not compete last.
        frame: its means, with a column ``label``.
        images: its rows of :func:`srbench.results.leaderboard.per_image`, with a column ``label``.
        contests: by metric and group.
    """

    key: str
    scale: float
    protocol: str
    degradation: str
    title: str
    datasets: dict[str, str]
    metrics: list[MetricFacts]
    rows: list[Row]
    frame: pd.DataFrame = field(repr=False)
    images: pd.DataFrame = field(repr=False)
    contests: Mapping[tuple[str, str], Contest] = field(repr=False)

    @property
    def groups(self) -> list[str]:
        """What means are taken over. A user's dataset that is called as ALL has no group of its own beside others."""
        if len(self.datasets) < 2:
            return list(self.datasets)
        return [ALL, *(name for name in self.datasets if name != ALL)]

    @property
    def has_originals(self) -> bool:
        """As :attr:`srbench.results.view.View.has_originals`."""
        return ViewKey(self.scale, self.protocol, self.degradation).has_originals

    def facts(self, metric: str) -> MetricFacts:
        """Of one of its metrics."""
        return next(facts for facts in self.metrics if facts.name == metric)

    @cached_property
    def costs(self) -> list[str]:
        """The costs that at least one method has."""
        names = ("parameters", "mult_adds", "latency_ms", "memory_mib")
        return [name for name in names if any(row.cost.has(name) for row in self.rows)]


def views(
    images: pd.DataFrame,
    table: pd.DataFrame,
    costs: Mapping[tuple[str, float], Cost],
    facts: FolderFacts,
) -> list[View]:
    """One view per scale, protocol and degradation, never two of them in one; that with the most cells first.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives it, with a column ``label``: what a row is
            called.
        table: its :func:`srbench.results.leaderboard.means`.
        costs: by method and scale.
        facts: of the folder.
    """
    table = table.assign(label=table["method"])
    of_view = dict(list(images.groupby(VIEW, sort=False)))
    found = [_view(key, of_view[key], means, costs, facts) for key, means in table.groupby(VIEW, sort=False)]
    return sorted(found, key=lambda view: (-len(view.rows) * len(view.datasets), -view.scale, view.key))


def _view(
    key: tuple[float, str, str],
    images: pd.DataFrame,
    table: pd.DataFrame,
    costs: Mapping[tuple[str, float], Cost],
    facts: FolderFacts,
) -> View:
    scale, protocol, degradation = ViewKey.of(key)
    found = contests(images, facts)
    labels = methods_by_score(table.assign(method=table["label"]))
    if found:
        first = {label: i for i, label in enumerate(next(iter(found.values())).labels)}
        labels.sort(key=lambda label: first.get(label, len(first)))
    images_of = dict(list(images.groupby("label", sort=False)))
    names = sorted(set(table["metric"]) - {""}, key=facts.metric_order)
    return View(
        key=f"x{scale}-{protocol}-{degradation}",
        scale=scale,
        protocol=protocol,
        degradation=degradation,
        title=ViewKey.of(key).title,
        datasets={
            name: facts.dataset(name).title for name in sorted(table["dataset"].unique(), key=facts.dataset_order)
        },
        metrics=[facts.metric(name) for name in names],
        rows=_shortened([_row(label, images_of[label], scale, costs, facts) for label in labels]),
        frame=table,
        images=images,
        contests=found,
    )


def _shortened(rows: list[Row]) -> list[Row]:
    suffix = {row.name: row.name.removeprefix(row.method) for row in rows}
    titles = short({row.method: row.title.removesuffix(suffix[row.name]) for row in rows})
    return [replace(row, short=titles[row.method] + suffix[row.name]) for row in rows]


def _row(
    label: str, own: pd.DataFrame, scale: float, costs: Mapping[tuple[str, float], Cost], facts: FolderFacts
) -> Row:
    method, identity = own["plugin"].iloc[0], own["method_hash"].iloc[0]
    card = facts.method(method, identity)
    trained = facts.training(method, scale, identity)
    return Row(
        name=label,
        method=method,
        identity=identity,
        title=(title := card.title + label.removeprefix(method) if card else label),
        short=title,
        year=card.year if card else 0,
        family=card.family if card else "user's own",
        url=card.url if card else "",
        paper=card.paper if card else "",
        cost=costs.get((method, scale)) or Cost(parameters=trained.parameters or None if trained else None),
        marks=[*marks.of_handling(own), *marks.of_training(trained), *_partial(own), *marks.of_cells(own)],
    )


def _partial(own: pd.DataFrame) -> list[Mark]:
    # 'not supported' is a property of the method; what was to be computed and is missing makes a row partial.
    if not own["status"].isin([CellState.PENDING.value, CellState.FAILED.value]).any():
        return []
    scored = own.loc[own["status"] == CellState.OK, ["dataset", "image"]].drop_duplicates()
    if scored.empty:
        return []
    planned = own[["dataset", "image"]].drop_duplicates()
    return [Mark("partial", f"means over {len(scored)} of {counted(len(planned), 'image')}")]
