"""What of a plan is still to be computed, and in which order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.metrics import Metric, choice
from srbench.metrics.catalog import WITHOUT_REFERENCE
from srbench.records import CellState, Known, ScoreState
from srbench.results.claims import Claims
from srbench.results.store import Store
from srbench.run.executors.base import are_family
from srbench.run.observer import Observer, Summary
from srbench.run.plan import CellResult, CellTask, MethodSpec, MetricSpec

Wanted = Mapping[MetricSpec, Metric]
_CLAIM_SECONDS = 0.5  # what is claimed at once lasts about so long
_LOOKED_AT = 64  # cells that are claimed at once at most


def pending(
    plan: Sequence[CellTask],
    ids: Mapping[str, int],
    store: Store,
    wanted: Wanted,
    selection: choice.Selection,
    force: bool,
    summary: Summary,
) -> list[CellTask]:
    """The tasks that lack an SR image or a score, each with what it lacks; the others are counted in ``summary``."""
    known = {} if force else store.known(list(ids.values()))
    fitting: dict[tuple[MethodSpec, str, bool, bool], tuple[MetricSpec, ...]] = {}
    tasks = []
    for task in plan:
        kind = (task.method, task.facts.protocol, task.sample.reference, task.before is not None)
        if kind not in fitting:
            fitting[kind] = _fitting(wanted, selection, *kind)
        own = fitting[kind]
        have = known.get(ids[task.facts.key], Known(None, {}))
        outcome = have.outcome
        if outcome is not None and outcome.status == CellState.NOT_SUPPORTED:
            summary.refuse(str(task), outcome.message)
            continue
        done = outcome is not None and outcome.status == CellState.OK
        left = tuple(m for m in own if (m.name, m.version) not in have.metrics) if done else own
        if left or not done:
            before = _before(task, ids, known) if any(wanted[spec].needs_previous for spec in left) else None
            tasks.append(replace(task, metrics=left, kept=outcome if done else None, before=before))
        else:
            summary.known += 1
            stored = ((metric.name, have.metrics[metric.name, metric.version]) for metric in own)
            for name, status in stored:
                if ScoreState(status).is_failure:
                    summary.fail(str(task), f"{name} is {status}, as before")
    return tasks


def _before(task: CellTask, ids: Mapping[str, int], known: Mapping[int, Known]) -> CellTask | None:
    """The task of the frame before, with what is stored of it."""
    if task.before is None:
        return None
    outcome = known.get(ids[task.before.facts.key], Known(None, {})).outcome
    done = outcome is not None and outcome.status == CellState.OK
    return replace(task.before, kept=outcome) if done else task.before


def _fitting(
    wanted: Wanted, selection: choice.Selection, method: MethodSpec, protocol: str, reference: bool, follows: bool
) -> tuple[MetricSpec, ...]:
    """The metrics that have anything to measure of a method under a protocol, on images with or without an original:
    bits take a likelihood, most metrics an original, and those from frame to frame a frame that follows another."""
    return tuple(
        spec
        for spec, metric in wanted.items()
        if (method.has_likelihood or not metric.needs_likelihood)
        and selection.measures(metric, protocol, reference=reference, previous=follows)
    )


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
    absent = [] if selection.asked else [name for name in reasons if name in WITHOUT_REFERENCE]
    if absent:  # each lacks a file of its own
        observer.note(f"left out: {', '.join(absent)}, which cannot be computed here (--metrics {absent[0]} says why)")
    for line in choice.by_reason({name: reason for name, reason in reasons.items() if name not in absent}):
        if selection.asked:
            summary.unavailable.append(line)
        else:
            observer.note(f"left out: {line}")
    colour = [metric.name for metric in missing if metric.needs_colour and metric.name not in reasons]
    if colour and any(fact.channels == 1 for fact in facts.values()):
        observer.note(f"grey images are measured as RGB of three equal channels by {', '.join(colour)}")
    bare: dict[str, None] = {}  # datasets without an original on which nothing is measured
    left = []
    for task in tasks:
        able = tuple(metric for metric in task.metrics if metric.name not in reasons)
        if not able and not task.sample.reference:
            bare[task.facts.dataset] = None
        if able or task.kept is None:
            left.append(task if able == task.metrics else replace(task, metrics=able))
        else:
            summary.known += 1
    if bare and not selection.asked:
        where = ", ".join(bare)
        observer.note(f"nothing is measured on {where}: no metric that needs no original can be computed here")
    return left


def unclaimed(
    tasks: Sequence[CellTask],
    ids: Mapping[str, int],
    store: Store,
    claims: Claims,
    summary: Summary,
    observer: Observer,
) -> Iterator[CellTask | None]:
    """``tasks``, each claimed before it comes, without those that another run on the same folder has done by then.

    What another run is at is looked at again later, for that run may be killed: None says that there is nothing else
    now. What another run failed at meanwhile has failed.

    Where no other process has written since the tasks were found to be pending, nothing is looked up: it takes longer
    than a claim.
    """
    alone = True
    rest = deque(tasks)
    start, most, in_vain = time.monotonic(), 1, 0
    while rest:
        if in_vain >= len(rest):
            in_vain = 0
            yield None
        group = [rest.popleft() for _ in range(min(most, len(rest)))]
        free = claims.take([ids[task.facts.key] for task in group])
        mine = [task for task in group if ids[task.facts.key] in free]
        rest += [task for task in group if ids[task.facts.key] not in free]
        alone = alone and not store.changed_elsewhere()  # after the claim: later nobody else writes of these
        fresh = mine if alone else list(_not_settled(mine, ids, store, claims, summary, observer))
        in_vain = 0 if mine else in_vain + len(group)
        yield from fresh
        if mine and not fresh:
            most = min(2 * most, _LOOKED_AT)
        else:  # as many as are done in a moment, so that others find something to do
            rate = (summary.computed + summary.failed) / max(time.monotonic() - start, 1e-9)
            most = int(max(1, min(_CLAIM_SECONDS * rate, _LOOKED_AT)))


def _not_settled(
    tasks: Sequence[CellTask],
    ids: Mapping[str, int],
    store: Store,
    claims: Claims,
    summary: Summary,
    observer: Observer,
) -> Iterator[CellTask]:
    """Those of claimed tasks that no other run has ended meanwhile; the others are counted."""
    own = [ids[task.facts.key] for task in tasks]
    known, failed = store.known(own), claims.failed_elsewhere(own)
    settled = []
    for task, number in zip(tasks, own, strict=True):
        outcome, metrics = known[number].outcome, known[number].metrics
        done = outcome is not None and outcome.status == CellState.OK
        if number in failed and outcome is not None:
            summary.count(task, CellResult(outcome))
        elif outcome is not None and outcome.status == CellState.NOT_SUPPORTED:
            summary.not_supported += 1
        elif done and {(m.name, m.version) for m in task.metrics} <= metrics.keys():
            summary.known += 1
        else:
            yield replace(task, kept=outcome) if done else task
            continue
        settled.append(number)
        observer.done(task, outcome)
    if settled:
        claims.leave(settled)


def with_canaries(tasks: Iterator[CellTask | None], extra_cells: Sequence[CellTask]) -> Iterator[CellTask | None]:
    """``tasks``, each image's first, or first family, followed by the canary's cells of the same image and scale, so
    that its HR and LR images are still at hand; then the canary's other cells."""
    waiting: dict[tuple[str, str, float], list[CellTask]] = {}
    for cell in extra_cells:
        waiting.setdefault(_place(cell), []).append(cell)
    before: CellTask | None = None
    for task in tasks:
        if before is not None and not (task is not None and are_family(before, task)):
            yield from waiting.pop(_place(before), ())
        yield task
        before = task if task is not None and waiting else None
    for cells in waiting.values():
        yield from cells


def _place(task: CellTask) -> tuple[str, str, float]:
    return task.facts.dataset, task.facts.image, task.scale
