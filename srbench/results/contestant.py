"""One method of a results folder as it stands against another: its scores by image, and by what they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srbench.errors import UnknownNameError
from srbench.records import CellFacts, CellState, ScoreState, labels
from srbench.results.facts import Fallback, FolderFacts
from srbench.results.reader import CellRow, Reader, Run, ScoreRow
from srbench.results.view import View


@dataclass(frozen=True)
class Cell:
    """One image of the method. ``status`` is how it ended, a :class:`srbench.records.CellState`; ``run`` computed it,
    None where nobody did; ``scores`` are the newest, by metric."""

    facts: CellFacts
    status: CellState
    message: str
    sr_path: str
    handling: str
    run: int | None
    scores: Mapping[str, ScoreRow]


@dataclass(frozen=True)
class Contestant:
    """A method under its label, as tables show it ('edsr', 'edsr+ (tile 128)').

    ``cells``: by view and (dataset, image), of the newest run that planned the dataset, as reports show them.
    ``plugin``: its name without options.
    """

    label: str
    plugin: str
    folder: Path
    cells: Mapping[View, Mapping[tuple[str, str], Cell]]
    facts: FolderFacts
    runs: Mapping[int, Run]

    def all_cells(self) -> list[Cell]:
        return [cell for images in self.cells.values() for cell in images.values()]

    def only(self, datasets: frozenset[str], scales: frozenset[float]) -> Mapping[View, Mapping[tuple[str, str], Cell]]:
        """``cells`` of these datasets and scales; of all where none is named."""
        chosen = {
            view: {key: cell for key, cell in images.items() if not datasets or key[0] in datasets}
            for view, images in self.cells.items()
            if not scales or view.scale in scales
        }
        return {view: images for view, images in chosen.items() if images}


def load(folder: Path, label: str, fallback: Fallback | None = None) -> Contestant:
    """Read a method from a results folder.

    Args:
        fallback: as :class:`srbench.results.reader.Reader` takes it.

    Raises:
        StoreError: no results there, or they cannot be read.
        UnknownNameError: the folder has no method of that label.
    """
    with Reader(folder, fallback=fallback) as reader:
        rows = reader.cells()
        called = labels((row.method, row.options) for row in rows)
        own = [row for row in rows if called[row.method, row.options] == label]
        if not own:
            raise _unknown(folder, label, sorted(set(called.values())))
        cells = _cells(reader, own)
        runs = {run.id: run for run in reader.runs()}
        return Contestant(label, own[0].method, folder, cells, reader.facts, runs)


def _unknown(folder: Path, label: str, known: list[str]) -> UnknownNameError:
    """With what there is behind the nearest names, for a label may be a variant's."""
    error = UnknownNameError(f"method in '{folder}':", label, known)
    if not error.hint.startswith("known"):
        error.hint = f"{error.hint} Known: {', '.join(known)}"
    return error


def _cells(reader: Reader, own: list[CellRow]) -> dict[View, dict[tuple[str, str], Cell]]:
    numbers = {row.cell_id for row in own}
    facts = {planned.cell_id: planned.facts for planned in reader.planned() if planned.cell_id in numbers}
    computed = {outcome.cell_id: outcome.run_id for outcome in reader.outcomes() if outcome.cell_id in numbers}
    scores: dict[int, dict[str, ScoreRow]] = {}
    for score in reader.score_rows(extras=False):
        if score.cell_id in numbers:
            scores.setdefault(score.cell_id, {})[score.metric] = score
    found: dict[View, dict[tuple[str, str], Cell]] = {}
    for row in own:
        scored = scores.get(row.cell_id, {})
        found.setdefault(View(row.scale, row.protocol, row.degradation), {})[row.dataset, row.image] = Cell(
            facts[row.cell_id],
            _status(row.outcome, bool(scored)),
            row.message,
            row.sr_path,
            row.handling,
            computed.get(row.cell_id),
            scored,
        )
    return found


def _status(outcome: str, scored: bool) -> CellState:
    state = CellState(outcome) if outcome else CellState.PENDING
    return CellState.NOT_SCORED if state is CellState.OK and not scored else state


def lacks(cell: Cell | None, metric: str) -> str:
    """Why an image has no value by a metric, in words; empty where it has one."""
    if cell is None:
        return "not run"
    if metric not in cell.scores:
        return "not scored" if cell.status is CellState.OK else cell.status.word
    state = ScoreState(cell.scores[metric].status)
    return "" if state is ScoreState.OK else state.word


def manifests(contestant: Contestant) -> list[dict[str, Any]]:
    """Of the runs that computed its images, oldest first."""
    numbers = {cell.run for cell in contestant.all_cells() if cell.run is not None}
    return [contestant.runs[number].manifest for number in sorted(numbers) if number in contestant.runs]
