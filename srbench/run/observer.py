"""What a run tells: to an observer while it goes on, and as a summary at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from signal import SIGINT
from typing import Protocol

from srbench.records import Canary, CellState, Outcome, Score, ScoreState, Timing
from srbench.run.plan import CellResult, CellTask


class Observer(Protocol):
    """Told what happens; the command line shows it. All calls come from the thread that called the run."""

    def note(self, text: str) -> None: ...

    def begin(self, total: int, known: int) -> None: ...

    def done(self, cell: CellTask, outcome: Outcome | None) -> None: ...


class Silent:
    """An observer that shows nothing."""

    def note(self, text: str) -> None: ...

    def begin(self, total: int, known: int) -> None: ...

    def done(self, cell: CellTask, outcome: Outcome | None) -> None: ...


@dataclass
class Summary:
    """How a run ended: how many cells there are, how many of each kind, and one line per failure.

    A cell whose image was scored but has a NaN is ``computed``, in the next run ``known``, and has a line in
    ``failures``. ``causes`` are those of the failures, each with the cells or timings that it concerns; ``unsupported``
    says why methods do not do what was asked, each with the cells. ``signal`` is what interrupted the run.

    While a run goes on these are in the order in which cells were done, which differs from run to run; see ``settle``.
    """

    run_id: int
    total: int
    known: int = 0
    computed: int = 0
    not_supported: int = 0
    failed: int = 0
    causes: dict[str, list[str]] = field(default_factory=dict)
    unavailable: list[str] = field(default_factory=list)  # metrics asked for by name, each with the reason
    canaries: list[Canary] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    unsupported: dict[str, list[str]] = field(default_factory=dict)
    handled: dict[str, list[str]] = field(default_factory=dict)  # how images were computed, by method, set and scale
    interrupted: bool = False
    gave_up: bool = False  # it was interrupted by the number of cells that failed
    signal: int = SIGINT

    @property
    def failures(self) -> list[str]:
        """One line per failure, those of one cause together."""
        return [f"{subject}: {cause}" for cause, subjects in self.causes.items() for subject in subjects]

    def fail(self, subject: str, cause: str) -> None:
        """Add a failure of a cell or a timing."""
        self.causes.setdefault(cause, []).append(subject)

    def refuse(self, subject: str, reason: str) -> None:
        """Add a cell that is not supported."""
        self.not_supported += 1
        self.unsupported.setdefault(reason, []).append(subject)

    def settle(self, plan: Iterable[CellTask]) -> None:
        """Put failures, what is not supported and what was handled in the order of the plan; timings come last."""
        place: dict[str, int] = {}
        for cell in plan:
            place.setdefault(str(cell), len(place))
            place.setdefault(_group(cell), len(place))
        self.causes = _in_order(self.causes, place)
        self.unsupported = _in_order(self.unsupported, place)
        self.handled = {group: self.handled[group] for group in sorted(self.handled, key=_at(place))}

    @property
    def left(self) -> int:
        """Cells that were not reached."""
        return self.total - self.known - self.computed - self.not_supported - self.failed

    @property
    def measured_nothing(self) -> bool:
        """Whether all that was asked for is not supported, so that there is no score of any method."""
        return self.total == self.not_supported > 0

    def count(self, cell: CellTask, result: CellResult) -> None:
        """Add the result of a cell."""
        outcome = result.outcome
        if outcome is not None and outcome.handling:
            self.handled.setdefault(_group(cell), []).append(outcome.handling)
        if outcome is not None and outcome.status == CellState.NOT_SUPPORTED:
            self.refuse(str(cell), outcome.message)
        elif outcome is not None and outcome.status == CellState.FAILED:
            self.failed += 1
            self.fail(str(cell), outcome.message)
        else:
            self.computed += 1
            for score in result.scores:
                if ScoreState(score.status).is_failure:
                    self.fail(str(cell), _complaint(score))


def _group(cell: CellTask) -> str:
    return f"{cell.facts.method} on {cell.facts.dataset} x{cell.scale}"


def _at(place: Mapping[str, int]) -> Callable[[str], int]:
    return lambda subject: place.get(subject, len(place))


def _in_order(reasons: Mapping[str, Sequence[str]], place: Mapping[str, int]) -> dict[str, list[str]]:
    """Subjects by their place, reasons by that of their first subject; what has none keeps its order, at the end."""
    ordered = {reason: sorted(subjects, key=_at(place)) for reason, subjects in reasons.items()}
    return dict(sorted(ordered.items(), key=lambda item: _at(place)(item[1][0])))


def _complaint(score: Score) -> str:
    reason = json.loads(score.extra or "{}").get("message", "")
    return f"{score.metric} is {score.status}" + (f": {reason}" if reason else "")
