"""Progress: bars with rate and time left on a terminal, plain lines elsewhere."""

import io
import re

import pytest
from rich.console import Console

from srbench.cli import progress as module
from srbench.cli.fetch import _Downloads
from srbench.cli.progress import BYTES, CellProgress, Progress, progress


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def shown():
    """Enters :func:`progress` for a console, and gives what was written to it without colours."""

    def call(use, terminal, **options):
        stream = io.StringIO()
        with progress(Console(file=stream, force_terminal=terminal, width=120), **options) as shown:
            use(shown)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())

    return call


def test_a_line_now_and_then_with_the_time_left_at_the_rate_so_far(shown, clock):
    def use(shown):
        bar = shown.bar("work", 110, 10, line=lambda bar: f"{bar.done}/{bar.total}, {bar.seconds_left:.0f} s left")
        for done in (11, 12, 13, 14):
            clock.now += 4
            bar.update(done)
        clock.now += 1
        bar.update(15, at_once=True)
        bar.close()

    assert shown(use, False).splitlines() == ["13/110, 388 s left", "15/110, 323 s left"]


def test_facts_are_asked_for_only_when_they_are_shown(shown, clock):
    asked = []

    def use(shown):
        bar = shown.bar("work", 4, line=lambda bar: f"{bar.done}: {bar.facts}")
        for done in (1, 2, 3):
            clock.now += 6
            bar.update(done, facts=lambda done=done: asked.append(done) or f"loss {done}")

    assert shown(use, False) == "2: loss 2\n"
    assert asked == [2]


def test_a_bar_shows_count_rate_and_facts(shown, clock):
    def use(shown):
        bar = shown.bar("[work]", 20, 10, "steps")
        clock.now += 2
        bar.update(15, "[more] work", lambda: "loss 0.5")
        shown.note("look: [red]")
        shown.plain("only where there is no terminal")

    text = shown(use, True, transient=False)
    assert re.search(r"\[more\] work .*15/20 steps, 2\.5/s .*loss 0\.5", text)
    assert "note: look: [red]" in text
    assert "no terminal" not in text


def test_bytes_are_counted_in_millions(shown, clock):
    def use(shown):
        bar = shown.bar("a.zip", None, 1_000_000, BYTES)
        clock.now += 2
        bar.update(2_000_000)
        shown.note("before")
        bar.total = 9_000_000
        bar.update(4_000_000)

    text = shown(use, True, transient=False)
    assert "4.0/9.0 MB, 1.5 MB/s" in text


def test_a_bar_may_be_closed_twice_as_pooch_does(shown):
    def use(shown):
        bar = shown.bar("work", 2)
        bar.update(1)
        assert len(shown._bars.tasks) == 1
        bar.close()
        bar.close()
        bar.update(2)
        assert shown._bars.tasks == []

    assert "1/2" not in shown(use, True, transient=False).splitlines()[-1]


def test_cells_as_lines(clock):
    stream = io.StringIO()
    cells = CellProgress(Progress(Console(file=stream, width=120)))
    cells.note("a note")
    cells.begin(12, 2)
    for _ in range(3):
        clock.now += 5
        cells.done(Cell, None)
    assert stream.getvalue().splitlines() == [
        "note: a note",
        "12 cells, 2 already there",
        "4/12 cells, about 40 s left",
    ]


class Cell:
    scale = 2

    class facts:  # noqa: N801
        dataset, image = "set5", "baby"


def test_cells_as_a_bar(shown):
    def use(shown):
        cells = CellProgress(shown)
        cells.begin(12, 2)
        cells.done(Cell, None)

    text = shown(use, True, transient=False)
    assert re.search(r"set5/baby x2 .*3/12 cells", text)
    assert "already there" not in text
    assert "reading images" not in text.splitlines()[-1]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_download_that_goes_on_where_it_was(shown, clock, terminal):
    def use(shown):
        connection = _Downloads(shown).bar("a.zip", 3_000_000)
        connection.total = 6_000_000
        clock.now += 11
        connection.update(4_000_000)
        connection.update(4_000_000)  # the last piece counts whole
        if terminal:
            shown.note("still there")
            return
        connection.reset()
        connection.update(6_000_000)
        connection.close()
        connection.close()

    text = shown(use, terminal, transient=False)
    assert "a.zip: going on after 3.0 MB\n" in text
    assert ("9.0/9.0 MB, 0.5 MB/s" if terminal else "a.zip: 7 of 9 MB\n") in text
