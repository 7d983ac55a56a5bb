"""Clips of which frames could not be read, and datasets of which clips were not measured: means are of what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from srbench.errors import first_few
from srbench.results.coverage import measured
from srbench.results.reader import Run
from srbench.wording import counted


def partial_clips(runs: Iterable[Run], shown: Collection[int]) -> list[str]:
    """A line for every clip that a run marked partial, and for every dataset of which a run measured some clips alone.

    Args:
        runs: of the folder, oldest first.
        shown: the numbers of those whose images are shown.
    """
    found: dict[tuple[str, str], str] = {}
    without: dict[str, dict[str, None]] = {}
    for run in runs:
        for dataset in run.manifest.get("datasets", ()) if run.id in shown else ():
            for clip, own in dataset.get("clips", {}).items():
                lost = own.get("partial", ())
                text = f"clip '{clip}' of {dataset['name']} is partial: {counted(len(lost), 'frame')} could not be read"
                kept = f"{first_few(lost)}; its means are of the other {own.get('frames', 0)}"
                found[dataset["name"], clip] = f"{text} ({kept})" if lost else ""
                if not measured(own):
                    without.setdefault(dataset["name"], {})[clip] = None
    parts = [
        f"means of {name} are over a part of its clips: {first_few(list(clips))} "
        f"{'was' if len(clips) == 1 else 'were'} not here, or not chosen, in some run"
        for name, clips in without.items()
    ]
    return [line for line in found.values() if line] + parts
