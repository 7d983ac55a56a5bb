"""The charts of the page: points in a plane, rows of values, lines. Each names what it shows, and marks it by an id."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from srbench.report.html.plots import (
    FONT,
    GROUND,
    INK,
    MARKERS,
    SOFT,
    WIDTH,
    Area,
    Axis,
    Drawing,
    Mark,
    colour,
    wide,
)

_LONGEST = 28  # characters of a name in a drawing; its tip has the whole
_ROW = 15.0  # height of a row
RIGHT = 12.0  # free beside the axes
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Point:
    """One method in a plane. ``kind`` gives colour and marker; a bar goes from ``low`` to ``high`` along x."""

    label: str
    name: str
    kind: str
    x: float
    y: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One method in a chart of rows: its ``centre``, with a bar from ``low`` to ``high`` or a dot for each value; a
    ``faint`` one in grey."""

    label: str
    name: str
    kind: str
    centre: float
    text: str
    values: Sequence[float] = ()
    low: float | None = None
    high: float | None = None
    faint: bool = False


@dataclass(frozen=True)
class Course:
    """One method's line through (x, y)."""

    label: str
    name: str
    kind: str
    points: Sequence[tuple[float, float]]
    text: str


def plane(points: Sequence[Point], x: Axis, y: Axis, front: Sequence[bool] = (), *, steps: bool = False) -> Drawing:
    """A marker for each point, with its name where that lies on nothing else.

    Args:
        front: which points a dashed line joins, in the order of x; their names come first.
        steps: the line is level up to the next of them.
    """
    joined = np.asarray(front, bool) if len(front) else np.zeros(len(points), bool)
    positive = [x.place(value) for p in points for value in (p.x, p.low, p.high) if value]
    empty = min(positive, default=0.0) - 0.14 * max(max(positive, default=0.0) - min(positive, default=0.0), 1.0)
    xs = [x.place(p.x) if p.x or not x.none else empty for p in points]
    ys = [y.place(p.y) for p in points]
    area = Area(300, _span(xs + positive, 0.06, x.flip), _span(ys, 0.07, y.flip))
    _scales(area, x, y, empty if x.none and not all(p.x for p in points) else None)
    order = [i for i in sorted(range(len(points)), key=lambda i: (xs[i], ys[i])) if joined[i]]
    if len(order) > 1:
        style = {"drawstyle": "steps-post"} if steps else {}
        area.line([xs[i] for i in order], [ys[i] for i in order], SOFT, linestyle=(0, (3, 3)), linewidth=1.1, **style)
    for p, height in zip(points, ys, strict=True):
        if p.low is not None and p.high is not None:
            area.line([x.place(p.low), x.place(p.high)], [height, height], colour(p.kind), linewidth=1.6, alpha=0.6)
    for i, p in enumerate(points):
        _marker(area, xs[i], ys[i], p.kind, i)
    spots = [(area.across(a), area.down(b)) for a, b in zip(xs, ys, strict=True)]
    line = _along([spots[i] for i in order], steps) if len(order) > 1 else []
    for p, (_, down) in zip(points, spots, strict=True):
        if p.low is not None and p.high is not None:
            line.append((area.across(x.place(p.low)), down - 2, area.across(x.place(p.high)), down + 2))
    _name(area, spots, [p.name for p in points], joined, line)
    marks = [Mark(p.label, p.text, *spot) for p, spot in zip(points, spots, strict=True)]
    return area.drawn(f"{y.label} against {x.label}", marks)


