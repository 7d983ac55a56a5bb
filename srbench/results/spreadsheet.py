"""Tables as comma-separated values that a spreadsheet opens as what they are."""

from __future__ import annotations

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t")  # what begins a formula where a table is opened


def to_csv(frame: pd.DataFrame) -> str:
    """One header line and one line per row, numbers in full precision.

    A text (never a number) that would be a formula has an apostrophe before it: a method may be called
    ``=HYPERLINK(...)``.
    """
    safe = frame.copy()
    for column in safe.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in safe.dtypes]]:
        safe[column] = pd.Series([_as_text(value) for value in safe[column]], safe.index, dtype=object)
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text


def _as_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    value = value.replace("\r", "\\r")  # alone it ends a line for some readers, and pandas does not quote it
    return f"'{value}" if value.startswith(_FORMULA) else value
