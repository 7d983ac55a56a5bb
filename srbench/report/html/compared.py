"""The page that says what one set of results changed against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from srbench.records import NO_DEGRADATION
from srbench.report import changes
from srbench.report.html.originals import Originals
from srbench.report.html.templates import environment
from srbench.report.versus import MOST, Shown
from srbench.report.versus_pictures import Made, Trio, trio
from srbench.results.comparison import Comparison, Side
from srbench.results.view import VIEW, View

_CELL = ["method", "dataset", *VIEW, "image"]


@dataclass(frozen=True)
class Pictures:
    """Of the images that changed most by one metric: those that became better, and those that became worse."""

    metric: str
    better: list[Trio]
    worse: list[Trio]
    missing: list[str]


def render_comparison(comparison: Comparison, sides: Sequence[Side] = ()) -> str:
    """The page as a string; every text that comes from a user is escaped.

    Args:
        sides: the two, for the pictures of the images that changed most; without them there are none.
    """
    found = changes.groups(comparison)
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            groups=list(zip(found, _pictures(comparison, sides) if sides else [None] * len(found), strict=True)),
            summary=changes.summary(comparison),
            how=changes.HOW,
        )
    )


def _pictures(comparison: Comparison, sides: Sequence[Side]) -> list[Pictures | None]:
    """Of every scale, protocol and degradation, in the order of :func:`srbench.report.changes.groups`."""
    files = [_files(side.images) for side in sides]
    originals = Originals([run for side in sides for run in side.runs], comparison.facts)
    found: list[Pictures | None] = []
    for key, _ in comparison.rows.groupby(VIEW, sort=False):
        own = View.of(key).rows(comparison.images)
        found.append(_of_view(own, comparison, sides, files, originals) if len(own) else None)
    return found


def _files(images: pd.DataFrame) -> dict[tuple[Any, ...], tuple[str, str]]:
    """The path of the SR image and the hash of the original, of each cell."""
    cells = images.drop_duplicates(_CELL)
    keys = cells[_CELL].itertuples(index=False, name=None)
    return dict(zip(keys, zip(cells["sr_path"], cells["image_sha256"], strict=True), strict=True))


def _of_view(
    images: pd.DataFrame,
    comparison: Comparison,
    sides: Sequence[Side],
    files: list[dict[tuple[Any, ...], tuple[str, str]]],
    originals: Originals,
) -> Pictures:
    first = min(images["metric"].unique(), key=comparison.facts.metric_order)
    metric = comparison.facts.metric(first)
    rows = images[images["metric"] == first].to_dict("records")
    sign = -1 if metric.higher_is_better is False else 1
    made: dict[bool, list[Trio]] = {True: [], False: []}
    missing = []
    for row in rows:
        better = sign * row["difference"] > 0
        if len(made[better]) == MOST:
            continue
        key = tuple(row[name] for name in _CELL)
        paths = [Made(letter, side.folder, own[key][0]) for letter, side, own in zip("AB", sides, files, strict=True)]
        about = _about(row, comparison, sign)
        original = None
        if row["degradation"] != NO_DEGRADATION:
            original = originals.find(row["dataset"], row["image"], files[0][key][1])
        pictured = trio(about, paths[0], paths[1], original)
        if isinstance(pictured, Trio):
            made[better].append(pictured)
        else:
            missing.append(pictured)
    return Pictures(metric.title, made[True], made[False], missing[:MOST])


def _about(row: dict[str, Any], comparison: Comparison, sign: int) -> Shown:
    own = changes.image(row, comparison.facts)
    # The winner is B where it became better.
    return Shown(f"{own.method} on {own.dataset}", own.image, own.a, own.b, own.difference, -sign * row["difference"])
