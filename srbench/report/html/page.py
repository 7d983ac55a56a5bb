"""The leaderboard page as text, from a store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from srbench import paths
from srbench.method.base import MethodCard
from srbench.report.html import marks, notes
from srbench.report.html.costs import Cost, summarise
from srbench.report.html.figures import plots_of
from srbench.report.html.gallery import gallery
from srbench.report.html.tables import View, views
from srbench.results.facts import FolderMetrics
from srbench.results.leaderboard import means, method_cards, per_image
from srbench.results.store import Store
from srbench.results.timings import read_timings
from srbench.version import __version__


@dataclass(frozen=True)
class Page:
    """A page and how long its parts took, in seconds."""

    text: str
    tables_and_plots: float
    pictures: float


def render(
    store: Store, *, full_images: Path | None = None, costs: Mapping[tuple[str, int], Cost] | None = None
) -> Page:
    """The leaderboard of a results folder.

    Every text that comes from a user (method, dataset and image names, commands) is escaped.

    Args:
        full_images: a folder beside the page into which whole images are written; None to write none.
        costs: by method and scale; by default from the timings of the store.
    """
    started = time.perf_counter()
    images = per_image(store)
    images = images.assign(label=images["method"])
    runs = store.runs()
    cards = _strangers(runs) | method_cards()
    training = marks.training(runs)
    costs = summarise(read_timings(store)) if costs is None else costs
    facts = FolderMetrics(runs)
    tables = views(images, means(images, cards), cards, costs, training, facts)
    plots = {view.key: plots_of(view, _of(images, view), training) for view in tables}
    middle = time.perf_counter()
    titles = {row.name: row.title for view in tables for row in view.rows}
    pictures = gallery(images, store.folder, runs, titles, facts, full_images)
    ended = time.perf_counter()
    text = (
        environment()
        .get_template("leaderboard.html.j2")
        .render(
            views=tables,
            plots=plots,
            gallery=pictures,
            facts=notes.facts(images, runs),
            runs=runs[::-1],
            off=[(run, canary) for run in runs for canary in run["canaries"] if canary["verdict"] == "off"],
            failures=_failures(images),
            pending=int((images["status"] == "pending").sum()),
            notes=notes.notes(tables),
            version=__version__,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    return Page(text, middle - started + time.perf_counter() - ended, ended - middle)


def _strangers(runs: list[dict[str, Any]]) -> dict[str, MethodCard]:
    """What the manifests say of methods that may no longer be there: plugins by path, checkpoints."""
    return {
        method["name"]: MethodCard(method["name"], method["title"], 0, "user's own", "", "any")
        for run in runs
        for method in run["manifest"].get("methods", [])
    }


def environment() -> jinja2.Environment:
    """Templates of the ``reports/`` folders; all values are escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.search_path("reports")[::-1]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _of(images: pd.DataFrame, view: View) -> pd.DataFrame:
    return images[
        (images["scale"] == view.scale)
        & (images["protocol"] == view.protocol)
        & (images["degradation"] == view.degradation)
    ]


def _failures(images: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["method", "dataset", "image", "scale", "message"]
    failed = images.loc[images["status"] == "failed", columns]
    rows: list[dict[str, Any]] = failed.drop_duplicates().to_dict("records")
    return rows
