"""What one set of results changed against another: by method, dataset and metric, and by image."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srbench.errors import StoreError
from srbench.records import ScoreState
from srbench.results import spreadsheet
from srbench.results.facts import Fallback, FolderFacts, MetricFacts
from srbench.results.leaderboard import GROUP, per_image
from srbench.results.reader import Reader
from srbench.results.statistics import holm, mean_interval, signed_rank

LEVEL = 0.05
IMAGES = 10  # how many of the images that changed most are named per method, dataset and metric
COLUMNS = [
    *(*GROUP, "metric", "n", "changed", "mean_a", "mean_b", "difference"),
    *("ci_low", "ci_high", "p", "p_adjusted", "verdict"),
]


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, its rows as :func:`srbench.results.leaderboard.per_image` gives them, the
    facts of its folder."""

    name: str
    images: pd.DataFrame
    facts: FolderFacts = field(default_factory=FolderFacts)


@dataclass(frozen=True)
class Comparison:
    """``rows``: one per method, dataset, scale, protocol, degradation and metric that both have, with COLUMNS.

    ``images``: GROUP, ``metric``, ``image``, ``a``, ``b``, ``difference``, the largest changes first. ``only_a``
    and ``only_b``: 'method on dataset xscale (protocol)' that the other does not have.
    """

    a: str
    b: str
    rows: pd.DataFrame
    images: pd.DataFrame
    only_a: list[str]
    only_b: list[str]
    facts: FolderFacts


def load(results: Path, name: str, fallback: Fallback | None = None) -> Side:
    """A side of a comparison: a results folder, or the number of a run in ``results``.

    Args:
        fallback: as :class:`srbench.results.reader.Reader` takes it.

    Raises:
        StoreError: no such folder, or no such run in it.
    """
    folder = Path(name)
    if not name.isdigit() or folder.is_dir():
        with Reader(folder, fallback=fallback) as reader:
            return Side(name, per_image(reader), reader.facts)
    with Reader(results, fallback=fallback) as reader:
        numbers = [run.id for run in reader.runs()]
        if int(name) not in numbers:
            known = ", ".join(map(str, numbers)) or "none"
            raise StoreError(f"no run {name} in '{results}'", f"its runs: {known}")
        return Side(f"run {name} of {results}", per_image(reader, int(name)), reader.facts)


def compare(a: Side, b: Side) -> Comparison:
    """Pair two sides image by image.

    Only images that both have a score of enter. ``verdict`` is 'better' or 'worse' where Wilcoxon's signed-rank test,
    adjusted over all rows (Holm), says so at 5%; 'same' where no image changed; else 'undecided'. ``difference`` is
    mean B minus mean A with its bootstrap interval, ``changed`` the number of images whose score is another.
    """
    facts = a.facts | b.facts
    keys = [*GROUP, "metric", "image"]
    scored = [side.images[side.images["status"] == ScoreState.OK] for side in (a, b)]
    pairs = scored[0][[*keys, "value"]].merge(scored[1][[*keys, "value"]], on=keys, suffixes=("_a", "_b"))
    pairs = pairs.rename(columns={"value_a": "a", "value_b": "b"})
    pairs["difference"] = pairs["b"] - pairs["a"]
    rows: list[dict[str, Any]] = []
    for key, group in pairs.groupby([*GROUP, "metric"], sort=False):
        values = group["difference"].to_numpy(float)
        mean, low, high = mean_interval(values)
        rows.append(
            dict(zip([*GROUP, "metric"], key, strict=True))
            | {"n": len(values), "mean_a": group["a"].mean(), "mean_b": group["b"].mean(), "difference": mean}
            | {
                "ci_low": low,
                "ci_high": high,
                "p": float(signed_rank(values[None])[0]),
                "changed": int((values != 0).sum()),
            }
        )
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("p_adjusted", "verdict")])
    table["p_adjusted"] = holm(table["p"].to_numpy(float)) if rows else np.empty(0)
    table["verdict"] = [_verdict(row, facts.metric(row["metric"])) for row in table.to_dict("records")]
    changed = pairs[pairs["difference"] != 0].copy()
    changed["size"] = changed["difference"].abs()
    changed = changed.sort_values("size", ascending=False, kind="stable")
    changed = changed.groupby([*GROUP, "metric"], sort=False).head(IMAGES).drop(columns="size")
    planned = [_planned(side.images) for side in (a, b)]
    return Comparison(
        *(a.name, b.name, table[COLUMNS], changed),
        *(sorted(planned[0] - planned[1]), sorted(planned[1] - planned[0]), facts),
    )


def _verdict(row: dict[str, Any], metric: MetricFacts) -> str:
    if row["changed"] == 0:
        return "same"
    higher = metric.higher_is_better
    if row["p_adjusted"] > LEVEL or higher is None:
        return "undecided"
    return "better" if (row["difference"] > 0) == higher else "worse"


def _planned(images: pd.DataFrame) -> set[str]:
    rows = images[GROUP].drop_duplicates().to_dict("records")
    return {f"{r['method']} on {r['dataset']} x{r['scale']} ({r['protocol']}, {r['degradation']})" for r in rows}


def to_csv(comparison: Comparison) -> str:
    """``rows`` as comma-separated values, full precision; texts as :mod:`srbench.results.spreadsheet` writes them."""
    return spreadsheet.to_csv(comparison.rows)


def to_json(comparison: Comparison) -> str:
    """An object with ``a``, ``b``, ``rows``, ``images``, ``only_a`` and ``only_b``. Absent numbers are null."""
    content = {
        "a": comparison.a,
        "b": comparison.b,
        "rows": _records(comparison.rows),
        "images": _records(comparison.images),
        "only_a": comparison.only_a,
        "only_b": comparison.only_b,
    }
    return json.dumps(content, indent=2) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return [
        {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
        for row in rows
    ]
