"""The leaderboard page as text, from a store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from srbench.records import CellState
from srbench.report.html import notes
from srbench.report.html.costs import Cost, summarise
from srbench.report.html.data import data, to_json
from srbench.report.html.figures import plots_of
from srbench.report.html.gallery import gallery
from srbench.report.html.reported import reported
from srbench.report.html.templates import environment
from srbench.report.html.views import views
from srbench.results.cautions import cautions
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.clips import clip_of
from srbench.results.facts import protocols_of
from srbench.results.leaderboard import means, per_image
from srbench.results.literature import Entry
from srbench.results.precision import casts
from srbench.results.reader import Reader


@dataclass(frozen=True)
class Page:
    """A page and how long its parts took, in seconds."""

    text: str
    tables_and_plots: float
    pictures: float


def render(
    reader: Reader,
    *,
    full_images: Path | None = None,
    costs: Mapping[tuple[str, float], Cost] | None = None,
    choice: Choice = EVERYTHING,
    literature: Sequence[Entry] = (),
) -> Page:
    """The leaderboard of a results folder.

    Every text that comes from a user (method, dataset and image names, commands) is escaped.

    Args:
        full_images: a folder beside the page into which whole images are written; None to write none.
        costs: by method and scale; by default from the timings of the folder.
        choice: of what is shown.
        literature: methods whose published values the page's data holds, as reported.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    started = time.perf_counter()
    images = choice.of(per_image(reader))
    images = images.assign(label=images["method"])
    runs, facts = reader.runs(), reader.facts
    costs = summarise(reader.timings()) if costs is None else costs
    tables = views(images, means(images, facts), costs, facts)
    content = data(tables, facts) | {"sort": choice.sort} | reported(tables, literature)
    plots = {view.key: plots_of(view, facts) for view in tables}
    middle = time.perf_counter()
    titles = {row.name: row.title for view in tables for row in view.rows}
    pictures = gallery(images, reader.folder, runs, titles, facts, full_images)
    ended = time.perf_counter()
    text = (
        environment()
        .get_template("leaderboard.html.j2")
        .render(
            views=tables,
            data=content,
            data_json=to_json(content),
            plots=plots,
            gallery=pictures,
            pictures_json=to_json(pictures.data()),
            whole_files=full_images is not None,
            facts=notes.overview(images, runs, facts, cautions(reader, images)),
            runs=runs[::-1],
            protocols_of=protocols_of,
            off=[(run, canary) for run in runs for canary in run.canaries if canary.verdict == "off"],
            failures=_failures(images),
            pending=int((images["status"] == CellState.PENDING).sum()),
            notes=notes.notes(tables, facts),
            has_clips=any(map(clip_of, images["image"].unique())),
            casts=casts(images, reader),
        )
    )
    return Page(text, middle - started + time.perf_counter() - ended, ended - middle)


def _failures(images: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["method", "dataset", "image", "scale", "message"]
    failed = images.loc[images["status"] == CellState.FAILED, columns]
    rows: list[dict[str, Any]] = failed.drop_duplicates().to_dict("records")
    return rows
