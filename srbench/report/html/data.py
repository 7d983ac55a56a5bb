"""The numbers of the page as JSON: what its scripts read, and nothing else carries numbers to them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from srbench.report.html import marks
from srbench.report.html.method_pages import page_of
from srbench.report.html.views import Row, View, kind_of
from srbench.report.verdict import verdict
from srbench.results.contest import ALL, Contest
from srbench.results.facts import FolderFacts, MetricFacts
from srbench.results.finite import finite
from srbench.results.leaderboard import PUBLISHED_COLUMNS, columns_of

# Pairs of methods, in all contests of a page together, up to which it holds all with their intervals, which take long.
# A hundred methods on one dataset by ten metrics have fifty thousand.
PAIRS = 60_000
_DIGITS = 6  # significant, of what is drawn and not printed


def data(views: Sequence[View], facts: FolderFacts) -> dict[str, Any]:
    """All that the page's scripts know: methods by label, metrics, datasets, and the views."""
    pairs = sum(math.comb(len(contest.labels), 2) for view in views for contest in view.contests.values())
    return {
        "methods": {row.name: _method(row, facts) for view in reversed(views) for row in view.rows},
        "metrics": {metric.name: _metric(metric) for view in views for metric in view.metrics},
        "datasets": {name: _dataset(name, views, facts) for view in views for name in view.datasets},
        "views": [_view(view, pairs <= PAIRS) for view in views],
    }


