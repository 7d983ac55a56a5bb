"""Figures of the report, as inline SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

INK = "#5c6670"  # readable on light and on dark paper
MARK = "#d55e00"  # vermillion of the colour-blind-safe Okabe-Ito palette


def means_with_intervals(
    names: Sequence[str], mean: Sequence[float], low: Sequence[float], high: Sequence[float], label: str
) -> str:
    """One dot per method with its interval, best at the top. Returns an <svg> element; text stays text."""
    rows = np.arange(len(names))[::-1]
    figure = Figure(figsize=(7.2, 0.9 + 0.3 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    values = np.asarray(mean, float)
    error = np.nan_to_num(np.vstack([values - np.asarray(low, float), np.asarray(high, float) - values]))
    axes.errorbar(values, rows, xerr=error, fmt="o", color=MARK, ecolor=INK, elinewidth=1.2, capsize=3)
    axes.set_yticks(rows, [_plain(name) for name in names])
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.set_xlabel(label, color=INK)
    axes.tick_params(colors=INK)
    axes.grid(axis="x", color=INK, alpha=0.25)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(INK)
    return _svg(figure, f"{label} per method with 95% intervals")


def _plain(name: str) -> str:
    return name.replace("$", r"\$")  # matplotlib would read it as mathematics


def _svg(figure: Figure, title: str) -> str:
    stream = io.StringIO()
    # A fixed salt and no date: the same results give the same page.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
