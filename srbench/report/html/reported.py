"""What the literature reports, for the page's data: shown as such, never ranked, never in a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srbench.report.html.views import View
from srbench.results.literature import Entry


def reported(views: Sequence[View], literature: Sequence[Entry]) -> dict[str, Any]:
    """``literature``: for each method its name, title and year, and ``cells`` by view, metric and dataset, each with
    ``value``, ``source`` and ``protocol``. Methods of which nothing is reported on what is shown are left out."""
    found = [
        {"name": entry.name, "title": entry.title, "year": entry.year, "cells": cells}
        for entry in literature
        if (cells := {view.key: own for view in views if (own := _cells(view, entry))})
    ]
    return {"literature": found}


def _cells(view: View, entry: Entry) -> dict[str, dict[str, dict[str, Any]]]:
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    for metric in view.metrics if view.degradation == "bicubic" else ():
        for dataset in view.datasets:
            if (found := entry.value(dataset, view.scale, metric.name, view.protocol)) is not None:
                own = {"value": found.value, "source": found.source, "protocol": found.protocol}
                cells.setdefault(metric.name, {})[dataset] = own
    return cells
