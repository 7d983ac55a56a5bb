"""The leaderboard as the tables of papers: methods down, datasets and metrics across, best bold, second underlined.

:mod:`srbench.report.paper_latex` and :mod:`srbench.report.paper_markdown` write them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from srbench.report.html.costs import Cost, cost_of, summarise
from srbench.report.verdict import short
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.described import Described, described
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.leaderboard import means, methods_by_score, per_image
from srbench.results.literature import Entry
from srbench.results.reader import Reader
from srbench.results.view import VIEW, View
from srbench.wording import significant

REMARKED = "†"  # behind a mean of which there is something to be known
NONE = "--"


@dataclass(frozen=True)
class Cell:
    """A mean as it is printed. ``rank``: 1 the best of its column, 2 the second, 0 all others and those without."""

    text: str
    rank: int = 0
    partial: bool = False
    remarked: bool = False


@dataclass(frozen=True)
class Row:
    """A method: its short title, the key of its paper in the BibTeX file, its parameters; all may be empty or None.

    ``own``: a user's own. ``reported``: the values are the literature's.
    """

    title: str
    cells: list[Cell]
    cite: str = ""
    parameters: int | None = None
    own: bool = False
    reported: bool = False


@dataclass(frozen=True)
class PaperTable:
    """One table. ``columns``: the dataset's title and the metric. ``remarks`` are on how the images behind marked means
    were computed, ``sources`` on where reported values stand."""

    scale: float
    protocol: str
    degradation: str
    columns: list[tuple[str, MetricFacts]]
    rows: list[Row]
    remarks: list[str]
    sources: list[str]

    @property
    def title(self) -> str:
        made = View(self.scale, self.protocol, self.degradation).made
        return f"x{self.scale}, protocol {self.protocol}, {made}"

    @property
    def partial(self) -> bool:
        return any(cell.partial for row in self.rows for cell in row.cells)

    @property
    def with_parameters(self) -> bool:
        return any(row.parameters is not None for row in self.rows)

    @property
    def datasets(self) -> list[tuple[str, list[MetricFacts]]]:
        """The columns by dataset."""
        found: dict[str, list[MetricFacts]] = {}
        for dataset, metric in self.columns:
            found.setdefault(dataset, []).append(metric)
        return list(found.items())


def tables(reader: Reader, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()) -> Iterator[PaperTable]:
    """One table for each scale, protocol and degradation.

    Rows are sorted by their mean rank in PSNR, or as chosen; below them stands what the literature reports, and last
    users' own methods. A mean over fewer images than planned has no rank.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    facts = reader.facts
    images = choice.of(per_image(reader))
    everything = means(images, facts)
    everything = everything[everything["metric"] != ""]
    if everything.empty:
        return
    methods = described(images, facts)
    costs = summarise(reader.timings())
    ordered = choice.arranged(methods[label] for label in methods_by_score(everything))
    for key, group in everything.groupby(VIEW):
        yield _table(key, group, [m for m in ordered if m.label in set(group["method"])], literature, costs, facts)


def methods_cited(reader: Reader, choice: Choice = EVERYTHING) -> list[str]:
    """The names, without options, of the methods in the tables: for their BibTeX entries."""
    images = choice.of(per_image(reader))
    return sorted(set(images["plugin"]))


