"""The leaderboard as CSV and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from srbench.records import ScoreState
from srbench.results import spreadsheet
from srbench.results.leaderboard import MEAN_COLUMNS, PER_IMAGE_COLUMNS, means, per_image
from srbench.results.reader import Reader


def table(reader: Reader, *, by_image: bool) -> pd.DataFrame:
    """The rows that both formats carry: means, or one row per image and metric. Full precision."""
    images = per_image(reader)
    if by_image:
        return images.loc[images["metric"] != "", PER_IMAGE_COLUMNS]
    rows = means(images, reader.facts)
    return rows.loc[rows["metric"] != "", MEAN_COLUMNS]


def to_csv(reader: Reader, *, by_image: bool = False) -> str:
    """Comma-separated values, one header line; texts as :mod:`srbench.results.spreadsheet` writes them."""
    return spreadsheet.to_csv(table(reader, by_image=by_image))


def to_json(reader: Reader, *, by_image: bool = False) -> str:
    """An object with ``rows`` (as in the CSV), ``runs`` (the manifests) and ``excluded``: every image that is in no
    mean, with its status and the message; ``handling``, what is to be known of how images were computed
    (:mod:`srbench.results.handling`); ``perception_distortion`` (:mod:`srbench.results.perception`) and ``opinions``,
    the raters of the simulated MOS. Per image, a row has ``extra`` where its metric keeps more than a value. Absent
    numbers are null."""
    from srbench.results.perception import opinions, perception_distortion

    images = per_image(reader)
    excluded = images.loc[images["status"] != ScoreState.OK, [*PER_IMAGE_COLUMNS[:-1], "status", "message"]]
    rows: list[dict[str, Any]] = table(reader, by_image=by_image).to_dict("records")
    if by_image:
        extras = images.loc[images["metric"] != "", "extra"]
        for row, extra in zip(rows, extras, strict=True):
            row |= {"extra": json.loads(extra)} if extra else {}
    for row in rows:
        for key, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                row[key] = None
    handled = images.loc[images["handling"] != "", [*PER_IMAGE_COLUMNS[:-2], "handling"]].drop_duplicates()
    content = {
        "rows": rows,
        "excluded": excluded.to_dict("records"),
        "handling": handled.to_dict("records"),
        "perception_distortion": perception_distortion(images).to_dict("records"),
        "opinions": [row for metric in ("mos", "mos-structural") for row in opinions(images, metric)],
        "runs": [asdict(run) for run in reader.runs()],
    }
    return json.dumps(content, indent=2) + "\n"
