"""PSNR over multiply-adds, one panel a question: what costs as much stands above one another."""

from __future__ import annotations

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
    for row, cost, value in zip(rows, costs, values, strict=True):
        colour, mark = _KINDS[_kind(study, row)]
        axes.plot(cost, value, mark, color=colour)
        cheap = cost < (min(costs) * max(costs)) ** 0.5
        axes.annotate(
            f"{row.spec}  {value:.2f}",
            (cost, value),
            xytext=(0, -14) if cheap else (8, 0),  # out of each other's way
            textcoords="offset points",
            ha="center" if cheap else "left",
            va="center",
            color=colour,
        )
    axes.set_xscale("log")
    ratio = max(costs) / min(costs)
    axes.set_xlim(min(costs) / ratio**_LEFT, max(costs) * ratio**_RIGHT)
    room = _ABOVE * max(max(values) - min(values), 0.1)
    axes.set_ylim(min(values) - room, max(values) + room)
    axes.set_title(title)
    axes.set_xlabel("Mult-Adds for 1280x720, billions")
    axes.set_ylabel(f"mean PSNR on {dataset}, dB")
    axes.grid(alpha=0.3, which="both")


def _kind(study: Study, row: Row) -> str:
    """The key of _KINDS: parts cost less than what they are put together to."""
    alone, series, rival = _KINDS
    if row == study.rival(row):
        return rival
    return series if row.mult_adds >= study.rival(row).mult_adds * 0.99 else alone
