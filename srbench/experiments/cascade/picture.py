"""PSNR over multiply-adds, one panel a question: what costs as much stands above one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.experiments.cascade.contestants import QUESTIONS
from srbench.experiments.cascade.study import Row, Study
from srbench.files import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GIGA = 1e9
_KINDS = {  # colour (Okabe and Ito: told apart by all eyes) and mark
    "a part alone": ("#666666", "o"),
    "in series": ("#0072b2", "s"),
    "one network that costs as much": ("#d55e00", "D"),
}
_LEFT, _RIGHT, _ABOVE = 0.6, 2.4, 0.35  # room around the points, in ranges of Mult-Adds and PSNR: names are long
_LINE = 0.07  # of the height of a panel, that a name takes


def write_picture(path: Path, study: Study) -> None:
    """Write a PNG; PSNR is the mean over the first dataset."""
    from matplotlib.figure import Figure  # late: it takes a second
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(14, 4.6), dpi=100, layout="constrained")
    for axes, question in zip(figure.subplots(1, len(QUESTIONS)), QUESTIONS, strict=True):
        _draw(axes, study, question.title)
    marks = [Line2D([], [], color=colour, marker=mark, linestyle="") for colour, mark in _KINDS.values()]
    figure.legend(marks, list(_KINDS), loc="outside lower center", ncols=len(_KINDS), frameon=False)
    with replace_file(path) as stream:
        figure.savefig(stream, format="png", metadata={"Software": None})


def _draw(axes: Axes, study: Study, title: str) -> None:
    dataset, rows = study.datasets[0], study.of(title)
    costs, values = [row.mult_adds / _GIGA for row in rows], [row.mean(dataset) for row in rows]
    room = _ABOVE * max(max(values) - min(values), 0.1)
    low, high = min(values) - room, max(values) + room
    cheap = [cost < (min(costs) * max(costs)) ** 0.5 for cost in costs]
    beside = iter(apart([v for v, below in zip(values, cheap, strict=True) if not below], _LINE * (high - low)))
    for row, cost, value, below in zip(rows, costs, values, cheap, strict=True):
        colour, mark = _KINDS[_kind(study, row)]
        axes.plot(cost, value, mark, color=colour)
        axes.annotate(
            f"{row.spec}  {value:.2f}",
            (cost, value),
            xytext=(0, -14) if below else (8, next(beside)),  # out of each other's way
            textcoords="offset points" if below else ("offset points", "data"),
            ha="center" if below else "left",
            va="center",
            color=colour,
        )
    axes.set_xscale("log")
    ratio = max(costs) / min(costs)
    axes.set_xlim(min(costs) / ratio**_LEFT, max(costs) * ratio**_RIGHT)
    axes.set_ylim(low, high)
    axes.set_title(title)
    axes.set_xlabel("Mult-Adds for 1280x720, billions")
    axes.set_ylabel(f"mean PSNR on {dataset}, dB")
    axes.grid(alpha=0.3, which="both")


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Heights in the same order, each at least ``least`` above the one below it: pairs that are nearer give way to both
    sides.

    >>> apart([2.0, 1.0], 0.5), apart([1.1, 1.0], 0.5)
    ([2.0, 1.0], [1.3, 0.8])
    """
    groups: list[list[float]] = []  # of heights that stand one above the other around their mean
    for height in sorted(heights):
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], least) - _top(groups[-2], least) < least:
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = iter(_bottom(group, least) + place * least for group in groups for place in range(len(group)))
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    found = dict(zip(order, placed, strict=True))
    return [found[i] for i in range(len(heights))]


def _bottom(group: Sequence[float], least: float) -> float:
    return sum(group) / len(group) - (len(group) - 1) * least / 2


def _top(group: Sequence[float], least: float) -> float:
    return _bottom(group, least) + (len(group) - 1) * least


def _kind(study: Study, row: Row) -> str:
    """The key of _KINDS: parts cost less than what they are put together to."""
    alone, series, rival = _KINDS
    if row == study.rival(row):
        return rival
    return series if row.mult_adds >= study.rival(row).mult_adds * 0.99 else alone
