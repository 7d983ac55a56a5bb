"""What one set of results changed against another, in words and rounded numbers; and as Markdown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from srbench.report.markdown import escaped, folded, table
from srbench.report.versus import heading, p_value
from srbench.results.comparison import Comparison
from srbench.results.contest import ALL
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import signed
from srbench.results.view import VIEW, View
from srbench.wording import counted

VERDICTS = ("worse", "better", "undecided", "same")  # in the order of what has to be looked at
HOW = (
    "Compared image by image; tested by sign flips of whole images, all rows together (step-down max-T): the chance of "
    "even one false 'better' or 'worse' is at most 5%. A mean over all datasets is the mean of the datasets' means; "
    "of clips, each clip counts once, and its frames flip together."
)


@dataclass(frozen=True)
class Row:
    """A mean that both have."""

    method: str
    dataset: str
    metric: str
    a: str
    b: str
    difference: str
    interval: str
    p: str
    n: str
    verdict: str


@dataclass(frozen=True)
class Changed:
    """An image whose score is another."""

    method: str
    dataset: str
    image: str
    metric: str
    a: str
    b: str
    difference: str


@dataclass(frozen=True)
class Group:
    """What changed at one scale, protocol and degradation: ``changed`` first what is worse, then what is better, then
    what may be; ``same`` are rows of which no image changed."""

    title: str
    changed: list[Row]
    same: list[Row]
    images: list[Changed]


def groups(comparison: Comparison) -> list[Group]:
    found = []
    for key, rows in comparison.rows.groupby(VIEW, sort=False):
        every = [(row["verdict"], _row(row, comparison.facts)) for row in changed_first(rows).to_dict("records")]
        view = View.of(key)
        found.append(
            Group(
                view.title,
                [row for verdict, row in every if verdict != "same"],
                [row for verdict, row in every if verdict == "same"],
                [image(row, comparison.facts) for row in view.rows(comparison.images).to_dict("records")],
            )
        )
    return found


def changed_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a comparison: worse, better, undecided, the same; otherwise in their own order."""
    place = rows["verdict"].map({verdict: i for i, verdict in enumerate(VERDICTS)})
    return rows.loc[place.sort_values(kind="stable").index]


def counts(comparison: Comparison) -> dict[str, int]:
    """How many rows have each verdict."""
    found = comparison.rows["verdict"].value_counts().to_dict()
    return {verdict: int(found.get(verdict, 0)) for verdict in VERDICTS}


def summary(comparison: Comparison) -> str:
    """'2 worse, 1 better, 0 undecided, 5 the same, of 8 means that both have.'"""
    if not len(comparison.rows):
        return "The two have no score in common."
    own = counts(comparison)
    parts = [f"{own[verdict]} {'the same' if verdict == 'same' else verdict}" for verdict in VERDICTS]
    return f"{', '.join(parts)}, of {counted(len(comparison.rows), 'mean')} that both have."


def _row(row: dict[str, Any], facts: FolderFacts) -> Row:
    metric = facts.metric(row["metric"])
    places = metric.digits
    unbounded = math.isnan(row["ci_low"])
    return Row(
        method=row["method"],
        dataset="all datasets" if row["dataset"] == ALL else facts.dataset(row["dataset"]).title,
        metric=heading(metric),
        a=f"{row['mean_a']:.{places}f}",
        b=f"{row['mean_b']:.{places}f}",
        difference=signed(row["difference"], places + 1),
        interval="" if unbounded else f"{signed(row['ci_low'], places + 1)} to {signed(row['ci_high'], places + 1)}",
        p=p_value(row["p"]),
        n=str(row["n"]),
        verdict=row["verdict"],
    )


def image(row: dict[str, Any], facts: FolderFacts) -> Changed:
    """A row of a comparison's ``images`` in words."""
    metric = facts.metric(row["metric"])
    return Changed(
        method=row["method"],
        dataset=facts.dataset(row["dataset"]).title,
        image=row["image"],
        metric=metric.title,
        a=f"{row['a']:.{metric.digits}f}",
        b=f"{row['b']:.{metric.digits}f}",
        difference=signed(row["difference"], metric.digits + 1),
    )


# -- Markdown ------------------------------------------------------------------------------------------------------


def to_markdown(comparison: Comparison) -> str:
    """For a pull request: how much changed, the rows that did, and what can be unfolded."""
    parts = [f"### What changed\n\nA: {escaped(comparison.a)}. B: {escaped(comparison.b)}. **{summary(comparison)}**"]
    for group in groups(comparison):
        parts.append(f"**{escaped(group.title)}**")
        parts += [_rows(group.changed)] if group.changed else ["No image changed."]
        parts += [folded(f"{counted(len(group.same), 'mean')} the same", _rows(group.same))] if group.same else []
        if group.images:
            heads = ("image", "method", "metric", "A", "B", "B − A")  # noqa: RUF001
            changed = [
                (*map(escaped, (f"{own.dataset}: {own.image}", own.method, own.metric)), own.a, own.b, own.difference)
                for own in group.images
            ]
            parts.append(folded("Images that changed most", table(heads, changed, right=range(3, 6))))
    for side, names in (("A", comparison.only_a), ("B", comparison.only_b)):
        parts += [f"Only in {side}:\n" + "".join(f"\n- {escaped(name)}" for name in names)] if names else []
    if comparison.left_out:
        parts.append("Not compared:\n" + "".join(f"\n- {escaped(note)}" for note in comparison.left_out))
    return "\n\n".join([*parts, f"<sub>{HOW}</sub>"]) + "\n"


def _rows(rows: list[Row]) -> str:
    heads = ("method", "images", "metric", "A", "B", "B − A", "95% interval", "p", "n", "B is")  # noqa: RUF001
    cells = [
        (
            *map(escaped, (row.method, row.dataset, row.metric)),
            row.a,
            row.b,
            f"**{row.difference}**" if row.verdict in ("better", "worse") else row.difference,
            row.interval,
            escaped(row.p),
            row.n,
            row.verdict,
        )
        for row in rows
    ]
    return table(heads, cells, right=range(3, 9))
