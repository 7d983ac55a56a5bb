"""The perception-distortion plane (Blau and Michaeli 2018), and what raters said, from per-image rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from srbench.metrics.raters import interval, rejected, subject_model
from srbench.records import ScoreState
from srbench.results.clips import by_clip, clip_of
from srbench.results.leaderboard import GROUP
from srbench.results.scales import as_written
from srbench.scale import number


def perception_distortion(images: pd.DataFrame, perception: str = "lpips") -> pd.DataFrame:
    """Where each method stands: GROUP, ``distortion``, ``perception``, ``n``; lower is better for both.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` returns them.
        perception: a metric of which lower is better.

    Returns:
        one row per group with images that have both: the mean over images of the RMSE on Y in grey levels, which is
        255 / 10^(PSNR / 20) and 0 for identical images, and the mean of ``perception``.
    """
    key = [*GROUP, "image"]
    psnr = images[(images["metric"] == "psnr") & images["status"].isin([ScoreState.OK, ScoreState.IDENTICAL])]
    rmse = psnr[key].assign(distortion=255 / 10 ** (psnr["value"].fillna(np.inf) / 20))
    other = images[(images["metric"] == perception) & (images["status"] == ScoreState.OK)]
    both = rmse.merge(other[[*key, "value"]].rename(columns={"value": "perception"}), on=key)
    both["image"] = [clip_of(image) or image for image in both["image"]]
    each = both.groupby([*GROUP, "image"], sort=False)[["distortion", "perception"]].mean()  # a clip's mean first
    means = each.groupby(GROUP, sort=False).mean()
    means["n"] = both.groupby(GROUP, sort=False).size()
    return as_written(means.reset_index())


def opinions(images: pd.DataFrame, metric: str) -> list[dict[str, Any]]:
    """What a simulated MOS says of each group's images as a whole, and one draw of its raters.

    Per group: ``mos``, the mean of the scores. Of the draw: ``drawn``, the mean of its ratings; ``rater_low`` and
    ``rater_high``, the 95% interval over raters of their mean ratings; ``corrected``, the estimate of the P.913 subject
    model, and ``rejected``, how many raters BT.500 screens out (both null for a single image). A clip is one stimulus,
    which a rater gives the mean of the ratings of its frames.
    """
    own = images[(images["metric"] == metric) & (images["status"] == ScoreState.OK) & (images["extra"] != "")]
    result = []
    for key, group in own.groupby(GROUP, sort=False):
        rated = [json.loads(text).get("ratings", []) for text in group["extra"]]
        if len({len(own) for own in rated}) != 1 or not rated[0]:
            continue  # other raters, or none: nothing that they said of all images
        names = group["image"].tolist()
        ratings = by_clip(np.array(rated).T, names)  # (raters, images): of a clip, its frames' mean
        several = ratings.shape[1] > 1
        low, high = interval(ratings.mean(axis=1))
        result.append(
            dict(zip(GROUP, key, strict=True))
            | {"scale": number(key[GROUP.index("scale")])}
            | {"metric": metric, "mos": float(pd.Series(by_clip(group["value"].to_numpy(float), names)).mean())}
            | {"drawn": float(ratings.mean()), "rater_low": low, "rater_high": high}
            | {"corrected": float(subject_model(ratings).quality.mean()) if several else None}
            | {"rejected": len(rejected(ratings)) if several else None}
        )
    return result
