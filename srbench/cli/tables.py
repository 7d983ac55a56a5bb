"""Tables of means on the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from srbench.cli.group_table import INTERVAL, PUBLISHED, Layout, Line, layouts
from srbench.cli.installed import Installed
from srbench.cli.shell import err, out
from srbench.cli.widths import show
from srbench.report.html.costs import Cost, cost_of, summarise
from srbench.report.verdict import verdict
from srbench.results.cautions import cautions
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.clips import FEWEST
from srbench.results.contest import ALL, Contest, contests
from srbench.results.described import Described, described
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import means, per_image, signed
from srbench.results.literature import Entry, reported_on
from srbench.results.precision import casts
from srbench.results.reader import Reader
from srbench.results.view import VIEW, View
from srbench.wording import counted, printable


def print_means(
    folder: Path, run_id: int | None = None, *, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()
) -> None:
    """Of every scale, protocol and degradation a table of each dataset, and one of all together; of one run, or of the
    whole folder.

    Args:
        literature: methods whose published values stand below the measured ones, as reported.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    with Reader(folder, fallback=Installed()) as reader:
        images, facts = choice.of(per_image(reader, run_id)), reader.facts
        costs = summarise(reader.timings())
        remarks = cautions(reader, images)
        precision = casts(images, reader)
    if images.empty:
        err().print("no results yet", style="yellow")
        return
    say_unreported(literature, images)
    console = out()
    table = means(images, facts)
    methods = described(images, facts)

    def order(lines: Sequence[Line]) -> list[Line]:
        by_name = {line.name: line for line in lines}
        return [by_name[method.label] for method in choice.arranged(methods[name] for name in by_name)]

    printed: list[Layout] = []
    sources: dict[str, None] = {}
    for key, group in table.groupby(VIEW):
        view = _View(View.of(key), group, contests(View.of(key).rows(images), facts), facts)
        if sentences := view.verdict(methods, costs):
            console.print(printable(sentences), markup=False)
        for name, lines in view.groups():
            quoted = [line for entry in literature if (line := view.quoted(entry, name, sources))]
            metrics = sorted({m for line in (*lines, *quoted) for m in line.means}, key=facts.metric_order)
            found = layouts(
                [*lines, *quoted], [facts.metric(m) for m in metrics], view.ranks_on(name), console.width, order
            )
            for layout in found:
                title = view.title(name) + (f": {layout.metric}" if layout.metric else "")
                show(console, layout.columns, title=title, apart=layout.reported)
            printed += found
        for remark in view.without_ranks():
            console.print(remark, markup=False)
    _explain(console, table, printed, facts)
    for cast in precision:
        console.print(printable(cast.text), markup=False, soft_wrap=True)
    for remark in remarks:
        console.print(f"note: {remark}", markup=False, soft_wrap=True)
    for source in sources:
        console.print(source, markup=False, soft_wrap=True)


def say_unreported(literature: Sequence[Entry], images: pd.DataFrame) -> None:
    """Note of which methods the literature reports nothing on what is shown."""
    for entry in literature:
        if not reported_on(entry, images):
            err().print(f"note: the literature has no value of {entry.title} on what is shown", markup=False)


