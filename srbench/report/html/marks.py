"""Why a number is less than it seems, or is not there: the marks of the leaderboard, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from srbench.records import CellState, ScoreState, TrainingFacts
from srbench.results.handling import remarks
from srbench.results.leaderboard import of_images
from srbench.wording import counted

# States without a value, the gravest first.
STATES: tuple[CellState | ScoreState, ...] = (
    CellState.FAILED,
    ScoreState.ERROR,
    CellState.NOT_SUPPORTED,
    CellState.PENDING,
    CellState.NOT_SCORED,
    ScoreState.TOO_SMALL,
    ScoreState.NAN,
    ScoreState.IDENTICAL,
)
_MEANING = {
    CellState.PENDING: "planned, but not computed: the run was interrupted or is going on",
    CellState.NOT_SCORED: "computed, but none of the metrics that the run asked for could be measured",
    ScoreState.TOO_SMALL: "the images are smaller than the metric's window",
    ScoreState.NAN: "the metric is NaN",
    ScoreState.ERROR: "the metric failed",
    ScoreState.IDENTICAL: "the output equals the original, PSNR is infinite",
}


@dataclass(frozen=True)
class Mark:
    """One word and the reason behind it."""

    word: str
    reason: str

    @property
    def kind(self) -> str:
        """For the style sheet: bad, warn or soft."""
        return _KINDS.get(self.word, "soft")


_KINDS = {
    **dict.fromkeys(("failed", "NaN", "out of range", "black"), "bad"),
    **dict.fromkeys(("partial", "in tiles"), "warn"),
}


def of_cells(cells: pd.DataFrame) -> list[Mark]:
    """Marks of one method's cells in one table, one per reason: '3 images of set5: ValueError: ...'."""
    found: list[Mark] = []
    without = (cells["status"] != CellState.OK).to_numpy()
    if not without.any():
        return found
    cells = cells[without]
    present = set(cells["status"])
    for state in (state for state in STATES if state in present):
        own = cells[cells["status"] == state]
        for (dataset, message), group in own.groupby(["dataset", "message"], sort=False):
            metrics = [metric for metric in group["metric"].unique() if metric]
            where = f"{counted(group['image'].nunique(), 'image')} of {dataset}"
            if metrics:
                where += f" ({', '.join(metrics)})"
            found.append(Mark(state.word, f"{where}: {message or _MEANING.get(state, state.value)}"))
    return found


def reason(cells: pd.DataFrame) -> Mark | None:
    """The gravest status of cells that have no value at all; None where there are no cells."""
    status = cells["status"].tolist()
    for state in STATES:
        if state in status:
            message = next(
                (text for text, own in zip(cells["message"], status, strict=True) if text and own == state), ""
            )
            return Mark(state.word, message or _MEANING.get(state, state.value))
    return None


def of_handling(cells: pd.DataFrame) -> list[Mark]:
    """What is to be known of how one method's cells were computed, by dataset."""
    found: list[Mark] = []
    told = (cells["handling"] != "").to_numpy()
    if not told.any():
        return found
    for dataset, group in cells[told].groupby("dataset", sort=False):
        for remark in remarks(of_images(group)):
            where = f"{remark.images} image{'s' if remark.images > 1 else ''} of {dataset}"
            found.append(Mark(remark.word, f"{where}: {remark.reason}"))
    return found


def of_training(training: TrainingFacts | None) -> list[Mark]:
    """What is to be known of the training of a method's weights: that they were trained to look alike in the features
    of a network, which it names."""
    if training is None or not training.content_features:
        return []
    names = " and ".join(training.content_features)
    return [Mark("features", f"these weights were trained on a distance between features: {names}")]
