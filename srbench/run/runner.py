"""Run all cells: plan, skip what is known, compute the rest on workers, store each as it is done."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import torch

from srbench import dataset, degradation, metrics, protocol, randomness
from srbench.dataset.manifest import ImageFacts, ImageFile
from srbench.errors import StoreError
from srbench.evaluation.scoring import fits
from srbench.machine import available_processors, resolve_device
from srbench.method.base import Method
from srbench.method.wrappers import MethodOptions, SelfEnsemble, Tiled, seams
from srbench.metrics import Metric, choice
from srbench.records import Canary, Entry, Known, Outcome, Score, Timing
from srbench.results.store import Store
from srbench.results.timings import add_timings
from srbench.run import canary
from srbench.run.executors import local as workers_
from srbench.run.manifest import describe, describe_dataset, describe_metric
from srbench.run.plan import Cell, cells
from srbench.run.selection import default_datasets, load_methods
from srbench.run.worker import Result, Workshop
from srbench.timing.session import time_methods


@dataclass(frozen=True)
class RunOptions:
    """What to run. ``methods``, ``datasets`` and ``metrics`` are names or paths as on the command line."""

    methods: tuple[str, ...] = ("all",)
    datasets: tuple[str, ...] = ()  # empty: the standard ones that are on this machine, else sample
    scales: tuple[int, ...] = (4,)
    metrics: tuple[str, ...] = ()  # empty: the default ones
    protocol: str = "basicsr"
    degradation: str = "bicubic"
    device: str = "auto"
    threads: int = 0  # workers; 0: one per processor
    out: Path = Path("results")
    keep_images: bool = True
    force: bool = False
    time: bool = False  # time every method after the cells are done, on one thread
    seed: int = 0
    tile: int = 0  # side of LR tiles; 0: whole images
    self_ensemble: bool = False
    command: str = ""  # the command line, for the manifest


class Observer(Interface):
    """Told what happens; the command line shows it. All calls come from the thread that called :func:`run`."""

    def note(self, text: str) -> None: ...

    def begin(self, total: int, known: int) -> None: ...

    def done(self, cell: Cell, outcome: Outcome | None) -> None: ...


class Silent:
    """An observer that shows nothing."""

    def note(self, text: str) -> None: ...

    def begin(self, total: int, known: int) -> None: ...

    def done(self, cell: Cell, outcome: Outcome | None) -> None: ...


@dataclass
class Summary:
    """How a run ended: how many cells there are, how many of each kind, and one line per failure.

    A cell whose image was scored but has a NaN is ``computed``, later ``known``, and has a line in ``failures``.
    """

    run_id: int
    total: int
    known: int = 0
    computed: int = 0
    not_supported: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)  # metrics asked for by name, each with the reason
    canaries: list[Canary] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    interrupted: bool = False

    @property
    def left(self) -> int:
        """Cells that were not reached."""
        return self.total - self.known - self.computed - self.not_supported - self.failed


def run(options: RunOptions, observer: Observer | None = None) -> Summary:
    """Evaluate methods on datasets and store every score in ``options.out``.

    Only what is missing is computed. Ctrl-C ends the run cleanly: cells under way are finished and stored, and
    the summary says ``interrupted``; running again continues. A second Ctrl-C does not wait for them.

    Random numbers of the caller (of torch, NumPy and Python) go on afterwards as if nothing had been drawn.

    Raises:
        SrbenchError: an unknown name, a dataset that is not here, an unreadable image, a broken plugin asked for
            by name. What a single cell does wrong is recorded with the cell instead.
    """
    device = resolve_device(options.device)
    with randomness.kept(device):
        return _run(options, device, observer or Silent())


def _run(options: RunOptions, device: torch.device, observer: Observer) -> Summary:
    chosen = protocol.get(options.protocol)
    degrade = degradation.get(options.degradation, options.seed)
    for scale in options.scales:
        degrade.require_scale(scale)
    workers = 1 if device.type == "cuda" else options.threads or available_processors()
    way = MethodOptions(options.tile, options.self_ensemble)
    loaded = load_methods(options.methods, options.scales, device, degrade, observer.note)
    for method, _ in loaded:
        method.seed = options.seed
    methods = [(way.apply(method), identity) for method, identity in loaded]
    selected = choice.select(options.metrics, chosen, any(method.has_likelihood for method, _ in methods))
    wanted = selected.metrics
    datasets = [dataset.find(spec) for spec in options.datasets or default_datasets(observer.note)]
    randomness.seed(options.seed, device)

    workshop = Workshop(chosen, degrade, options.out, keep_images=options.keep_images, workers=workers)
    looked = workshop.look_at([image for data in datasets for image in data.images])
    with Store(options.out, create=True) as store, workers_.single_threaded():
        broken = _prepare(methods, options.scales, observer)
        manifest = describe(options, methods, chosen, device, workers)
        facts = looked()
        manifest["datasets"] = [describe_dataset(data, facts) for data in datasets]
        plan = list(cells(methods, datasets, facts, options.scales, chosen, degrade, way.key))
        if way.key:
            manifest["options"] = way.key
        if way.tile:
            manifest["seams"] = _compare_tiles(plan, broken, way.tile, workshop, observer)
        manifest["metrics"] = [describe_metric(metric) for metric in wanted]  # also of a run that will be killed
        run_id = store.start_run(manifest)
        ids = store.plan(run_id, [cell.facts for cell in plan])
        summary = Summary(run_id, total=len(plan))
        todo = _missing(plan, ids, store, wanted, options.force, summary)
        todo = _measurable(todo, selected, facts, observer, summary)
        manifest["metrics"] = [describe_metric(metric) for metric in wanted]  # with the weights that are loaded now
        observer.begin(len(plan), summary.known + summary.not_supported)
        guards = canary.plan(datasets, facts, options.scales, chosen, degrade)
        # Bicubic cells of the run itself serve as its canary; the others are measured beside it, not stored.
        psnr = metrics.get("psnr")
        beside = [cell for cell in guards if psnr not in wanted or cell.facts.key not in ids]
        tasks: list[workers_.Task] = [_task(workshop, item, broken) for item in todo]
        tasks += [functools.partial(workers_.Later, functools.partial(workshop.psnr, cell, psnr)) for cell in beside]
        try:
            with workers_.stoppable() as stop, workers_.start(tasks, workers, device) as team:
                due = range(len(todo))
                fresh = iter(due) if options.force else _not_done_elsewhere(todo, ids, store, summary, observer)
                order = _with_canaries(fresh, todo, beside)
                measured: list[tuple[int, float | None]] = []
                for batch in workers_.completed(team, order, stop):
                    results = [(todo[index].cell, result) for index, result in batch if index < len(todo)]
                    measured += [pair for pair in batch if pair[0] >= len(todo)]
                    if results:
                        _record(results, ids, store, options.force, summary, observer)
                # Beside workers that take their leave.
                values = store.values([ids[cell.facts.key] for cell in guards if cell.facts.key in ids], psnr)
                by_key = {cell.facts.key: values.get(ids.get(cell.facts.key, -1)) for cell in guards}
                by_key |= {beside[index - len(todo)].facts.key: value for index, value in measured}
                summary.canaries = canary.judge_all(datasets, facts, options.scales, chosen, degrade, guards, by_key)
                store.add_canaries(run_id, summary.canaries)
            if options.time:  # the workers are gone: nothing of ours runs beside it
                summary.timings = time_methods(methods, datasets, facts, options.scales, degrade, device, observer.note)
                add_timings(store, run_id, summary.timings)
                summary.failures += [f"timing of {t}: {t.message}" for t in summary.timings if t.status == "failed"]
        except KeyboardInterrupt:
            summary.interrupted = True
        status = "interrupted" if summary.interrupted else "finished"
        finish(store, run_id, status, manifest)
    return summary


@dataclass(frozen=True)
class _Todo:
    cell: Cell
    metrics: tuple[Metric, ...]
    kept: Outcome | None  # an earlier outcome whose SR image may still be there


def _missing(
    plan: Sequence[Cell],
    ids: dict[str, int],
    store: Store,
    wanted: Sequence[Metric],
    force: bool,
    summary: Summary,
) -> list[_Todo]:
    known = {} if force else store.known(list(ids.values()))
    todo = []
    for cell in plan:
        have = known.get(ids[cell.facts.key], Known(None, {}))
        outcome = have.outcome
        if outcome is not None and outcome.status == "not supported":
            summary.not_supported += 1
            continue
        done = outcome is not None and outcome.status == "ok"
        own = [metric for metric in wanted if fits(metric, cell.method)]
        left = tuple(m for m in own if not (done and (m.name, m.version) in have.metrics))
        if left or not done:
            todo.append(_Todo(cell, left, outcome if done else None))
        else:
            summary.known += 1
            stored = ((metric.name, have.metrics[metric.name, metric.version]) for metric in own)
            summary.failures += [f"{cell}: {name} is {status}, as before" for name, status in stored if status in _BAD]
    return todo


def _measurable(
    todo: Sequence[_Todo],
    selected: choice.Selection,
    facts: dict[ImageFile, ImageFacts],
    observer: Observer,
    summary: Summary,
) -> list[_Todo]:
    """Load what the missing metrics need, before workers are forked. Those that cannot be computed here are left out:
    noted if only the defaults asked for them, else listed in the summary."""
    for note in selected.notes:
        observer.note(note)
    missing = [metric for metric in selected.metrics if any(metric in item.metrics for item in todo)]
    reasons = choice.prepare(missing)
    for line in choice.by_reason(reasons):
        if selected.asked:
            summary.unavailable.append(line)
        else:
            observer.note(f"left out: {line}")
    colour = [metric.name for metric in missing if metric.needs_colour and metric.name not in reasons]
    if colour and any(fact.channels == 1 for fact in facts.values()):
        observer.note(f"grey images are measured as RGB of three equal channels by {', '.join(colour)}")
    if not reasons:
        return list(todo)
    left = []
    for item in todo:
        able = tuple(metric for metric in item.metrics if metric.name not in reasons)
        if able or item.kept is None:
            left.append(replace(item, metrics=able))
        else:
            summary.known += 1
    return left


def _not_done_elsewhere(
    todo: Sequence[_Todo], ids: dict[str, int], store: Store, summary: Summary, observer: Observer
) -> Iterator[int]:
    """Indices of ``todo``, without what another process that writes to the same folder has done by the time it is due.

    Once another process is seen, the rest goes in an order of this run's own: in the same order both would
    compute each cell at the same moment.
    """
    rest = list(reversed(range(len(todo))))
    shared = False
    while rest:
        if not shared and store.changed_elsewhere():
            shared = True
            random.Random(summary.run_id).shuffle(rest)
        index = rest.pop()
        item = todo[index]
        if shared:
            cell_id = ids[item.cell.facts.key]
            known = store.known([cell_id])[cell_id]
            if known.outcome is not None and {(m.name, m.version) for m in item.metrics} <= known.metrics.keys():
                summary.known += 1
                observer.done(item.cell, known.outcome)
                continue
        yield index


def _with_canaries(fresh: Iterator[int], todo: Sequence[_Todo], beside: Sequence[Cell]) -> Iterator[int]:
    """Indices of cells, each image's first followed by the canary's cell (they count on from the last of ``todo``) of
    the same image and scale, so that its HR and LR images are still at hand; then the canary's other cells."""
    waiting = {_place(cell): index for index, cell in enumerate(beside, len(todo))}
    for index in fresh:
        yield index
        if (canary_index := waiting.pop(_place(todo[index].cell), None)) is not None:
            yield canary_index
    yield from waiting.values()