def rows(lines: Sequence[Row], axis: Axis, *, zero: bool = False) -> Drawing:
    """A row for each method, the first at the top; all of the row is its mark. ``zero``: a line at 0."""
    left, bounds = rows_area(lines, axis, zero=zero)
    height = 52 + _ROW * len(lines)
    area = Area(height, bounds, (len(lines) - 0.5, -0.5), left=left, right=RIGHT, top=4)
    area.scale("x", *axis.ticks(*sorted(bounds)), axis.label)
    area.axes.set_yticks([])
    if zero:
        area.line([0, 0], [-0.5, len(lines) - 0.5], SOFT, linewidth=1)
    for i, row in enumerate(lines):
        own = SOFT if row.faint else colour(row.kind)
        if len(row.values):
            # One path of all dots, short strokes with round ends: an element for each makes browsers slow.
            x = np.column_stack([row.values, row.values, np.full(len(row.values), np.nan)]).ravel()
            y = i + np.tile([-0.16, 0.16, np.nan], len(row.values))
            area.line(x.tolist(), y.tolist(), own, linewidth=1.8, alpha=0.55, solid_capstyle="round")
        if row.low is not None and row.high is not None:
            area.line([row.low, row.high], [i, i], own, linewidth=1.6, alpha=0.6)
        area.text(left - 12, area.down(i), _short(row.name), INK, ha="right", va="center_baseline")
    for i, row in enumerate(lines):
        _marker(area, row.centre, i, row.kind, None, faint=row.faint)
    for i in range(len(lines)):  # above all else, and hardly to be seen: it answers to the pointer
        below, tall = 1 - (area.down(i) + _ROW / 2) / height, _ROW / height
        place = Rectangle(
            (0, below), 1, tall, transform=area.figure.transFigure, color=SOFT, alpha=0.01, lw=0, zorder=9
        )
        place.set_gid(str(i))
        area.figure.add_artist(place)
    return area.drawn(f"{axis.label} per method", [Mark(row.label, row.text) for row in lines])


def rows_area(lines: Sequence[Row], axis: Axis, *, zero: bool = False) -> tuple[float, tuple[float, float]]:
    """Where the axes of :func:`rows` begin in SVG units, and the values at their left and right ends."""
    extent = [value for row in lines for value in (*row.values, row.centre, row.low, row.high) if value is not None]
    left = 16 + max(wide(_short(row.name)) for row in lines)
    return left, _span([*extent, 0.0] if zero else extent, 0.04, axis.flip)


def courses(lines: Sequence[Course], x: Axis, y: Axis) -> Drawing:
    """A line for each method, named at its end."""
    names = [_short(line.name, 16) for line in lines]
    right = 26 + max(map(wide, names))
    every = [point for line in lines for point in line.points]
    height = max(300.0, 56 + 12.5 * len(lines))
    across = _span([point[0] for point in every], 0.01)
    area = Area(height, across, _span([point[1] for point in every], 0.05), right=right)
    _scales(area, x, y, None)
    for i, line in enumerate(lines):
        place, values = zip(*line.points, strict=True)
        dash = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))[i % 4]
        area.line(place, values, colour(line.kind), linewidth=1.6, linestyle=dash, gid=str(i))
    ends = [line.points[-1] for line in lines]
    heights = np.array([area.down(end[1]) for end in ends])
    order = np.argsort(heights, kind="stable")
    for i, place in zip(order, spread(heights[order], 12.5, area.top, height - area.bottom), strict=True):
        start = area.across(ends[i][0])
        outside = WIDTH - right + 16
        ends_x, ends_y = [(start + 2) / WIDTH, (outside - 3) / WIDTH], [1 - heights[i] / height, 1 - place / height]
        lead = Line2D(ends_x, ends_y, color=SOFT, linewidth=0.7, alpha=0.6, transform=area.figure.transFigure)
        area.figure.add_artist(lead)
        area.text(outside, place, names[i], INK, va="center_baseline", ha="left")
    return area.drawn(f"{y.label} against {x.label}", [Mark(line.label, line.text) for line in lines])


def _scales(area: Area, x: Axis, y: Axis, empty: float | None) -> None:
    """``empty``: where the column of what has nothing stands on the x axis; None for no such column."""
    low, high = sorted(area.x)
    places, labels = x.ticks(low if empty is None else empty + 1e-9, high)
    if empty is not None:
        close = (high - low) * 0.07
        kept = [i for i, place in enumerate(places) if place > empty + close]
        places, labels = [empty, *(places[i] for i in kept)], ["none", *(labels[i] for i in kept)]
    area.scale("x", places, labels, x.label)
    area.scale("y", *y.ticks(*sorted(area.y)), y.label)


