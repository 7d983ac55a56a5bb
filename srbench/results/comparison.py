"""What one set of results changed against another: by method, dataset and metric, and by image."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from srbench.errors import StoreError
from srbench.records import ScoreState
from srbench.results import spreadsheet
from srbench.results.clips import clip_of, clips_of
from srbench.results.contest import ALL
from srbench.results.facts import Fallback, FolderFacts, MetricFacts
from srbench.results.finite import finite
from srbench.results.leaderboard import GROUP, per_image
from srbench.results.reader import Reader, Run
from srbench.results.scales import alike, as_written
from srbench.results.signflips import LEVEL, Difference, of_images
from srbench.scale import number
from srbench.wording import counted

IMAGES = 10  # how many of the images that changed most are named per method, dataset and metric
COLUMNS = [
    *(*GROUP, "metric", "n", "changed", "mean_a", "mean_b", "difference"),
    *("ci_low", "ci_high", "p", "verdict"),
]
_MADE_OF = {"version": "other versions of the metric", "image_sha256": "the originals have other pixels"}


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, its rows as :func:`srbench.results.leaderboard.per_image` gives them, the
    facts of its folder, the folder itself and its runs."""

    name: str
    images: pd.DataFrame
    facts: FolderFacts = field(default_factory=FolderFacts)
    folder: Path = Path()
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """``rows``: one per method, dataset, scale, protocol, degradation and metric that both have, with COLUMNS; where
    there are several datasets, first one whose dataset is ALL.

    ``images``: GROUP, ``metric``, ``image``, ``a``, ``b``, ``difference``, the largest changes first. ``only_a``
    and ``only_b``: 'method on dataset xscale (protocol)' that the other does not have. ``left_out``: images
    that are not compared although both have a value, and why.
    """

    a: str
    b: str
    rows: pd.DataFrame
    images: pd.DataFrame
    only_a: list[str]
    only_b: list[str]
    facts: FolderFacts
    left_out: list[str] = field(default_factory=list)


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
            return Side(name, per_image(reader), reader.facts, folder, tuple(reader.runs()))
    with Reader(results, fallback=fallback) as reader:
        runs = tuple(reader.runs())
        numbers = [run.id for run in runs]
        if int(name) not in numbers:
            known = ", ".join(map(str, numbers)) or "none"
            raise StoreError(f"no run {name} in '{results}'", f"its runs: {known}")
        return Side(f"run {name} of {results}", per_image(reader, int(name)), reader.facts, results, runs)


def compare(a: Side, b: Side) -> Comparison:
    """Pair two sides image by image.

    Only images that both have a score of enter, by one version of the metric and of the same original. ``difference``
    is mean B minus mean A, and ``changed`` the number of images whose score is another. ``p`` and the interval
    (``ci_low``, ``ci_high``) are those of :func:`srbench.results.signflips.differences`, all rows tested together; the
    interval is NaN where the images are too few to bound it. ``verdict`` is 'better' or 'worse' where p is at most 5%,
    'same' where no image changed, else 'undecided'. Means of a row over ALL datasets are those of the datasets' means.
    """
    facts = a.facts | b.facts
    keys = [*GROUP, "metric", "image"]
    scored = [side.images[side.images["status"] == ScoreState.OK] for side in (a, b)]
    own = [*keys, "value", *_MADE_OF]
    first, second = alike(*(side[own] for side in scored))
    pairs = first.merge(second, on=keys, suffixes=("_a", "_b"))
    pairs = pairs.rename(columns={"value_a": "a", "value_b": "b"})
    pairs, left_out = _comparable(pairs)
    pairs["difference"] = pairs["b"] - pairs["a"]
    rows, members = [], []
    for key, own in _groups(pairs):
        mean_a, mean_b = _means(own)
        counts = {"n": len(own), "changed": int((own["difference"] != 0).sum())}
        rows.append(dict(zip([*GROUP, "metric"], key, strict=True)) | counts | {"mean_a": mean_a, "mean_b": mean_b})
        members.append(own)
    for row, found in zip(rows, _tested(members), strict=True):
        bounded = math.isfinite(found.low) and math.isfinite(found.high)
        row |= {"difference": found.mean, "p": found.p}
        row |= {"ci_low": found.low if bounded else math.nan, "ci_high": found.high if bounded else math.nan}
        row["verdict"] = _verdict(row, facts.metric(row["metric"]))
    changed = pairs[pairs["difference"] != 0].copy()
    changed["size"] = changed["difference"].abs()
    changed = changed.sort_values("size", ascending=False, kind="stable")
    changed = changed.groupby([*GROUP, "metric"], sort=False).head(IMAGES).drop(columns="size")
    planned = [_planned(side.images) for side in (a, b)]
    return Comparison(
        *(a.name, b.name, as_written(pd.DataFrame(rows, columns=COLUMNS)), changed),
        *(sorted(planned[0] - planned[1]), sorted(planned[1] - planned[0]), facts),
        left_out,
    )


