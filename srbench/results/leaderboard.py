"""From stored cells to tidy tables: one row per image and metric, one row per mean, published values beside them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from srbench import dataset, metrics
from srbench.method import plugins
from srbench.records import label
from srbench.results.statistics import mean_interval
from srbench.results.store import Store

if TYPE_CHECKING:
    from srbench.method.base import MethodCard, Published

# What identifies a row of the report; within one, images are averaged.
GROUP = ["method", "dataset", "scale", "protocol", "degradation", "options"]
PER_IMAGE_COLUMNS = ["method", "dataset", "scale", "protocol", "degradation", "image", "metric", "value"]
_CELL_COLUMNS = ("plugin", "sr_path", "image_sha256", "method_hash")
MEAN_COLUMNS = [
    *("method", "dataset", "scale", "protocol", "degradation", "metric"),
    *("mean", "ci_low", "ci_high", "n", "published", "published_source"),
]


def per_image(store: Store, run_id: int | None = None) -> pd.DataFrame:
    """One row per planned cell and metric: GROUP, ``image``, ``metric``, ``value``, ``status``, ``message``,
    ``run_id``, ``extra`` (JSON: what a metric keeps beside its value), and of the cell ``cell_id``, ``plugin`` (the
    method's name without its options), ``sr_path`` (empty if the SR image was not kept), ``image_sha256``,
    ``method_hash``.

    Of each method on each dataset only the cells of the newest run that planned it are shown: a changed plugin
    or weight file replaces the old rows. With ``run_id``, the cells of that run.

    ``status`` is 'ok', or why there is no value to average: 'identical', 'nan', 'too small', 'error' (the metric
    raised), 'failed', 'not supported' or 'pending'. Cells without scores have one row with an empty ``metric``.
    """
    planned = pd.DataFrame(store.planned())
    columns = [*GROUP, "image", "metric", "value", "status", "message", "run_id", "cell_id", "extra", *_CELL_COLUMNS]
    if planned.empty:
        return pd.DataFrame(columns=columns)
    planned["degradation"] = planned["degradation"].str.partition("/")[0]
    planned["plugin"] = planned["method"]
    planned["method"] = [label(*pair) for pair in zip(planned["method"], planned["options"], strict=True)]
    if run_id is not None:
        planned = planned[planned["run_id"] == run_id]
    # A run plans whole datasets: what its newest run no longer planned (a removed image, an old version of the
    # method, another folder of the same name) is not part of the group any more.
    newest = planned.groupby(GROUP)["run_id"].transform("max")
    planned = planned[planned["run_id"] == newest]
    outcomes = pd.DataFrame(store.outcomes(), columns=["cell_id", "status", "message", "sr_path", "seconds"])
    scores = pd.DataFrame(store.scores(), columns=["cell_id", "metric", "value", "status", "run_id"])
    scores = _with_details(scores, store).drop(columns="run_id")
    rows = planned.merge(outcomes.rename(columns={"status": "outcome"}), on="cell_id", how="left")
    rows = rows.merge(scores, on="cell_id", how="left")
    rows["status"] = rows["status"].fillna(rows["outcome"]).fillna("pending")
    # An outcome without scores yet (another process is scoring it) is pending too.
    rows.loc[(rows["status"] == "ok") & rows["metric"].isna(), "status"] = "pending"
    rows["metric"] = rows["metric"].fillna("")
    rows["extra"] = rows["extra"].fillna("")
    reasons = rows["extra"].map(lambda text: json.loads(text or "{}").get("message"))
    rows["message"] = reasons.fillna(rows["message"]).fillna("")
    rows["sr_path"] = rows["sr_path"].fillna("")
    rows["value"] = rows["value"].astype(float)
    return rows[columns].reset_index(drop=True)


def _with_details(scores: pd.DataFrame, store: Store) -> pd.DataFrame:
    key = ["cell_id", "metric", "run_id"]
    details = pd.DataFrame(store.details(), columns=[*key, "content"]).rename(columns={"content": "extra"})
    return scores.merge(details, on=key, how="left") if len(details) else scores.assign(extra="")


def means(images: pd.DataFrame, cards: dict[str, MethodCard] | None = None) -> pd.DataFrame:
    """Means over images: MEAN_COLUMNS, ``options``, ``planned`` and the counts of what is not in the mean.

    ``n`` counts the images in the mean; ``failed``, ``unsupported``, ``pending`` and ``excluded`` (identical, NaN,
    too small, or the metric raised) the others. A row whose images all fail has an empty mean and n = 0.
    """
    cards = method_cards() if cards is None else cards
    rows: list[dict[str, Any]] = []
    for key, group in images.groupby(GROUP, sort=False):
        identity = dict(zip(GROUP, key, strict=True))
        # Plain arrays: comparing columns of a frame takes longer than all else here.
        image, names_of, state = (group[column].to_numpy(object) for column in ("image", "metric", "status"))
        value = group["value"].to_numpy(float)
        planned = len(set(image))
        counts = {
            column: len(set(image[state == status]))
            for column, status in (
                ("failed", "failed"),
                ("unsupported", "not supported"),
                ("pending", "pending"),
            )
        }
        names = sorted(set(names_of) - {""}, key=metric_order) or [""]
        for metric in names:
            values = value[(names_of == metric) & (state == "ok")]
            mean, low, high = mean_interval(values)
            reference = published(cards.get(identity["method"]), identity, metric)
            rows.append(
                identity
                | {"metric": metric, "mean": mean, "ci_low": low, "ci_high": high, "n": len(values)}
                | {
                    "planned": planned,
                    **counts,
                    "excluded": int(np.isin(state[names_of == metric].astype(str), _NO_VALUE).sum()),
                }
                | {
                    "published": math.nan if reference is None else reference.value,
                    "published_source": "" if reference is None else _cite(reference),
                    "published_protocol": "" if reference is None else reference.protocol,
                }
            )
    extra = ["options", "planned", "failed", "unsupported", "pending", "excluded", "published_protocol"]
    return pd.DataFrame(rows, columns=[*MEAN_COLUMNS, *extra])


_NO_VALUE = ("identical", "nan", "too small", "error")


def method_cards() -> dict[str, MethodCard]:
    """Cards of all built-in and installed methods, by name."""
    return {plugin.name: plugin.value.card for plugin in plugins.discover() if plugin.value is not None}


def published(card: MethodCard | None, row: dict[str, Any], metric: str) -> Published | None:
    """The published value to set beside a mean. The protocol's own comes first; the literature's other family is
    better than none, and is marked by its ``protocol``."""
    if card is None or row["degradation"] != "bicubic" or row["options"]:
        return None
    found = [
        entry
        for entry in card.published
        if (entry.dataset, entry.scale, entry.metric) == (row["dataset"], row["scale"], metric)
    ]
    found.sort(key=lambda entry: entry.protocol != row["protocol"])
    return found[0] if found else None


def _cite(entry: Published) -> str:
    return f"{entry.source} [protocol {entry.protocol}]"


def metric_order(name: str) -> tuple[int, str]:
    known = metrics.names()
    return (known.index(name) if name in known else len(known), name)


def dataset_order(name: str) -> tuple[int, str]:
    """Sort key that puts the standard datasets first, in their usual order."""
    known = list(dataset.manifests())
    return (known.index(name) if name in known else len(known), name)


def signed(value: float, places: int) -> str:
    """A difference with its sign; one that rounds to zero has a plus."""
    return f"{round(value, places) + 0.0:+.{places}f}"


def methods_by_score(table: pd.DataFrame) -> list[str]:
    """Methods of a table of means, best mean PSNR rank first; those without a score last, by name."""
    psnr = table[(table["metric"] == "psnr") & table["mean"].notna()]
    ranks = psnr.groupby(["dataset", "scale", "protocol", "degradation"])["mean"].rank(ascending=False)
    average = psnr.assign(rank=ranks).groupby("method")["rank"].mean()
    return sorted(table["method"].unique(), key=lambda m: (average.get(m, np.inf), m))
