"""Scores that were computed more than once, on one machine or on several, and came out differently."""

from __future__ import annotations

import pandas as pd

from srbench.results.reader import Reader
from srbench.wording import counted


def contradicting(reader: Reader, images: pd.DataFrame) -> list[str]:
    """One line for every method and metric of which that is so.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives them; only what it holds is told.
    """
    twice = {(cell, metric): high - low for cell, metric, low, high in reader.rescored()}
    if not twice:
        return []
    own = images[[pair in twice for pair in zip(images["cell_id"], images["metric"], strict=True)]]
    lines = []
    for (method, metric), rows in own.groupby(["method", "metric"], sort=False):
        most = max(twice[cell, metric] for cell in rows["cell_id"])
        facts = reader.facts.metric(metric)
        lines.append(
            f"{counted(len(rows), f'{facts.title} value')} of {method} came out differently when computed again (by "
            f"{most:.2g}{' ' + facts.unit if facts.unit else ''} at most): the newest is shown"
        )
    return lines