@dataclass(frozen=True)
class _View:
    """One scale, protocol and degradation: its means, and the contests of its methods by metric and group."""

    key: View
    table: pd.DataFrame
    held: Mapping[tuple[str, str], Contest]
    facts: FolderFacts

    def title(self, group: str) -> str:
        name = f"mean of {' and '.join(self._of_all)}" if group == ALL else group
        return f"{name} {self.key}"

    def verdict(self, methods: Mapping[str, Described], costs: Mapping[tuple[str, float], Cost]) -> str:
        """Who leads, how certainly and by how much, by the first metric on all images; empty with one method."""
        group = next((group for _, group in self.held), "")
        own = {metric: contest for (metric, other), contest in self.held.items() if other == group}
        contest = next(iter(own.values()), None)
        if contest is None or len(contest.labels) < 2:
            return ""
        scale = self.key.scale
        here = {label: methods[label] for label in contest.labels}
        known = {label: cost_of(costs, m.plugin, scale, m.trained(scale)) for label, m in here.items()}
        found = verdict(contest, own, {}, known)  # methods by their names, as in the tables
        return " ".join(found.text.split("\n")[:2])

    def groups(self) -> Iterator[tuple[str, list[Line]]]:
        """All datasets together where there are several, then every dataset: the lines of the methods."""
        if self._of_all:
            yield ALL, self._lines_of_all()
        for name in sorted(self.table["dataset"].unique(), key=self.facts.dataset_order):
            own = self.table[self.table["dataset"] == name]
            yield name, [self._line(method, rows) for method, rows in own.groupby("method", sort=False)]

    @property
    def _of_all(self) -> list[str]:
        return list(dict.fromkeys(d for (_, group), own in self.held.items() if group == ALL for d in own.datasets))

    def _lines_of_all(self) -> list[Line]:
        held = {metric: contest for (metric, group), contest in self.held.items() if group == ALL}
        labels = dict.fromkeys(label for contest in held.values() for label in (*contest.labels, *contest.left_out))
        found = []
        for label in labels:
            own = {name: contest for name, contest in held.items() if label in contest.mean}
            lacking = max((contest.left_out.get(label, 0) for contest in held.values()), default=0)
            found.append(
                Line(
                    label,
                    {name: contest.mean[label] for name, contest in own.items()},
                    counts={name: str(len(contest.images)) for name, contest in own.items()},
                    note=f"lacks {counted(lacking, 'image')} of the others" if lacking else "",
                )
            )
        return found

    def _line(self, method: str, rows: pd.DataFrame) -> Line:
        own = rows.set_index("metric")
        measured = {str(name): row for name, row in own.iterrows() if name}
        digits = {name: self.facts.metric(name).digits for name in measured}
        return Line(
            method,
            {name: row["mean"] for name, row in measured.items()},
            {name: _interval(row, digits[name]) for name, row in measured.items()},
            {name: _published(row, digits[name]) for name, row in measured.items()},
            {str(name): _count(row) for name, row in own.iterrows()},
            _note(own),
        )

    def quoted(self, entry: Entry, dataset: str, sources: dict[str, None]) -> Line | None:
        """What the literature reports of a method on a dataset; its sources are added to those to print."""
        scale, protocol, degradation = self.key
        if degradation != "bicubic":
            return None
        names = set(self.table["metric"]) - {""}
        found = {name: entry.value(dataset, scale, name, protocol) for name in names}
        reported = {name: value for name, value in found.items() if value is not None}
        if not reported:
            return None
        others = sorted({value.protocol for value in reported.values()} - {protocol})
        sources |= {f"{entry.title}: as reported in {value.source}": None for value in reported.values()}
        note = "as reported" + (f", protocol {' and '.join(others)}" if others else "")
        means = {name: value.value for name, value in reported.items()}
        return Line(entry.title, means, note=note, reported=True)

    def ranks_on(self, group: str) -> Callable[[str], dict[str, str]]:
        def ranks(metric: str) -> dict[str, str]:
            contest = self.held.get((metric, group))
            if contest is None or not contest.can_tell or len(contest.labels) < 2:
                return {}
            return {label: str(standing) for label, standing in contest.standings.items()}

        return ranks

    def without_ranks(self) -> list[str]:
        """Why there are no ranks where the images are too few."""
        few = {group: own for (_, group), own in self.held.items() if not own.can_tell and len(own.labels) > 1}
        return [
            f"{printable(self.title(group))}: no ranks, {own.told} cannot tell methods apart "
            + ("(too few clips for a test)" if own.too_few_clips else f"(no p-value is below {own.smallest_p:.3g})")
            for group, own in few.items()
        ]


