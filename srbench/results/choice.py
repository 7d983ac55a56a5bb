"""Which part of a results folder is shown: methods, datasets, metrics, scales, protocols, degradations; in which order.

Tables, pages and exports apply it to the rows of :func:`srbench.results.leaderboard.per_image`, so that they all show
the same part and say the same of a name that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from srbench.errors import SrbenchError, UnknownNameError
from srbench.records import ScoreState
from srbench.results.described import Described

SORTS = ("value", "year", "name")
_CELL = ["method", "dataset", "scale", "protocol", "degradation", "image"]


@dataclass(frozen=True)
class Choice:
    """What is shown; of a kind of which nothing is named, everything.

    Attributes:
        methods: as they are called in tables ('edsr+'), or a name that stands for all its variants where no row has
            it alone. Several may stand in one text, with commas between; so in all that follow.
        sort: one of SORTS; empty: as each table has it by itself.

    Raises:
        SrbenchError: there is no such order.
    """

    methods: Sequence[str] = ()
    datasets: Sequence[str] = ()
    metrics: Sequence[str] = ()
    scales: Sequence[float] = ()
    protocols: Sequence[str] = ()
    degradations: Sequence[str] = ()
    sort: str = ""

    def __post_init__(self) -> None:
        if self.sort and self.sort not in SORTS:
            raise SrbenchError(f"unknown order '{self.sort}'", f"use one of {', '.join(SORTS)}")

    def of(self, images: pd.DataFrame) -> pd.DataFrame:
        """Those rows of :func:`srbench.results.leaderboard.per_image` that are chosen.

        Raises:
            UnknownNameError: a name that the folder does not have.
            SrbenchError: each name is there, but not together with the others.
        """
        kept = self._scaled(images)
        kinds = (
            ("protocol", self.protocols),
            ("degradation", self.degradations),
            ("dataset", self.datasets),
            ("method", self.methods),
        )
        for kind, wanted in kinds:
            if wanted:
                kept = _with(kept, kind, _named(kind, wanted, images), wanted)
        return self._measured(kept, images) if self.metrics else kept

    def arranged(self, methods: Iterable[Described]) -> list[Described]:
        """Methods in the chosen order; as they come, best first, unless another is. By year, those without one last."""
        if self.sort == "year":
            return sorted(methods, key=lambda method: (method.year == 0, method.year))
        if self.sort == "name":
            return sorted(methods, key=lambda method: method.label.casefold())
        return list(methods)

    def _scaled(self, images: pd.DataFrame) -> pd.DataFrame:
        if not self.scales:
            return images
        there = sorted(images["scale"].unique())
        for scale in self.scales:
            if scale not in there:
                known = ", ".join(f"x{own}" for own in there) or "none"
                raise SrbenchError(f"no results at x{scale}", f"there are: {known}")
        return images[images["scale"].isin(self.scales)]

    def _measured(self, kept: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
        """Rows of the chosen metrics, and of images without any score. An image on which only other metrics were
        measured keeps a row without a value, so that it counts among those that were planned."""
        names = _named("metric", self.metrics, images)
        wanted = kept["metric"].isin(names)
        if not wanted.any():
            raise _nothing("metric", self.metrics, kept)
        kept = kept.assign(metric=kept["metric"].where(wanted, ""), value=kept["value"].where(wanted))
        kept = kept.assign(has=wanted.groupby([kept[column] for column in _CELL]).transform("any"))
        first = ~kept.duplicated([*_CELL, "metric"])
        blank = (kept["metric"] == "") & ~kept["has"] & first
        no_score = blank & kept["status"].isin([state.value for state in ScoreState])
        kept = kept.assign(status=kept["status"].where(~no_score, ScoreState.OK.value))
        return kept[wanted | blank].drop(columns="has")


EVERYTHING = Choice()


def _with(kept: pd.DataFrame, kind: str, names: set[str], wanted: Sequence[str]) -> pd.DataFrame:
    left = kept[kept[kind].isin(names)]
    if left.empty:
        raise _nothing(kind, wanted, kept)
    return left


def _nothing(kind: str, wanted: Sequence[str], kept: pd.DataFrame) -> SrbenchError:
    there = sorted(set(kept[kind]) - {""})
    return SrbenchError(
        f"no results of {kind} {', '.join(wanted)} with the rest of what was asked for",
        f"there {'is' if len(there) == 1 else 'are'}: {', '.join(there) or 'none'}",
    )


def _named(kind: str, wanted: Sequence[str], images: pd.DataFrame) -> set[str]:
    """The values of a column that the texts name. A text that is a value itself is not split at its commas."""
    known = set(images[kind]) - {""}
    names = [part for text in wanted for part in ([text] if text in known else text.split(","))]
    found: set[str] = set()
    for name in (name.strip() for name in names):
        if name in known:
            found.add(name)
        elif kind == "method" and (variants := set(images.loc[images["plugin"] == name, "method"])):
            found |= variants
        elif name:
            raise UnknownNameError(kind, name, known)
    if not found:
        raise SrbenchError(f"an empty list of {kind}s", "give a name, or leave the option out")
    return found