def _place(cell: Cell) -> tuple[str, ImageFile, int]:
    return cell.facts.dataset, cell.image, cell.scale


def _prepare(
    methods: Sequence[tuple[Method, str]], scales: Sequence[int], observer: Observer
) -> dict[tuple[str, int], Exception]:
    """Load what every method needs; what went wrong is raised again in the cells it concerns. A load that was not
    complete, which only a method that declares it survives, is noted."""
    broken: dict[tuple[str, int], Exception] = {}
    for method, _ in methods:
        for scale in scales:
            if method.supports(scale):
                try:
                    method.prepare(scale)
                except Exception as error:
                    broken[method.card.name, scale] = error
        for audit in method.load_audits():
            if not audit.complete:
                observer.note(f"{method.card.name} loaded only a part: {audit}")
    return broken


def _compare_tiles(
    plan: Sequence[Cell], broken: dict[tuple[str, int], Exception], tile: int, workshop: Workshop, observer: Observer
) -> list[dict[str, object]]:
    """What tiles change, measured for every method and scale on the first image that is larger than a tile."""
    found: dict[tuple[str, int], dict[str, object]] = {}
    for cell in plan:
        key = (cell.facts.method, cell.scale)
        tiled = cell.method.inner if isinstance(cell.method, SelfEnsemble) else cell.method
        if key in found or key in broken or not isinstance(tiled, Tiled) or not tiled.supports(cell.scale):
            continue
        try:
            example = workshop.example(cell.image, cell.scale)
            lr = example.lr_rgb if tiled.card.colour == "rgb" else example.lr_luma[None]
            if max(lr.shape[-2:]) <= tile:
                continue
            difference = seams(tiled, lr, cell.scale)
        except Exception:  # the cell itself will say what is wrong
            continue
        found[key] = {"method": key[0], "scale": key[1], "image": cell.facts.image, "grey_levels": difference}
        by = "an unknown amount (no memory for the whole)" if difference is None else f"{difference:.2g} grey levels"
        observer.note(f"{key[0]} x{key[1]}: tiles of {tile} and the whole {cell.facts.image} differ by at most {by}")
    return list(found.values())