def _explain(console: Console, table: pd.DataFrame, printed: Sequence[Layout], facts: FolderFacts) -> None:
    """What the columns mean, of those that were printed, and which were left out."""
    heads = {column.head for layout in printed for column in layout.columns}
    if "rank" in heads:
        console.print("rank: by the first metric; a range where these images cannot tell methods apart", markup=False)
    if INTERVAL in heads:
        over = "clips" if (table["clips"] > 0).all() else "images and clips" if table["clips"].any() else "images"
        console.print(f"{INTERVAL}: of the mean over {over}, by bootstrap", markup=False)
    if table["clips"].any():
        few = f"; no interval with fewer than {FEWEST} clips, for frames of one are alike"
        console.print(f"clips: means over each clip's frames, then over the clips{few}", markup=False)
    if PUBLISHED in heads:
        console.print("published: the literature's value and, in brackets, what was measured minus it", markup=False)
        for line in _unlike(table):
            console.print(line, markup=False, soft_wrap=True)
    left_out = dict.fromkeys(head for layout in printed for head in layout.left_out)
    if left_out:
        console.print(f"left out for want of room: {', '.join(left_out)} (a wider terminal, or COLUMNS=200)")
    notes: dict[str, list[str]] = {}
    for metric in table["metric"].unique():
        if metric and (text := facts.metric(metric).footnote):
            # The whole of it stands on the page and in the docs; a table of numbers wants a line.
            notes.setdefault(text.partition(";")[0], []).append(metric)
    for text, metrics in notes.items():
        console.print(f"{printable(', '.join(metrics))}: {printable(text)}", markup=False, soft_wrap=True)


def _unlike(table: pd.DataFrame) -> list[str]:
    """What the star is about: the reasons why printed values are not like with like, and of which methods."""
    methods: dict[str, dict[str, None]] = {}
    for row in table[table["published_like"].eq(False)].to_dict("records"):
        for reason in row["published_unlike"].split("; "):
            methods.setdefault(reason, {})[row["method"]] = None
    if not methods:
        return []
    lines = [f"  {printable(reason)}: {printable(', '.join(own))}" for reason, own in methods.items()]
    return ["* not like with like: the difference is not that of the methods alone", *lines]


def _count(row: pd.Series) -> str:
    """'5/5', or '81/81 (2 clips)'."""
    return f"{row['n']}/{row['planned']}" + (f" ({counted(row['clips'], 'clip')})" if row["clips"] else "")


def _interval(row: pd.Series, places: int) -> str:
    return "" if math.isnan(row["ci_low"]) else f"{row['ci_low']:.{places}f} to {row['ci_high']:.{places}f}"


def _published(row: pd.Series, places: int) -> str:
    if math.isnan(row["published"]):
        return ""
    mark = "*" if row["published_unlike"] else ""
    difference = signed(row["mean"] - row["published"], places)
    return f"{row['published']:.{places}f}{mark} ({difference})"


def _note(own: pd.DataFrame) -> str:
    """Why images are not in a method's means."""
    first = own.iloc[0]
    parts = [
        f"{first[column]} {text}"
        for column, text in (
            ("failed", "failed"),
            ("unsupported", "not supported"),
            ("pending", "pending"),
            ("unscored", "not scored"),
        )
        if first[column]
    ]
    if partial := dict.fromkeys(clip for clips in own["partial"] for clip in clips):
        parts.append(f"partial: {', '.join(partial)}")
    left_out: dict[int, list[str]] = {}
    for metric, row in own.iterrows():
        left_out.setdefault(row["excluded"], []).append(str(metric))
    for count, metrics in left_out.items():
        of = "" if len(left_out) == 1 else f" of {' and '.join(metrics)}"
        parts += [f"{count} left out (identical, NaN or too small){of}"] if count else []
    return ", ".join([*parts, *(remark.short for remark in first["remarks"])])
