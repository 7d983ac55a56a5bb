"""On which kinds of machine the images of a folder were computed: on another one the last digits may be others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from srbench.results.reader import Reader, Run

Kind = str  # in words


def mixed(reader: Reader, images: pd.DataFrame) -> list[str]:
    """One line if the images come from machines of several kinds. Runs of an older srbench do not say of which kind
    theirs was, and are not counted.

    Args:
        images: as :func:`srbench.results.leaderboard.per_image` gives them; only what it holds is told.
    """
    known = {run.id: kinds_of(run) for run in reader.runs()}
    if len({kind for kinds in known.values() for kind in kinds.values()}) < 2:
        return []
    shown = set(images["cell_id"])
    counts = Counter(
        kind
        for cell, run, host in reader.computed_on()
        if cell in shown and (kind := known.get(run, {}).get(host)) is not None
    )
    if len(counts) < 2:
        return []
    told = "; ".join(f"{count} by {kind}" for kind, count in counts.most_common())
    return [
        f"the images were computed by {len(counts)} kinds of machine, whose values may differ in their last digits "
        f"({told})"
    ]


def kinds_of(run: Run) -> Mapping[str, Kind]:
    """The kinds of a run's machines, by what :attr:`srbench.records.Outcome.host` calls them; '' is the machine that
    the run itself was on."""
    machines = {"": run.manifest.get("machine", {}), **run.manifest.get("machines", {})}
    return {host: _words(facts) for host, facts in machines.items() if facts}


def _words(facts: Mapping[str, str]) -> Kind:
    if facts.get("gpu"):
        what = f"{facts['gpu']}, driver {facts.get('driver') or 'unknown'}"
    else:
        what = f"{facts.get('processor', '')} with {facts.get('capability', '')}".strip()
    return f"{what}, torch {facts.get('torch', '')}"
