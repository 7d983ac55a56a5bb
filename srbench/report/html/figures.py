"""Which plots a view has: those with data first, then sentences that say what the others lack."""

from __future__ import annotations

from srbench.report.html import planes, series
from srbench.report.html.shown import Plot, Shown
from srbench.report.html.views import View
from srbench.results.facts import FolderFacts


def plots_of(view: View, facts: FolderFacts) -> list[Plot]:
    """All plots of one view, on the images that its table shows first.

    A plot of fewer than two points is none: it says so in its caption. Plots of what is measured against an original,
    or printed, are none of a view without originals.
    """
    shown = Shown.of(view, facts)
    if shown is None:
        return []
    found = [
        planes.parameters(shown),
        planes.mult_adds(shown),
        planes.latency(shown),
        *([planes.perception(shown)] if view.has_originals else []),
        *planes.years(shown),
        series.differences(shown),
        *([series.published(shown), series.opinion(shown)] if view.has_originals else []),
        series.learning(shown),
    ]
    return [plot for plot in found if plot.svg] + [plot for plot in found if not plot.svg]
