"""Clips of which frames could not be read: their means are of what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from srbench.errors import first_few
from srbench.results.reader import Run
from srbench.wording import counted


def partial_clips(runs: Iterable[Run], shown: Collection[int]) -> list[str]:
    """A line for every clip that a run marked partial.

    Args:
        runs: of the folder, oldest first.
        shown: the numbers of those whose images are shown.
    """
    found: dict[tuple[str, str], str] = {}
    for run in runs:
        for dataset in run.manifest.get("datasets", ()) if run.id in shown else ():
            for clip, own in dataset.get("clips", {}).items():
                lost = own.get("partial", ())
                text = f"clip '{clip}' of {dataset['name']} is partial: {counted(len(lost), 'frame')} could not be read"
                kept = f"{first_few(lost)}; its means are of the other {own.get('frames', 0)}"
                found[dataset["name"], clip] = f"{text} ({kept})" if lost else ""
    return [line for line in found.values() if line]
