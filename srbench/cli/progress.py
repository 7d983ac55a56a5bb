"""Progress of a run: a bar with the time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from srbench.records import Outcome
from srbench.run.plan import CellTask

PLAIN_EVERY = 10.0  # seconds between lines where there is no terminal


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading images", total=None)

    def note(self, text: str) -> None:
        self._bar.console.print(f"note: {text}", style="yellow", markup=False)

    def begin(self, total: int, known: int) -> None:
        self._bar.update(self._task, total=total, completed=known, description="evaluating")

    def done(self, cell: CellTask, outcome: Outcome | None) -> None:
        self._bar.update(self._task, advance=1, description=f"{cell.facts.dataset}/{cell.facts.image} x{cell.scale}")


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._done = self._at_start = 0
        self._start = self._last = time.monotonic()

    def note(self, text: str) -> None:
        self._console.print(f"note: {text}", markup=False)

    def begin(self, total: int, known: int) -> None:
        self._total, self._done, self._at_start = total, known, known
        self._start = self._last = time.monotonic()
        self._console.print(f"{total} cells, {known} already there")

    def done(self, cell: CellTask, outcome: Outcome | None) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last >= PLAIN_EVERY:
            self._last = now
            rate = (now - self._start) / (self._done - self._at_start)
            left = rate * (self._total - self._done)
            self._console.print(f"{self._done}/{self._total} cells, about {left:.0f} s left")


@contextmanager
def progress(console: Console) -> Iterator[_Bar | _Lines]:
    """An observer for :func:`srbench.run.runner.run` that fits ``console``."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar)
