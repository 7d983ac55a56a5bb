"""The tables of the page: one per scale, protocol and degradation, methods in rows, datasets and metrics in columns."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import pandas as pd

from srbench.records import CellState
from srbench.report.html import marks
from srbench.report.html.costs import Cost
from srbench.report.html.marks import Mark
from srbench.results.contest import ALL, contests
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.leaderboard import methods_by_score, signed
from srbench.wording import counted

VIEW = ["scale", "protocol", "degradation"]


@dataclass(frozen=True)
class Cell:
    """One mean as it is shown; empty strings where there is nothing."""

    dataset: str
    metric: str
    value: float = math.nan
    text: str = ""
    interval: str = ""
    n: str = ""
    place: str = ""  # 'best', 'second'
    published: str = ""
    difference: str = ""
    source: str = ""
    other_protocol: str = ""
    mark: Mark | None = None


@dataclass(frozen=True)
class Row:
    """One method in one table, as it was run; ``name`` has its options behind it."""

    name: str
    method: str  # without options
    title: str
    year: str
    family: str
    url: str
    paper: str
    cells: list[Cell]
    cost: Cost
    marks: list[Mark]
    ranks: dict[str, str]  # by 'metric dataset'
    ties: dict[str, str]

    @property
    def words(self) -> list[Mark]:
        """One mark of each kind, to stand beside the name."""
        return list({mark.word: mark for mark in self.marks}.values())

    @property
    def ranks_json(self) -> str:
        return json.dumps({key: [value, self.ties.get(key, "")] for key, value in self.ranks.items()})


@dataclass(frozen=True)
class View:
    """One table."""

    key: str
    scale: int
    protocol: str
    degradation: str
    title: str
    datasets: dict[str, str]  # name: title
    metrics: list[MetricFacts]
    rows: list[Row]
    rankings: list[tuple[str, str]]  # ('psnr all', 'PSNR on all datasets'), the first is shown
    frame: pd.DataFrame = field(repr=False)  # its means, with a column ``label``

    def facts(self, metric: str) -> MetricFacts:
        """Of one of its metrics."""
        return next(facts for facts in self.metrics if facts.name == metric)

    @property
    def has_published(self) -> bool:
        return any(cell.published for row in self.rows for cell in row.cells)

    @cached_property
    def costs(self) -> list[str]:
        """The costs that at least one method has."""
        names = ("parameters", "mult_adds", "latency_ms", "memory_mib")
        return [name for name in names if any(row.cost.has(name) for row in self.rows)]

    @property
    def families(self) -> list[str]:
        return sorted({row.family for row in self.rows if row.family})


def views(
    images: pd.DataFrame,
    table: pd.DataFrame,
    costs: Mapping[tuple[str, int], Cost],
    facts: FolderFacts,
) -> list[View]:
    """One view per scale, protocol and degradation, never two of them in one; that with the most cells first.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives it, with a column ``label``: what a row is
            called.
        table: its :func:`srbench.results.leaderboard.means`.
        facts: of the folder.
    """
    table = table.assign(label=table["method"])
    found = []
    for key, group in table.groupby(VIEW, sort=False):
        own = images
        for column, value in zip(VIEW, key, strict=True):
            own = own[own[column] == value]
        found.append(_view(key, own, group, costs, facts))
    return sorted(found, key=lambda view: (-len(view.rows) * len(view.datasets), -view.scale, view.key))


def _view(
    key: tuple[int, str, str],
    images: pd.DataFrame,
    table: pd.DataFrame,
    costs: Mapping[tuple[str, int], Cost],
    facts: FolderFacts,
) -> View:
    scale, protocol, degradation = key
    datasets = sorted(table["dataset"].unique(), key=facts.dataset_order)
    names = sorted(set(table["metric"]) - {""}, key=facts.metric_order)
    labels = methods_by_score(table.assign(method=table["label"]))
    by_cell = {(row["label"], row["dataset"], row["metric"]): row for row in table.to_dict("records")}
    places = _places(table, facts)
    images_of = dict(list(images.groupby("label", sort=False)))
    rankings, ranks, ties = _rankings(images, facts)
    rows = []
    for label in labels:
        own = images_of[label]
        method = own["plugin"].iloc[0]
        identity = own["method_hash"].iloc[0]
        card = facts.method(method, identity)
        cells = [
            _cell(
                by_cell.get((label, data, metric)),
                *(data, facts.metric(metric), own, places.get((label, data, metric), ""), protocol),
            )
            for data, metric in product(datasets, names or [""])
        ]
        trained = facts.training(method, scale, identity)
        cost = costs.get((method, scale)) or Cost(parameters=trained.parameters or None if trained else None)
        rows.append(
            Row(
                name=label,
                method=method,
                title=card.title + label.removeprefix(method) if card else label,
                year=str(card.year or "") if card else "",
                family=card.family if card else "user's own",
                url=card.url if card else "",
                paper=card.paper if card else "",
                cells=cells,
                cost=cost,
                marks=[
                    *marks.of_handling(own),
                    *marks.of_training(trained),
                    *_partial(own),
                    *marks.of_cells(own),
                ],
                ranks={name: ranks[name].get(label, "") for name, _ in rankings},
                ties={name: ties[name].get(label, "") for name, _ in rankings},
            )
        )
    if rankings:  # as the page is first sorted; those without a rank last
        first = rankings[0][0]
        rows.sort(key=lambda row: float(row.ranks[first].partition("-")[0] or math.inf))
    return View(
        key=f"x{scale}-{protocol}-{degradation}",
        scale=scale,
        protocol=protocol,
        degradation=degradation,
        title=f"×{scale}, protocol {protocol}, degradation {degradation}",  # noqa: RUF001
        datasets={name: facts.dataset(name).title for name in datasets},
        metrics=[facts.metric(name) for name in names],
        rows=rows,
        rankings=rankings,
        frame=table,
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


def _cell(
    row: dict[str, Any] | None, data: str, metric: MetricFacts, own: pd.DataFrame, place: str, protocol: str
) -> Cell:
    if row is None or math.isnan(row["mean"]):
        cells = own[(own["dataset"] == data) & own["metric"].isin([metric.name, ""])]
        mark = marks.reason(cells)
        if mark is None:
            what = "this metric was not measured" if (own["dataset"] == data).any() else "not run on this dataset"
            mark = Mark("–", what)  # noqa: RUF001
        return Cell(data, metric.name, mark=mark)
    decimals = metric.digits
    known = not math.isnan(row["published"])
    low, high = row["ci_low"], row["ci_high"]
    return Cell(
        dataset=data,
        metric=metric.name,
        value=row["mean"],
        text=f"{row['mean']:.{decimals}f}",
        interval="" if math.isnan(low) else f"{low:.{decimals}f} to {high:.{decimals}f}",
        n=f"{row['n']}" if row["n"] == row["planned"] else f"{row['n']} of {row['planned']}",
        place=place,
        published=f"{row['published']:.{decimals}f}" if known else "",
        difference=signed(row["mean"] - row["published"], decimals).replace("-", "−") if known else "",  # noqa: RUF001
        source=row["published_source"],
        other_protocol=row["published_protocol"] if known and row["published_protocol"] != protocol else "",
    )


def _places(table: pd.DataFrame, facts: FolderFacts) -> dict[tuple[str, str, str], str]:
    """'best' and 'second' of each column, decided on the digits that are shown, among means over all images."""
    found: dict[tuple[str, str, str], str] = {}
    for (data, metric), group in table[table["mean"].notna()].groupby(["dataset", "metric"]):
        higher = facts.metric(metric).higher_is_better
        whole = group[group["n"] == group["planned"]]
        if higher is None or len(group) < 2:
            continue
        shown = whole["mean"].round(facts.metric(metric).digits)
        order = sorted(shown.unique(), reverse=higher)
        for place, value in zip(("best", "second"), order, strict=False):
            for label in whole.loc[shown == value, "label"]:
                found[label, data, metric] = place
    return found


def _rankings(
    images: pd.DataFrame, facts: FolderFacts
) -> tuple[list[tuple[str, str]], dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Ranks by every metric on every dataset and on all together: titles, ranks and who may be the best, by label."""
    titles: list[tuple[str, str]] = []
    ranks: dict[str, dict[str, str]] = {}
    ties: dict[str, dict[str, str]] = {}
    for (name, group), contest in contests(images, facts).items():
        if len(contest.labels) < 2:
            continue
        key = f"{name} {group}"
        told = contest.can_tell
        ranks[key] = {label: str(standing) if told else "" for label, standing in contest.standings.items()}
        ties[key] = {
            label: "may be the best" if told and standing.may_be_best else ""
            for label, standing in contest.standings.items()
        }
        where = "all datasets" if group == ALL else facts.dataset(group).title
        few = "" if told else ": too few to tell methods apart"
        titles.append((key, f"{contest.metric.title} on {where} ({counted(len(contest.images), 'image')}{few})"))
    return titles, ranks, ties