def _task(workshop: Workshop, item: _Todo, broken: dict[tuple[str, int], Exception]) -> workers_.Task:
    cause = broken.get((item.cell.facts.method, item.cell.scale))
    return functools.partial(workshop.begin, item.cell, item.metrics, kept=item.kept, broken=cause)


def _record(
    results: Sequence[tuple[Cell, Result]],
    ids: dict[str, int],
    store: Store,
    again: bool,
    summary: Summary,
    observer: Observer,
) -> None:
    entries = [Entry(ids[cell.facts.key], result.outcome, result.scores) for cell, result in results]
    store.record(summary.run_id, entries, again=again)
    for cell, result in results:
        _count(summary, cell, result)
        observer.done(cell, result.outcome)


def _count(summary: Summary, cell: Cell, result: Result) -> None:
    outcome = result.outcome
    if outcome is not None and outcome.status == "not supported":
        summary.not_supported += 1
    elif outcome is not None and outcome.status == "failed":
        summary.failed += 1
        summary.failures.append(f"{cell}: {outcome.message}")
    else:
        summary.computed += 1
        summary.failures += complaints(cell, result.scores)


_BAD = ("nan", "too small", "error")


def complaints(cell: Cell, scores: Sequence[Score]) -> list[str]:
    """A line, with the reason, for each score that should have a value and has none."""
    return [f"{cell}: {_complaint(score)}" for score in scores if score.status in _BAD]


def _complaint(score: Score) -> str:
    reason = json.loads(score.extra or "{}").get("message", "")
    return f"{score.metric} is {score.status}" + (f": {reason}" if reason else "")


def finish(store: Store, run_id: int, status: str, manifest: dict[str, Any]) -> None:
    """Say in the store, and in ``runs/NNNN.json`` beside it, how a run ended ('finished' or 'interrupted').

    Raises:
        StoreError: the file cannot be written.
    """
    store.finish_run(run_id, status, manifest)
    path = store.folder / "runs" / f"{run_id:04d}.json"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**manifest, "status": status}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot write '{path}' ({error.strerror})", "free some space and run again: what was scored is kept"
        ) from error
