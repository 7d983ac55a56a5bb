"""Figures of the report, as inline SVG, and the learning curve of a training. Colours are variables of the page's style
sheet, so that they follow its light and dark; text stays text."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Stand-ins that matplotlib draws with; in the SVG they become variables of the style sheet.
INK = "#5c6671"
_VARIABLES = {
    INK: "var(--plot-ink)",
    "#0072b3": "var(--plot-1)",
    "#d55e01": "var(--plot-2)",
    "#009e74": "var(--plot-3)",
}
# Okabe and Ito's palette, told apart by people who see few colours, with a marker for those who see none.
COLOURS = ("#0072b3", "#d55e01", "#009e74", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")
_WIDTH = 7.2  # inches
DASHES = ("-", "--", "-.", ":")


def means_with_intervals(
    names: Sequence[str], mean: Sequence[float], low: Sequence[float], high: Sequence[float], label: str
) -> str:
    """One dot per method with its interval, the first at the top. Returns an <svg> element."""
    rows = np.arange(len(names))[::-1]
    figure, axes = _rows(names)
    values = np.asarray(mean, float)
    error = np.nan_to_num(np.vstack([values - np.asarray(low, float), np.asarray(high, float) - values]))
    axes.errorbar(values, rows, xerr=error, fmt="o", color=COLOURS[0], ecolor=INK, elinewidth=1.2, capsize=3)
    axes.set_xlabel(label)
    return _svg(figure, f"{label} per method with 95% intervals")


def distribution(names: Sequence[str], values: Sequence[Sequence[float]], label: str) -> str:
    """Per method a box (quartiles, median) and a dot per image, the first method at the top."""
    rows = np.arange(len(names))[::-1]
    figure, axes = _rows(names)
    jitter = np.random.default_rng(0)
    y = [row + jitter.uniform(-0.22, 0.22, len(own)) for row, own in zip(rows, values, strict=True)]
    low, median, high = np.array([np.percentile(own, [25, 50, 75]) for own in values]).T
    top, bottom = rows - 0.3, rows + 0.3
    # One path of all dots, short strokes with round ends, and one of all boxes: an element for each makes browsers
    # slow, and drawing.
    dots = (np.concatenate([np.asarray(own, float) for own in values]), np.concatenate(y))
    ends = _strokes((dots[0], dots[1]), (dots[0], dots[1] + 0.01))
    axes.plot(*ends, color=COLOURS[0], alpha=0.6, linewidth=3.2, solid_capstyle="round")
    corners = ((low, top), (high, top), (high, bottom), (low, bottom), (low, top))
    axes.plot(*_strokes(*corners), color=INK, linewidth=1, solid_joinstyle="miter")
    axes.plot(*_strokes((median, top), (median, bottom)), color=COLOURS[1], linewidth=2)
    axes.set_xlabel(label)
    return _svg(figure, f"{label} of every image, per method")


def _strokes(*points: tuple[NDArray[Any], NDArray[Any]]) -> tuple[NDArray[Any], ...]:
    """x and y of one line that goes through the i-th of all ``points``, then has a gap, for every i in turn."""
    gap = np.full(len(points[0][0]), np.nan)
    return tuple(np.column_stack([*(point[axis] for point in points), gap]).ravel() for axis in (0, 1))


def plane(
    names: Sequence[str],
    x: Sequence[float],
    y: Sequence[float],
    labels: tuple[str, str],
    *,
    log: bool = False,
    front: Sequence[bool] = (),
    flip: bool = False,
) -> str:
    """One labelled dot per method; those of ``front`` are filled and joined.

    Args:
        labels: of the two axes.
        log: a logarithmic x axis.
        flip: the x axis runs to the left, for quantities of which less is better.
    """
    figure, axes = _axes(len(names), _beside(names))
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    chosen = np.asarray(front, bool) if len(front) else np.zeros(len(xs), bool)
    if log:
        axes.set_xscale("log")
    order = [i for i in np.argsort(xs) if chosen[i]]
    axes.plot(xs[order], ys[order], "--", color=COLOURS[1], linewidth=1.2)
    axes.plot(xs[~chosen], ys[~chosen], "o", color=COLOURS[0], fillstyle="none" if chosen.any() else "full")
    axes.plot(xs[chosen], ys[chosen], "s", color=COLOURS[1])
    if flip:
        axes.invert_xaxis()
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.margins(0.06, 0.1)
    _name_at_the_right(axes, names, xs, ys)
    return _svg(figure, f"{labels[1]} against {labels[0]}")


def agreement(groups: Mapping[str, Sequence[tuple[float, float]]], labels: tuple[str, str]) -> str:
    """Pairs (x, y) that should be equal, on the diagonal; one colour and marker per group."""
    figure, axes = _axes(12)
    every = [value for pairs in groups.values() for pair in pairs for value in pair]
    low, high = min(every), max(every)
    pad = 0.05 * (high - low) or 1.0
    axes.plot([low - pad, high + pad], [low - pad, high + pad], "-", color=INK, linewidth=1)
    for (name, pairs), colour, marker in zip(groups.items(), COLOURS * 3, MARKERS * 3, strict=False):
        x, y = zip(*pairs, strict=True)
        axes.plot(x, y, marker, color=colour, markersize=6, fillstyle="none", markeredgewidth=1.6, label=_plain(name))
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.legend(frameon=False, labelcolor=INK)
    return _svg(figure, f"{labels[1]} against {labels[0]}")


def curves(lines: Mapping[str, Sequence[tuple[float, float]]], labels: tuple[str, str]) -> str:
    """One line per name through its (x, y)."""
    figure, axes = _axes(12, _beside(list(lines)))
    ends = []
    for i, points in enumerate(lines.values()):
        x, y = zip(*points, strict=True)
        dash, marker = DASHES[i // len(COLOURS) % len(DASHES)], MARKERS[i % len(MARKERS)]
        axes.plot(x, y, dash, color=COLOURS[i % len(COLOURS)], linewidth=1.6, marker=marker, markersize=4)
        ends.append((x[-1], y[-1]))
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    _name_at_the_right(axes, list(lines), *np.array(ends, float).T)
    return _svg(figure, f"{labels[1]} against {labels[0]}")


def learning_curve(title: str, steps: Sequence[float], psnr: Sequence[float], loss: Sequence[float]) -> str:
    """Validation PSNR (dB) above training loss, over steps. Returns an SVG file that stands alone."""
    figure = Figure(figsize=(_WIDTH, 5.0))
    figure.subplots_adjust(left=1.0 / _WIDTH, right=0.96, bottom=0.11, top=0.93)
    panels = figure.subplots(2, 1, sharex=True)
    labels = ("validation PSNR (dB)", "training loss")
    for axes, values, label, colour, marker in zip(panels, (psnr, loss), labels, COLOURS, MARKERS, strict=False):
        axes.plot(steps, values, color=colour, linewidth=1.6, marker=marker, markersize=4)
        axes.set_ylabel(label)
        axes.grid(color=INK, alpha=0.25)
        _dress(axes, ("top", "right"))
    panels[0].set_title(_plain(title), color=INK, fontsize=11)
    panels[1].set_xlabel("step")
    figure.align_ylabels()
    return _svg(figure, f"Learning curve of {title}", alone=True)


def pareto(cost: Sequence[float], quality: Sequence[float]) -> list[bool]:
    """Which are on the front: no other is at least as good in both (lower cost, higher quality) and better in one.

    >>> pareto([1, 2, 3], [10, 30, 20])
    [True, True, False]
    """
    points = list(zip(cost, quality, strict=True))
    return [not any(c <= a and q >= b and (c, q) != (a, b) for c, q in points) for a, b in points]


def _rows(names: Sequence[str]) -> tuple[Figure, Axes]:
    height = 0.9 + 0.3 * len(names)
    figure = Figure(figsize=(_WIDTH, height))
    left = 0.25 + 0.085 * max((len(_short(name)) for name in names), default=1)
    # Margins by hand: matplotlib's layout engines draw everything twice to find them.
    figure.subplots_adjust(left=left / _WIDTH, right=0.98, bottom=0.6 / height, top=1 - 0.08 / height)
    axes = figure.add_subplot()
    axes.set_yticks(np.arange(len(names))[::-1], [_plain(_short(name)) for name in names])
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(axis="x", color=INK, alpha=0.25)
    _dress(axes, ("top", "right", "left"))
    axes.tick_params(axis="y", length=0)
    return figure, axes


def _axes(lines: int, right: float = 0.15) -> tuple[Figure, Axes]:
    """``right``: width in inches that is kept free for names beside the axes."""
    height = max(4.2, 0.24 * lines + 1)
    figure = Figure(figsize=(_WIDTH, height))
    figure.subplots_adjust(left=0.8 / _WIDTH, right=1 - right / _WIDTH, bottom=0.6 / height, top=1 - 0.1 / height)
    axes = figure.add_subplot()
    axes.grid(color=INK, alpha=0.25)
    _dress(axes, ("top", "right"))
    return figure, axes


def _dress(axes: Axes, hidden: Sequence[str]) -> None:
    axes.tick_params(which="both", colors=INK)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for name, spine in axes.spines.items():
        spine.set_visible(name not in hidden)
        spine.set_color(INK)


def _name_at_the_right(axes: Axes, names: Sequence[str], xs: np.ndarray, ys: np.ndarray) -> None:
    """Names in a column beside the axes, each with a thin line to its dot: none lies on another."""
    axes.autoscale_view()
    height = axes.bbox.height / axes.figure.dpi * 72
    step = min(13.0 / height, 1 / max(len(names), 1))
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = to_axes.transform(np.column_stack([xs, ys]))[:, 1]
    order = np.argsort(heights)
    places = _spread(heights[order], step)
    for i, place in zip(order, places, strict=True):
        axes.annotate(
            _plain(_short(names[i])),
            (xs[i], ys[i]),
            xytext=(1.03, place),
            textcoords="axes fraction",
            va="center",
            ha="left",
            fontsize=9,
            color=INK,
            arrowprops={"arrowstyle": "-", "color": INK, "alpha": 0.45, "linewidth": 0.7, "shrinkB": 3},
            annotation_clip=False,
        )


def _beside(names: Sequence[str]) -> float:
    return 0.45 + 0.08 * max((len(_short(name)) for name in names), default=1)


def _spread(heights: np.ndarray, step: float) -> np.ndarray:
    """Sorted heights in [0, 1] moved apart to at least ``step``, as little as possible."""
    places = heights.copy()
    for _ in range(200):
        moved = False
        for i in range(len(places) - 1):
            gap = step - (places[i + 1] - places[i])
            if gap > 1e-6:
                places[i] -= gap / 2
                places[i + 1] += gap / 2
                moved = True
        if not moved:
            break
    places += max(0.0, -places.min(initial=0.0))
    places -= max(0.0, places.max(initial=1.0) - 1.0)
    return places


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27] + "…"


def _plain(name: str) -> str:
    return name.replace("$", r"\$")  # matplotlib would read it as mathematics


def _svg(figure: Figure, title: str, alone: bool = False) -> str:
    """``alone``: a file with colours and a background of its own, not part of a page."""
    stream = io.StringIO()
    # A fixed salt and no date: the same results give the same page.
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif", "path.simplify": False}
    ):
        figure.savefig(stream, format="svg", transparent=not alone, metadata={"Date": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for stand_in, variable in {} if alone else _VARIABLES.items():
        svg = svg.replace(stand_in, variable)
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def with_own_ids(svg: str, key: str) -> str:
    """An <svg> whose ids begin with ``key``, so that several can stand in one page."""
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'href="#', f'href="#{key}-', svg)
    return svg.replace("url(#", f"url(#{key}-")
