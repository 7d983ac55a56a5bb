"""The page of a head to head: one file, no script, no request."""

from __future__ import annotations

from dataclasses import dataclass

from srbench.report import versus
from srbench.report.html.originals import Originals
from srbench.report.html.templates import environment
from srbench.report.versus import Line, Shown
from srbench.report.versus_pictures import Trio, trios
from srbench.results import differing
from srbench.results.head_to_head import HeadToHead, Pairing
from srbench.results.leaderboard import signed
from srbench.results.view import View

WIDTH, HEIGHT, LEFT, EDGE = 760, 190, 84, 14  # of a chart, in its own units; LEFT holds the scale
RADIUS = 7  # of a dot
_APART = 16  # units from zero from which on the number at an end has room


@dataclass(frozen=True)
class Dot:
    """An image in a chart; ``kind``: won, lost or equal."""

    x: float
    y: float
    kind: str
    about: Shown


@dataclass(frozen=True)
class Chart:
    """The differences of a pairing, a dot for each image, those won most on the left."""

    title: str
    label: str
    zero: float
    ticks: list[tuple[float, str]]
    dots: list[Dot]


@dataclass(frozen=True)
class Section:
    """One scale, protocol and degradation. ``missing``: images of which there are no pictures, and why."""

    title: str
    summary: str
    lines: list[Line]
    charts: list[Chart]
    metric: str
    won: list[Trio]
    lost: list[Trio]
    missing: list[str]


def render(found: HeadToHead) -> str:
    """The page as a string; every text that comes from a user is escaped."""
    originals = Originals([*found.a.runs.values(), *found.b.runs.values()], found.facts)
    differ, alike = differing.split(differing.facts_of(found.a, found.b))
    return (
        environment()
        .get_template("versus.html.j2")
        .render(
            a=found.names[0],
            b=found.names[1],
            sections=[_section(found, view, originals) for view in found.views()],
            differ=differ,
            alike=alike,
            notes=found.notes,
            how=versus.HOW,
            size=(WIDTH, HEIGHT, LEFT, RADIUS),
        )
    )


def _section(found: HeadToHead, view: View, originals: Originals) -> Section:
    rows = found.of(view)
    first = rows[0]
    gains, order = first.gains, first.in_order()
    won, without = trios(first, found, [i for i in order[: versus.MOST] if gains[i] > 0], originals)
    lost, also = trios(first, found, [i for i in order[::-1][: versus.MOST] if gains[i] < 0], originals)
    leading = list({row.metric.name: row for row in reversed(rows)}.values())[::-1]  # each metric's first group
    return Section(
        view.title,
        versus.summary(found, view),
        [versus.line(row, found) for row in rows],
        [_chart(row, found) for row in leading],
        first.metric.title,
        won,
        lost,
        without + also,
    )


def _chart(pairing: Pairing, found: HeadToHead) -> Chart:
    """Of the values as they are: where lower is better, the images that were won lie below zero, and first."""
    differences = pairing.a - pairing.b
    low, high = min(0.0, float(differences.min())), max(0.0, float(differences.max()))
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return round(EDGE + (high - value) / span * (HEIGHT - 2 * EDGE), 2)

    order = pairing.in_order()
    step = (WIDTH - LEFT - EDGE) / len(order)
    kinds = {1: "won", -1: "lost", 0: "equal"}
    dots = [
        Dot(round(LEFT + (i + 0.5) * step, 2), y(float(differences[place])), kinds[_direction(pairing, place)], about)
        for i, place in enumerate(order)
        for about in [versus.shown(pairing, found, place)]
    ]
    places = pairing.metric.digits + 1
    ends = [(y(value), signed(value, places)) for value in sorted({low, high} - {0.0})]
    ticks = [(place, text) for place, text in ends if abs(place - y(0.0)) > _APART]
    won, lost, equal = pairing.record
    counts = f"{won} won, {lost} lost, {equal} equal" if pairing.metric.higher_is_better is not None else ""
    title = f"{versus.heading(pairing.metric)}, {versus.group_title(pairing, found)}"
    return Chart(title, counts, y(0.0), ticks, dots)


def _direction(pairing: Pairing, place: int) -> int:
    """1 where the image was won, -1 where it was lost, 0 where it is equal or nobody knows what is better."""
    gain = 0.0 if pairing.metric.higher_is_better is None else float(pairing.gains[place])
    return (gain > 0) - (gain < 0)