def _table(
    key: tuple[float, str, str],
    means: pd.DataFrame,
    methods: Sequence[Described],
    literature: Sequence[Entry],
    costs: Mapping[tuple[str, float], Cost],
    facts: FolderFacts,
) -> PaperTable:
    scale, protocol, degradation = View.of(key)
    datasets = sorted(means["dataset"].unique(), key=facts.dataset_order)
    names = [(d, m) for d in datasets for m in means.loc[means["dataset"] == d, "metric"].unique()]
    values = {(row["method"], row["dataset"], row["metric"]): row for row in means.to_dict("records")}
    ranks = {place: _ranks(means, place, facts.metric(place[1])) for place in names}
    titles = _titles(methods)
    rows, remarks = [], dict[str, None]()
    for method in methods:
        cells = []
        for place in names:
            mean = values.get((method.label, *place))
            cells.append(_cell(mean, facts.metric(place[1]), ranks[place].get(method.label, 0)))
            for remark in () if mean is None else mean["remarks"]:
                remarks[f"{method.label} on {place[0]}, {remark.short}: {remark.reason}"] = None
        parameters = cost_of(costs, method.plugin, scale, method.trained(scale)).parameters
        cite = method.card.cite if method.card else ""
        rows.append(Row(titles[method.label], cells, cite, parameters, own=method.own))
    sources: dict[str, None] = {}
    for entry in literature if degradation == "bicubic" else ():
        rows += _reported(entry, names, scale, protocol, facts, sources)
    rows.sort(key=lambda row: row.own)
    columns = [(facts.dataset(dataset).title, facts.metric(metric)) for dataset, metric in names]
    return PaperTable(scale, protocol, degradation, columns, rows, list(remarks), list(sources))


def _titles(methods: Sequence[Described]) -> dict[str, str]:
    """Short titles by label; the label itself where two methods have one title."""
    titles = short({method.label: method.title for method in methods})
    often = Counter(titles.values())
    return {label: title if often[title] == 1 else label for label, title in titles.items()}


def _reported(
    entry: Entry,
    names: Sequence[tuple[str, str]],
    scale: float,
    protocol: str,
    facts: FolderFacts,
    sources: dict[str, None],
) -> list[Row]:
    found = [entry.value(dataset, scale, metric, protocol) for dataset, metric in names]
    if not any(found):
        return []
    for value in found:
        if value is not None:
            under = "" if value.protocol == protocol else f" under protocol {value.protocol}"
            sources[f"{entry.title}: as reported{under} in {value.source}"] = None
    cells = [
        Cell(NONE if value is None else f"{value.value:.{facts.metric(name).digits}f}")
        for value, (_, name) in zip(found, names, strict=True)
    ]
    return [Row(entry.title, cells, reported=True)]


def _ranks(means: pd.DataFrame, place: tuple[str, str], metric: MetricFacts) -> dict[str, int]:
    """1 for the best methods and 2 for the second, as the table prints them: what looks equal has one rank. Nobody has
    one where the metric's direction is unknown."""
    column = means[(means["dataset"] == place[0]) & (means["metric"] == place[1])]
    whole = column[column["mean"].notna() & (column["n"] == column["planned"])]
    shown = {row["method"]: round(row["mean"], metric.digits) for _, row in whole.iterrows()}
    if len(shown) < 2 or metric.higher_is_better is None:
        return {}
    best = sorted(set(shown.values()), reverse=metric.higher_is_better)
    return {method: best.index(value) + 1 for method, value in shown.items() if value in best[:2]}


def _cell(row: Mapping[str, object] | None, metric: MetricFacts, rank: int) -> Cell:
    if row is None or math.isnan(mean := float(str(row["mean"]))):
        return Cell(NONE)
    partial = int(str(row["n"])) < int(str(row["planned"]))
    return Cell(f"{mean:.{metric.digits}f}", rank, partial, bool(row["remarks"]))


def size(parameters: int | None) -> str:
    """A number of parameters: '57.3 k', '1.52 M'; empty where nobody knows it.

    >>> [size(n) for n in (864, 57_281, 1_517_571, None)]
    ['864', '57.3 k', '1.52 M', '']
    """
    if parameters is None:
        return ""
    for factor, word in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if parameters >= factor:
            return significant(parameters / factor) + word
    return str(parameters)


def heading(metric: MetricFacts) -> str:
    """A metric's title and, where it has one, its unit: 'PSNR (dB)'."""
    return (
        f"{metric.title} ({metric.unit})" if metric.unit and metric.unit not in metric.title.lower() else metric.title
    )