def to_json(content: Any) -> Markup:
    """As a script element of the page can hold it: no character in it ends the element. NaN and infinity are null."""
    text = json.dumps(finite(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _method(row: Row, facts: FolderFacts) -> dict[str, Any]:
    """Costs and marks are those of the first view that has the method; each view has its own beside them."""
    return {
        "title": row.title,
        "short": row.short,
        "name": row.name,
        "method": row.method,
        "year": row.year or None,
        "family": row.family,
        "kind": kind_of(row.family),
        "paper": row.paper,
        "url": row.url,
        "marks": _marks(row),
        **page_of(facts.method(row.method, row.identity)),
        **_cost(row),
    }


def _metric(metric: MetricFacts) -> dict[str, Any]:
    return {
        "title": metric.title,
        "unit": metric.unit,
        "digits": metric.digits,
        "higher": metric.higher_is_better,
        "arrow": metric.arrow,
        "direction": metric.direction,
        "footnote": metric.footnote,
    }


def _dataset(name: str, views: Sequence[View], facts: FolderFacts) -> dict[str, Any]:
    counts = [view.images.loc[view.images["dataset"] == name, "image"].nunique() for view in views]
    return {"title": facts.dataset(name).title, "images": max(counts)}


def _view(view: View, all_pairs: bool) -> dict[str, Any]:
    by_metric: dict[str, dict[str, Any]] = {}
    titles = {row.name: row.short for row in view.rows}
    costs = {row.name: row.cost for row in view.rows}
    for (metric, group), contest in view.contests.items():
        others = {name: own for (name, where), own in view.contests.items() if where == group}
        said = verdict(contest, others, titles, costs)
        by_metric.setdefault(metric, {})[group] = _contest(contest, all_pairs) | {"verdict": asdict(said)}
    return {
        "key": view.key,
        "scale": view.scale,
        "protocol": view.protocol,
        "degradation": view.degradation,
        "title": view.title,
        "groups": view.groups,
        "metrics": [metric.name for metric in view.metrics],
        "labels": [row.name for row in view.rows],
        "images": {name: int(own["image"].nunique()) for name, own in view.images.groupby("dataset")},
        "costs": {row.name: _cost(row) for row in view.rows},
        "marks": {row.name: _marks(row) for row in view.rows if row.marks},
        "cells": _cells(view),
        "contests": by_metric,
    }


def _marks(row: Row) -> list[dict[str, str]]:
    return [{"word": mark.word, "reason": mark.reason, "kind": mark.kind} for mark in row.marks]


def _cost(row: Row) -> dict[str, Any]:
    latency = ("latency_ms", "latency_low", "latency_high", "noisy", "conditions", "subject")
    names = ("parameters", "mult_adds", "memory_mib", *latency)
    known = {name: getattr(row.cost, name) for name in names}
    return {name: value for name, value in known.items() if value is not None and value is not False and value != ""}


def _cells(view: View) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Means by label, metric and group; where there is none, the reason."""
    means = {(row["label"], row["metric"], row["dataset"]): row for row in view.frame.to_dict("records")}
    images_of = dict(list(view.images.groupby("label", sort=False)))
    names = [metric.name for metric in view.metrics] or [""]
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for row in view.rows:
        own = images_of[row.name]
        found[row.name] = {}
        for metric in names:
            cells = {name: _cell(means.get((row.name, metric, name)), own, name, metric) for name in view.datasets}
            if len(view.datasets) > 1:
                cells |= {ALL: _together(cells, view)}
            found[row.name][metric] = cells
    return found


def _cell(mean: dict[str, Any] | None, own: pd.DataFrame, dataset: str, metric: str) -> dict[str, Any]:
    if mean is None or math.isnan(mean["mean"]):
        here = own[(own["dataset"] == dataset).to_numpy()]
        mark = marks.reason(here[np.isin(here["metric"].to_numpy(str), [metric, ""])])
        if mark is not None:
            return {"reason": f"{mark.word}: {mark.reason}", "word": mark.word}
        what = "not run on this dataset" if here.empty else "this metric was not measured"
        return {"reason": what, "word": "–"}  # noqa: RUF001
    cell = {
        "mean": mean["mean"],
        "low": _rounded(mean["ci_low"]),
        "high": _rounded(mean["ci_high"]),
        "n": mean["n"],
        "planned": mean["planned"],
    }
    if not math.isnan(mean["published"]):
        cell |= {"published": mean["published"], "published_source": mean["published_source"]}
        cell |= {name: mean[name] for name in PUBLISHED_COLUMNS}
        if mean["published_also"]:
            cell["published_also"] = [columns_of(printed) for printed in mean["published_also"]]
    return cell


def _together(cells: dict[str, dict[str, Any]], view: View) -> dict[str, Any]:
    """The mean of the datasets' means, if the method has one on every dataset."""
    lacking = [view.datasets[name] for name, cell in cells.items() if "mean" not in cell]
    if lacking:
        return {"reason": f"no mean on {', '.join(lacking)}", "word": "–"}  # noqa: RUF001
    own = list(cells.values())
    return {
        "mean": math.fsum(cell["mean"] for cell in own) / len(own),
        "n": sum(cell["n"] for cell in own),
        "planned": sum(cell["planned"] for cell in own),
    }


def _contest(contest: Contest, all_pairs: bool) -> dict[str, Any]:
    labels = contest.labels
    standings = contest.standings
    return {
        "metric": contest.metric.name,
        "labels": list(labels),
        "images": [list(image) for image in contest.images],
        "values": [[_rounded(value) for value in row] for row in contest.values.tolist()],
        "mean": [contest.mean[label] for label in labels],
        "standing": [[standings[a].first, standings[a].last, standings[a].may_be_best] for a in labels],
        **({"clips": True, "told": contest.told} if contest.of_clips else {}),
        "can_tell": contest.can_tell,
        "smallest_p": contest.smallest_p,
        "left_out": dict(contest.left_out),
        "pairs": _pairs(contest) if all_pairs or len(labels) <= 2 else _with_the_best(contest),
    }


def _pairs(contest: Contest) -> list[list[Any]]:
    """Of every pair of labels, in their order: mean, low, high, p, images won and lost."""
    return [_pair(contest, a, b) for a, b in combinations(contest.labels, 2)]


def _pair(contest: Contest, a: str, b: str) -> list[float | int]:
    found = contest.pair(a, b)
    return [*map(_rounded, (found.mean, found.low, found.high, found.p)), *contest.wins(a, b)[:2]]


def _with_the_best(contest: Contest) -> list[list[Any]]:
    """Of the best with each other: mean, three times nothing, images won and lost, and whether the difference is
    certain."""
    best, mean = contest.labels[0], contest.mean
    return [
        [_rounded(mean[best] - mean[b]), None, None, None, *contest.wins(best, b)[:2], contest.certain(best, b)]
        for b in contest.labels[1:]
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
