"""What each run of a results folder holds."""

from __future__ import annotations

from dataclasses import dataclass

from srbench.records import labels
from srbench.results.reader import Reader, Run


@dataclass(frozen=True)
class Held:
    """One run: its planned cells and how many of them have a result, and what they are of, in the order of the plan."""

    run: Run
    cells: int
    done: int
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    scales: tuple[float, ...]
    timings: int


def inventory(reader: Reader) -> list[Held]:
    """All runs, oldest first."""
    of_run: dict[int, list[tuple[str, str, int, int, int]]] = {}
    counts = reader.planned_counts()
    called = labels((method, options) for _, method, options, *_ in counts)
    for run, method, options, dataset, scale, cells, done in counts:
        of_run.setdefault(run, []).append((called[method, options], dataset, scale, cells, done))
    timed = reader.timed_counts()
    found = []
    for one in reader.runs():
        rows = of_run.get(one.id, [])
        found.append(
            Held(
                one,
                cells=sum(cells for *_, cells, _ in rows),
                done=sum(done for *_, done in rows),
                methods=tuple(dict.fromkeys(method for method, *_ in rows)),
                datasets=tuple(dict.fromkeys(dataset for _, dataset, *_ in rows)),
                scales=tuple(sorted({scale for _, _, scale, *_ in rows})),
                timings=timed.get(one.id, 0),
            )
        )
    return found
