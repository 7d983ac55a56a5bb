"""What is to be known of the means of a folder before they are believed."""

from __future__ import annotations

import pandas as pd

from srbench.results.contradicting import contradicting
from srbench.results.kinds import mixed
from srbench.results.partial_clips import partial_clips
from srbench.results.reader import Reader
from srbench.results.slices import lacking


def cautions(reader: Reader, images: pd.DataFrame) -> list[str]:
    """Lines on slices that are missing, on clips that lack frames, on scores that came out differently when computed
    again, and on images that machines of several kinds computed.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives them; only what it holds is told.
    """
    runs, shown = reader.runs(), set(images["run_id"])
    return [
        *lacking(runs, shown),
        *partial_clips(runs, shown),
        *contradicting(reader, images),
        *mixed(reader, images),
    ]