def _means(pairs: pd.DataFrame) -> tuple[float, float]:
    """Of the datasets' means, each over images, or over clips of their frames' means."""
    if clips_of(pairs["image"]):
        alone = pairs["image"].map(lambda image: clip_of(image) or image)
        pairs = pairs.groupby(["dataset", alone])[["a", "b"]].mean().reset_index()
    mean_a, mean_b = pairs.groupby("dataset")[["a", "b"]].mean().mean()
    return mean_a, mean_b


def _comparable(pairs: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Those pairs of values that are of one thing, and what is to be said of the others."""
    said = []
    for column, why in _MADE_OF.items():
        apart = pairs[f"{column}_a"] != pairs[f"{column}_b"]
        for (method, dataset, scale, metric), rows in pairs[apart].groupby(["method", "dataset", "scale", "metric"]):
            images = counted(rows["image"].nunique(), "image")
            said.append(f"{metric} of {method} on {dataset} x{number(scale)}: {images} ({why})")
        pairs = pairs[~apart]
    return pairs.reset_index(drop=True), said


def _groups(pairs: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The pairs of each row with what identifies it: of all datasets together, then of each."""
    place = GROUP.index("dataset")
    without = [name for name in GROUP if name != "dataset"]
    for key, whole in pairs.groupby([*without, "metric"], sort=False):
        parts = [(dataset, own) for dataset, own in whole.groupby("dataset", sort=False)]
        for dataset, own in [(ALL, whole), *parts] if len(parts) > 1 else parts:
            yield (*key[:place], dataset, *key[place:]), own


def _tested(members: list[pd.DataFrame]) -> list[Difference]:
    """The differences of all rows, tested together: an image has one sign in all of them."""
    rows = [
        dict(zip(zip(own["dataset"], own["image"], strict=True), own["difference"], strict=True)) for own in members
    ]
    return of_images(rows, list(dict.fromkeys(image for own in rows for image in own)))


def _verdict(row: dict[str, Any], metric: MetricFacts) -> str:
    if row["changed"] == 0:
        return "same"
    higher = metric.higher_is_better
    if row["p"] > LEVEL or higher is None:
        return "undecided"
    return "better" if (row["difference"] > 0) == higher else "worse"


def _planned(images: pd.DataFrame) -> set[str]:
    rows = images[GROUP].drop_duplicates().to_dict("records")
    return {f"{r['method']} on {r['dataset']} x{r['scale']} ({r['protocol']}, {r['degradation']})" for r in rows}


def to_csv(comparison: Comparison) -> str:
    """``rows`` as comma-separated values, full precision; texts as :mod:`srbench.results.spreadsheet` writes them."""
    return spreadsheet.to_csv(comparison.rows)


def to_json(comparison: Comparison) -> str:
    """An object with ``a``, ``b``, ``rows``, ``images``, ``only_a``, ``only_b`` and ``left_out``. Absent numbers are
    null."""
    content = {
        "a": comparison.a,
        "b": comparison.b,
        "rows": comparison.rows.to_dict("records"),
        "images": comparison.images.to_dict("records"),
        "only_a": comparison.only_a,
        "only_b": comparison.only_b,
        "left_out": comparison.left_out,
    }
    return json.dumps(finite(content), indent=2) + "\n"
