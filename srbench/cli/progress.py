"""How a command shows that it goes on: bars with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from srbench.wording import counted, printable, significant

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    from srbench.records import Outcome
    from srbench.run.plan import CellTask

PLAIN_EVERY = 10.0  # seconds between lines where there is no terminal
BYTES = "B"  # a unit that is shown in millions
SECONDS = "seconds"  # a unit, shown as minutes and seconds


class Progress:
    """What is told of a command's work while it goes on."""

    def __init__(self, console: Console, bars: RichProgress | None = None, every: float = PLAIN_EVERY) -> None:
        self._console, self._bars, self._every = console, bars, every

    def say(self, text: str) -> None:
        """A line, wherever it is read."""
        self._console.print(text, markup=False)

    def plain(self, text: str) -> None:
        """A line where there is no terminal, which shows a bar instead."""
        if self._bars is None:
            self.say(text)

    def note(self, text: str) -> None:
        self._console.print(f"note: {text}", style="yellow", markup=False)

    def bar(
        self,
        title: str,
        total: int | None = None,
        done: int = 0,
        unit: str = "",
        line: Callable[[Bar], str] | None = None,
    ) -> Bar:
        """A new bar.

        Args:
            total: how much there is to do; None while it is not known.
            done: how much of it was done before, which does not count for the rate.
            unit: what is counted, or BYTES.
            line: the line for where there is no terminal; None for no lines.
        """
        return Bar(self, title, total, done, unit, line)


class Bar:
    """One count that goes on. Where there is no terminal, a line at most every some seconds."""

    def __init__(
        self,
        progress: Progress,
        title: str,
        total: int | None,
        done: int,
        unit: str,
        line: Callable[[Bar], str] | None,
    ) -> None:
        self.title, self.total, self.done, self.unit, self.facts = title, total, done, unit, ""
        self.first = done
        self._progress, self._line = progress, line
        self._start = self._last = time.monotonic()
        bars = progress._bars
        self._task = None if bars is None else bars.add_task(title, total=total, completed=done, count="", facts="")

    def update(
        self, done: int, title: str = "", facts: Callable[[], str] | None = None, *, at_once: bool = False
    ) -> None:
        """So much is done now.

        Args:
            title: a new title, if any.
            facts: what else is known at this point; called when it is shown.
            at_once: show the line though the last one was shown a moment ago.
        """
        self.done, self.title = done, title or self.title
        bars, now = self._progress._bars, time.monotonic()
        is_time = self._line is not None and (at_once or now - self._last >= self._progress._every)
        if facts is not None and (bars is not None or is_time):
            self.facts = facts()
        if bars is None and self._line is not None and is_time:
            self._last = now
            self._progress.say(self._line(self))
        elif bars is not None and self._task is not None:
            bars.update(
                self._task,
                description=self.title,
                total=self.total,
                completed=done,
                count=self._count(),
                facts=self.facts,
            )

    def close(self) -> None:
        """Take the bar from the terminal, if it is there."""
        if self._progress._bars is not None and self._task is not None:
            self._progress._bars.remove_task(self._task)
            self._task = None

    @property
    def rate(self) -> float:
        """Units a second since the bar was made."""
        return (self.done - self.first) / max(time.monotonic() - self._start, 1e-9)

    @property
    def seconds_left(self) -> float:
        """At the rate so far; infinite while nothing is done."""
        left = (self.total or self.done) - self.done
        return left / self.rate if self.rate > 0 else float("inf")

    def _count(self) -> str:
        if self.unit == SECONDS:
            of = "?" if self.total is None else _clock(self.total)
            return f"{_clock(self.done)} of {of}"
        if self.unit == BYTES:
            total = "?" if self.total is None else f"{self.total / 1e6:.1f}"
            return f"{self.done / 1e6:.1f}/{total} MB, {self.rate / 1e6:.1f} MB/s"
        total = "?" if self.total is None else f"{self.total}"
        return f"{self.done}/{total} {self.unit}, {significant(self.rate)}/s"


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


@contextmanager
def progress(console: Console, every: float = PLAIN_EVERY, *, transient: bool = True) -> Iterator[Progress]:
    """What a command shows on ``console`` while it works.

    Args:
        every: seconds between lines where there is no terminal.
        transient: whether bars vanish at the end.
    """
    if not console.is_terminal:
        yield Progress(console, None, every)
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[facts]}", markup=False),
    )
    with RichProgress(*columns, console=console, transient=transient) as bars:
        yield Progress(console, bars, every)


class CellProgress:
    """Shows the cells of a run or of scored images; an :class:`srbench.run.observer.Observer`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.bar("reading images")

    def note(self, text: str) -> None:
        self._progress.note(printable(text))

    def begin(self, total: int, known: int) -> None:
        self._bar.close()
        self._progress.plain(f"{counted(total, 'cell')}, {known} already there")
        self._bar = self._progress.bar("evaluating", total, known, "cells", _cells_left)

    def done(self, cell: CellTask, outcome: Outcome | None) -> None:
        self._bar.update(self._bar.done + 1, printable(f"{cell.facts.dataset}/{cell.facts.image} x{cell.scale}"))


def _cells_left(bar: Bar) -> str:
    return f"{bar.done}/{bar.total} cells, about {bar.seconds_left:.0f} s left"
