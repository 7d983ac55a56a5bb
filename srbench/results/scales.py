"""A table's column of scales: whole numbers, or Python's own numbers where some are not whole."""

from __future__ import annotations

import pandas as pd

from srbench.scale import number


def as_written(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with its column ``scale`` of int64, or of objects, int or float, where a scale is not whole: in a
    column of floats x4 would read x4.0. Changes ``frame``."""
    scales = frame["scale"]
    known = {scale: number(scale) for scale in scales.unique()}
    whole = all(isinstance(scale, int) for scale in known.values())
    frame["scale"] = scales.astype("int64") if whole else pd.Series(map(known.get, scales), scales.index, dtype=object)
    return frame


def alike(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables whose columns of scales have one type, as joining them needs."""
    if first["scale"].dtype == second["scale"].dtype:
        return first, second
    return first.astype({"scale": object}), second.astype({"scale": object})
