"""From stored cells to tidy tables: one row per image and metric, one row per mean, published values beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srbench.records import CellState, ScoreState, labels
from srbench.results import clips
from srbench.results.coverage import lacking
from srbench.results.facts import FolderFacts, MethodFacts
from srbench.results.handling import remarks
from srbench.results.printed import Printed, beside
from srbench.results.reader import CellRow, Reader, ScoreRow
from srbench.results.scales import as_written
from srbench.results.statistics import mean_intervals

# What identifies a row of the report; within one, images are averaged.
GROUP = ["method", "dataset", "scale", "protocol", "degradation", "options"]
PER_IMAGE_COLUMNS = ["method", "dataset", "scale", "protocol", "degradation", "image", "metric", "value"]
_CELL_COLUMNS = ("plugin", "sr_path", "image_sha256", "method_hash", "handling")
MEAN_COLUMNS = [
    *("method", "dataset", "scale", "protocol", "degradation", "metric"),
    *("mean", "ci_low", "ci_high", "n", "published", "published_source"),
]
PUBLISHED_COLUMNS = [f"published_{own}" for own in ("size", "images", "protocol", "like", "unlike")]


def per_image(reader: Reader, run_id: int | None = None) -> pd.DataFrame:
    """One row per planned cell and metric: GROUP, ``image``, ``metric``, ``value``, ``status``, ``message``,
    ``run_id``, ``extra`` (JSON: what a metric keeps beside its value), ``version`` (the metric's),
    and of the cell ``cell_id``, ``plugin`` (the method's name without its options), ``sr_path`` (empty if the SR image
    was not kept), ``image_sha256``, ``method_hash``, ``handling`` (JSON, :mod:`srbench.results.handling`).

    Of each method on each dataset only the cells of the newest run that planned it are shown: a changed plugin
    or weight file replaces the old rows. With ``run_id``, the cells of that run.

    ``status`` is 'ok', or why there is no value to average: another :class:`srbench.records.ScoreState`, or the
    :class:`srbench.records.CellState` of a cell without scores, which has one row with an empty ``metric``.
    """
    columns = [*GROUP, "image", "metric", "value", "status", "message", "run_id", "cell_id", "extra", "version"]
    columns += _CELL_COLUMNS
    cells = _cells(reader, run_id)
    if cells.empty:
        return pd.DataFrame(columns=columns)
    scores = pd.DataFrame(reader.score_rows(), columns=ScoreRow._fields, dtype=object)
    scores = scores.drop(columns="run_id").astype({"cell_id": int, "value": float})
    rows = cells.merge(scores, on="cell_id", how="left")
    outcome, unscored = rows["outcome"].to_numpy(object), rows["status"].isna().to_numpy()
    # Another run may be scoring an outcome that has no scores yet; where none is, no metric could be measured.
    ended = (outcome == CellState.OK) & ~rows["run_id"].isin(reader.running()).to_numpy()
    waiting = np.isin(outcome.astype(str), ["", CellState.OK.value])
    state = np.where(ended, CellState.NOT_SCORED.value, np.where(waiting, CellState.PENDING.value, outcome))
    rows["status"] = np.where(unscored, state, rows["status"])
    for name in ("metric", "extra"):
        rows[name] = rows[name].fillna("")
    told = rows["extra"] != ""
    reasons = rows.loc[told, "extra"].map(lambda text: json.loads(text).get("message"))
    rows.loc[told, "message"] = reasons.fillna(rows["message"])
    return rows[columns]


def _cells(reader: Reader, run_id: int | None) -> pd.DataFrame:
    # Columns of Python's texts: the same few stand in all rows.
    frame = pd.DataFrame(reader.cells(run_id), columns=CellRow._fields, dtype=object)
    frame = as_written(frame.astype({"cell_id": int, "run_id": int, "dataset_version": int}))
    frame["plugin"] = frame["method"]
    pairs = list(zip(frame["method"], frame["options"], strict=True))
    called = labels(pairs)
    frame["method"] = pd.Series([called[pair] for pair in pairs], dtype=object)
    return frame


def means(images: pd.DataFrame, facts: FolderFacts | None = None) -> pd.DataFrame:
    """Means over images, of clips over each clip's frames and then over the clips: MEAN_COLUMNS, ``options``,
    ``planned``, ``clips``, ``partial``, the counts of what is not in the mean, ``remarks`` on how the images were
    computed (a tuple of :class:`srbench.results.handling.Remark`), and PUBLISHED_COLUMNS: what the printed value is of,
    whether it is like with like (None where nothing is printed), and if not, why; ``published_also``: what else is
    printed (a tuple of :class:`srbench.results.printed.Printed`).

    ``n`` counts the images (frames) in the mean; ``failed``, ``unsupported``, ``pending``, ``unscored`` (there is an SR
    image, and no metric that could be measured) and ``excluded`` (identical, NaN, too small, or the metric raised) the
    others. A row whose images all fail has an empty mean and n = 0. ``clips`` is the number of clips in the mean, 0 of
    still images, and ``partial`` a tuple of those among them that lack frames; the mean has no interval where they are
    fewer than :data:`srbench.results.clips.FEWEST`.

    Args:
        facts: of the folder: the order of the metrics, and the published values to set beside the means.
    """
    facts = facts or FolderFacts()
    rows: list[dict[str, Any]] = []
    values: list[NDArray[np.float64]] = []
    # Plain arrays: groups of a frame with all its columns, and comparing these, take longer than all else here.
    texts = {name: images[name].to_numpy(object) for name in ("image", "metric", "status", "method_hash")}
    every_value, handled = images["value"].to_numpy(float), (images["handling"] != "").to_numpy()
    for key, places in images[GROUP].assign(place=range(len(images))).groupby(GROUP, sort=False)["place"]:
        own_rows = places.to_numpy()
        identity = dict(zip(GROUP, key, strict=True))
        image, names_of, state, hashes = (column[own_rows] for column in texts.values())
        method = None if identity["options"] else facts.method(identity["method"], hashes[0])
        value = every_value[own_rows]
        said = tuple(remarks(of_images(images.iloc[own_rows]))) if handled[own_rows].any() else ()
        counts = {column: len(set(image[state == status])) for column, status in _WITHOUT_SCORES.items()}
        whole: dict[str, Any] = {
            "extent": facts.extent(identity["dataset"]),
            "skip_frames": facts.skip_frames(identity["protocol"]),
        }
        for metric in sorted(set(names_of) - {""}, key=facts.metric_order) or [""]:
            own = names_of == metric
            good = own & (state == ScoreState.OK)
            values.append(clips.by_clip(value[good], image[good].tolist()))
            planned = set(image)
            if metric and facts.metric(metric).over_time:
                planned -= clips.first_frames(planned)
            counted: dict[str, Any] = {"n": int(good.sum()), "planned": len(planned)}
            of_clips = _clips(image[good].tolist(), planned)
            place = identity | {"metric": metric}
            lacks = lacking(set(image), **counted, **whole)
            rows.append(
                place
                | {**counted, **of_clips, **counts}
                | {"excluded": int(np.isin(state[own].astype(str), _WITHOUT_VALUE).sum()), "remarks": said}
                | _beside(published(method, place, lacks))
            )
    for row, interval in zip(rows, mean_intervals(values), strict=True):
        row["mean"], row["ci_low"], row["ci_high"] = interval
        if 0 < row["clips"] < clips.FEWEST:
            row["ci_low"] = row["ci_high"] = math.nan
    extra = [
        "options",
        "planned",
        "clips",
        "partial",
        *_WITHOUT_SCORES,
        "excluded",
        "remarks",
        *PUBLISHED_COLUMNS,
        "published_also",
    ]
    return as_written(pd.DataFrame(rows, columns=[*MEAN_COLUMNS, *extra]))


def _clips(images: list[str], planned: set[str]) -> dict[str, Any]:
    """How many clips a mean of ``images`` is over, and which of them have frames that are planned and not in it."""
    found = clips.clips_of(images)
    lacking = {clips.clip_of(image) for image in planned.difference(images)} if found else set()
    return {"clips": len(found), "partial": tuple(clip for clip in found if clip in lacking)}


def of_images(cells: pd.DataFrame) -> list[str]:
    """``handling`` of those of :func:`per_image`'s rows that have one, once for every image."""
    own = cells.loc[cells["handling"] != "", ["dataset", "image", "handling"]]
    return [] if own.empty else own.drop_duplicates(["dataset", "image"])["handling"].tolist()


_WITHOUT_VALUE = [state.value for state in ScoreState if not state.has_value]
_WITHOUT_SCORES = {
    "failed": CellState.FAILED,
    "unsupported": CellState.NOT_SUPPORTED,
    "pending": CellState.PENDING,
    "unscored": CellState.NOT_SCORED,
}


def published(method: MethodFacts | None, row: Mapping[str, Any], lacks: tuple[str, ...] = ()) -> list[Printed]:
    """What is printed beside a mean, the nearest value first; nothing where LR images were made in another way than by
    bicubic downscaling, or the method ran with options.

    Args:
        lacks: what the mean lacks of the dataset (:func:`srbench.results.coverage.lacking`).
    """
    if row["degradation"] != "bicubic" or row["options"]:
        return []
    place = (row["dataset"], row["scale"], row["metric"], row["protocol"])
    return beside(method, *place, lacking=lacks)


def _beside(printed: Sequence[Printed]) -> dict[str, Any]:
    if not printed:
        nothing: dict[str, Any] = dict.fromkeys(("published_source", *PUBLISHED_COLUMNS), "")
        return nothing | {"published": math.nan, "published_like": None, "published_also": ()}
    return columns_of(printed[0]) | {"published_also": tuple(printed[1:])}


def columns_of(printed: Printed) -> dict[str, Any]:
    """A printed value in the columns of a mean: ``published``, ``published_source`` and PUBLISHED_COLUMNS."""
    value = printed.value
    return {
        "published": value.value,
        "published_source": f"{value.source} [protocol {value.protocol}]",
        "published_size": value.size,
        "published_images": value.images,
        "published_protocol": value.protocol,
        "published_like": not printed.unlike,
        "published_unlike": "; ".join(printed.unlike),
    }


def signed(value: float, places: int) -> str:
    """A difference with its sign; one that rounds to zero has a plus."""
    return f"{round(value, places) + 0.0:+.{places}f}"


def methods_by_score(table: pd.DataFrame) -> list[str]:
    """Methods of a table of means, best mean PSNR rank first; those without a score last, by name."""
    psnr = table[(table["metric"] == "psnr") & table["mean"].notna()]
    ranks = psnr.groupby(["dataset", "scale", "protocol", "degradation"])["mean"].rank(ascending=False)
    average = psnr.assign(rank=ranks).groupby("method")["rank"].mean()
    return sorted(table["method"].unique(), key=lambda m: (average.get(m, np.inf), m))
