"""Which slices of a run that was computed in slices a results folder holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from srbench.results.reader import Run
from srbench.wording import counted

_NAMED = 8  # slices that are named


def lacking(runs: Iterable[Run], shown: Collection[int]) -> list[str]:
    """What to know where not all slices of a run are here, one line for every run that was cut.

    Args:
        shown: numbers of the runs whose cells are shown.
    """
    have: dict[str, tuple[int, set[int]]] = {}
    for run in runs:
        shard = run.manifest.get("shard")
        if shard is not None and run.id in shown:
            have.setdefault(shard["plan"], (shard["count"], set()))[1].add(shard["index"])
    lines = []
    for count, indices in have.values():
        missing = [index for index in range(1, count + 1) if index not in indices]
        if missing:
            named = ", ".join(map(str, missing[:_NAMED])) + (", ..." if len(missing) > _NAMED else "")
            are = "is" if len(missing) == 1 else "are"
            lines.append(
                f"of a run in {counted(count, 'slice')}, {len(missing)} {are} not here ({named}): means are over a "
                "part of its images, and some methods may lack (srbench merge)"
            )
    return lines
