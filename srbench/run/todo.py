"""What of a plan is still to be computed, and in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.metrics import Metric, choice
from srbench.records import CellState, Known, ScoreState
from srbench.results.store import Store
from srbench.run.observer import Observer, Summary
from srbench.run.plan import CellTask, MethodSpec, MetricSpec

Wanted = Mapping[MetricSpec, Metric]


def pending(
    plan: Sequence[CellTask], ids: Mapping[str, int], store: Store, wanted: Wanted, force: bool, summary: Summary
) -> list[CellTask]:
    """The tasks that lack an SR image or a score, each with what it lacks; the others are counted in ``summary``."""
    known = {} if force else store.known(list(ids.values()))
    fitting: dict[MethodSpec, tuple[MetricSpec, ...]] = {}
    tasks = []
    for task in plan:
        if task.method not in fitting:
            fitting[task.method] = _fitting(wanted, task.method)
        own = fitting[task.method]
        have = known.get(ids[task.facts.key], Known(None, {}))
        outcome = have.outcome
        if outcome is not None and outcome.status == CellState.NOT_SUPPORTED:
            summary.not_supported += 1
            summary.unsupported[outcome.message] = None
            continue
        done = outcome is not None and outcome.status == CellState.OK
        left = tuple(m for m in own if (m.name, m.version) not in have.metrics) if done else own
        if left or not done:
            tasks.append(replace(task, metrics=left, kept=outcome if done else None))
        else:
            summary.known += 1
            stored = ((metric.name, have.metrics[metric.name, metric.version]) for metric in own)
            summary.failures += [
                f"{task}: {name} is {status}, as before" for name, status in stored if ScoreState(status).is_failure
            ]
    return tasks


def _fitting(wanted: Wanted, method: MethodSpec) -> tuple[MetricSpec, ...]:
    """The metrics that have anything to measure of a method: bits take a likelihood."""
    return tuple(spec for spec, metric in wanted.items() if method.has_likelihood or not metric.needs_likelihood)


def measurable(
    tasks: Sequence[CellTask],
    wanted: Wanted,
    selection: choice.Selection,
    facts: Mapping[ImageFile, ImageFacts],
    observer: Observer,
    summary: Summary,
) -> list[CellTask]:
    """Load what the missing metrics need, before workers are forked. Those that cannot be computed here are left out:
    noted if only the defaults asked for them, else listed in the summary."""
    for note in selection.notes:
        observer.note(note)
    lacking = {spec for own in {task.metrics for task in tasks} for spec in own}
    missing = [metric for spec, metric in wanted.items() if spec in lacking]
    reasons = choice.prepare(missing)
    for line in choice.by_reason(reasons):
        if selection.asked:
            summary.unavailable.append(line)
        else:
            observer.note(f"left out: {line}")
    colour = [metric.name for metric in missing if metric.needs_colour and metric.name not in reasons]
    if colour and any(fact.channels == 1 for fact in facts.values()):
        observer.note(f"grey images are measured as RGB of three equal channels by {', '.join(colour)}")
    if not reasons:
        return list(tasks)
    left = []
    for task in tasks:
        able = tuple(metric for metric in task.metrics if metric.name not in reasons)
        if able or task.kept is None:
            left.append(replace(task, metrics=able))
        else:
            summary.known += 1
    return left


def not_done_elsewhere(
    tasks: Sequence[CellTask], ids: Mapping[str, int], store: Store, summary: Summary, observer: Observer
) -> Iterator[CellTask]:
    """``tasks`` without what another process that writes to the same folder has done by the time it is asked for.

    Once another process is seen, the rest goes in an order of this run's own: in the same order both would
    compute each cell at the same moment.
    """
    rest = list(reversed(tasks))
    shared = False
    while rest:
        if not shared and store.changed_elsewhere():
            shared = True
            random.Random(summary.run_id).shuffle(rest)
        task = rest.pop()
        if shared:
            cell_id = ids[task.facts.key]
            known = store.known([cell_id])[cell_id]
            if known.outcome is not None and {(m.name, m.version) for m in task.metrics} <= known.metrics.keys():
                summary.known += 1
                observer.done(task, known.outcome)
                continue
        yield task


def with_canaries(tasks: Iterator[CellTask], extra_cells: Sequence[CellTask]) -> Iterator[CellTask]:
    """``tasks``, each image's first followed by the canary's cell of the same image and scale, so that its HR and LR
    images are still at hand; then the canary's other cells."""
    waiting = {_place(cell): cell for cell in extra_cells}
    for task in tasks:
        yield task
        if waiting and (cell := waiting.pop(_place(task), None)) is not None:
            yield cell
    yield from waiting.values()


def _place(task: CellTask) -> tuple[str, str, int]:
    return task.facts.dataset, task.facts.image, task.scale
