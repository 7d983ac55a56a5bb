"""What is never averaged together: values of one scale, protocol and degradation are a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from srbench.records import NO_DEGRADATION
from srbench.scale import number


class View(NamedTuple):
    """One scale, protocol and degradation."""

    scale: float
    protocol: str
    degradation: str

    @classmethod
    def of(cls, key: Sequence[Any]) -> View:
        """Of a key of ``groupby(VIEW)``, in which whole scales may be floats."""
        return cls(number(key[0]), *key[1:])

    def __str__(self) -> str:
        return f"x{self.scale}, {self.protocol}, {self.degradation if self.has_originals else 'no original'}"

    @property
    def title(self) -> str:
        """Above a table or a picture: '×4, protocol basicsr, degradation bicubic'."""
        return f"×{self.scale}, protocol {self.protocol}, {self.made}"  # noqa: RUF001

    @property
    def made(self) -> str:
        """How its LR images came about, in words."""
        return f"degradation {self.degradation}" if self.has_originals else "without an original"

    @property
    def has_originals(self) -> bool:
        """Whether there are HR images that SR images can be compared with."""
        return self.degradation != NO_DEGRADATION

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those of a frame with the columns VIEW."""
        for column, value in zip(VIEW, self, strict=True):
            frame = frame[frame[column] == value]
        return frame


VIEW = list(View._fields)