def _marker(area: Area, x: float, y: float, kind: str, mark: int | None, *, faint: bool = False) -> None:
    shape = MARKERS.get(kind, MARKERS["own"])
    large = {"D": 6.5, "o": 7.5, "s": 7.0}.get(shape, 8.0)
    gid = {} if mark is None else {"gid": str(mark)}
    own = SOFT if faint else colour(kind)
    area.line([x], [y], own, marker=shape, markersize=large, mec=GROUND, mew=0.8, linestyle="none", **gid)


def _name(
    area: Area,
    spots: Sequence[tuple[float, float]],
    names: Sequence[str],
    joined: Sequence[bool] | np.ndarray,
    line: list[Box],
) -> None:
    """Those of ``joined`` first. A name that cannot keep off the boxes of ``line`` is left out, if it is not joined."""
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    within = (area.left - 6, area.top - 8, WIDTH - 1, area.height - area.bottom + 4)
    for i in sorted(range(len(spots)), key=lambda i: not joined[i]):
        name, others = _short(names[i]), [box for j, box in enumerate(taken) if j != i]
        found = beside(spots[i], name, others + line, within)
        if found is None and joined[i]:
            found = beside(spots[i], name, others, within)
        if found is not None:
            box, x, y, side = found
            taken.append(box)
            area.text(x, y, name, INK, ha=side, va="baseline")


def _along(spots: Sequence[tuple[float, float]], steps: bool) -> list[Box]:
    """Small boxes along a line through ``spots``."""
    corners = list(spots)
    if steps:
        corners = [corner for a, b in itertools.pairwise(spots) for corner in (a, (b[0], a[1]))] + [spots[-1]]
    found = []
    for (ax, ay), (bx, by) in itertools.pairwise(corners):
        count = math.ceil(math.hypot(bx - ax, by - ay) / 6)
        for k in range(1, count):
            x, y = ax + (bx - ax) * k / count, ay + (by - ay) * k / count
            found.append((x - 1.5, y - 1.5, x + 1.5, y + 1.5))
    return found


def beside(
    spot: tuple[float, float], name: str, taken: Sequence[Box], within: Box
) -> tuple[Box, float, float, str] | None:
    """Where the name of a point can stand so that it lies on none of ``taken``: its box, its place and its side; None
    if there is no room right, left, above or below."""
    length, (x, y) = wide(name), spot
    places = [(x + 7, y + 4, "left"), (x - 7, y + 4, "right"), (x, y - 8, "center"), (x, y + 15, "center")]
    places += [(x + 5, y + dy, "left") for dy in (-6, 13)] + [(x - 5, y + dy, "right") for dy in (-6, 13)]
    for left, base, side in places:
        start = left - {"left": 0.0, "center": length / 2, "right": length}[side]
        box = (start - 1, base - FONT + 1, start + length + 1, base + 2)
        inside = box[0] >= within[0] and box[1] >= within[1] and box[2] <= within[2] and box[3] <= within[3]
        if inside and not any(_overlap(box, other) for other in taken):
            return box, left, base, side
    return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _span(values: Sequence[float], spare: float, flip: bool = False) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = spare * (high - low) or max(abs(low) * 0.01, 0.5)
    return (high + pad, low - pad) if flip else (low - pad, high + pad)


def spread(places: np.ndarray, step: float, low: float, high: float) -> np.ndarray:
    """Sorted places moved apart to at least ``step``, as little as possible, and into ``low`` to ``high``."""
    offsets = step * np.arange(len(places))
    # Without the steps between them the places have to rise: neighbours that do not share their mean.
    blocks: list[tuple[float, int]] = []
    for place in places - offsets:
        total, count = float(place), 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    levels = np.array([total / count for total, count in blocks for _ in range(count)])
    found: np.ndarray = np.clip(levels, low, max(low, high - offsets[-1])) + offsets
    return found


def _short(name: str, longest: int = _LONGEST) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
