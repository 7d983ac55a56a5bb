"""A run: resolve its names, plan its cells, compute what is missing, store each result as it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from signal import SIGINT
from typing import Any

from srbench import degradation, metrics, randomness
from srbench.errors import SrbenchError, StoreError
from srbench.files import replace_file, writing
from srbench.foreign.contained import PluginError, contained
from srbench.foreign.trial import died_of, trials
from srbench.machine import devices_of, resolve_device
from srbench.method.variant import Variant
from srbench.metrics import choice
from srbench.records import GIVEN, NO_DEGRADATION, Entry, ScoreState
from srbench.results.claims import Claims
from srbench.results.holders import ENDED_EARLY
from srbench.results.store import OvertakenError, Store
from srbench.run import batches, canary, clustered, loaded
from srbench.run.batches import Batched, Batching
from srbench.run.datasets import Decoding, default_datasets, find_datasets, require_undegraded, settle
from srbench.run.executors.base import Executor
from srbench.run.executors.local import can_fork, local, single_threaded
from srbench.run.first_try import require_fitting, try_new
from srbench.run.job import Job, Plan, context_of, job_of, sliced, spec_of, workers_of
from srbench.run.manifest import describe, describe_dataset, describe_metric
from srbench.run.observer import Observer, Silent, Summary
from srbench.run.options import RunOptions
from srbench.run.pairs import degradation_of, note_unused, with_lr
from srbench.run.plan import CellResult, CellTask, MethodSpec, cells
from srbench.run.recorded import Recorded, use_names_otherwise
from srbench.run.seams import compare_tiles
from srbench.run.selection import select_methods
from srbench.run.stopping import Stop, Terminated, stoppable
from srbench.run.todo import measurable, pending, unclaimed, with_canaries
from srbench.run.windows import most_frames, note_short
from srbench.run.worker import CellWorker
from srbench.scale import checked
from srbench.timing.session import time_methods

__all__ = ["Observer", "RunOptions", "Silent", "Summary", "run"]


def run(options: RunOptions, observer: Observer | None = None) -> Summary:
    """Evaluate methods on datasets and store every score in ``options.out``.

    Only what is missing is computed, and by one run alone where several write to one folder. Ctrl-C ends the run
    cleanly: cells under way are finished and stored, and the summary says ``interrupted``; running again continues. A
    second Ctrl-C does not wait for them.

    Random numbers of the caller (of torch, NumPy and Python) go on afterwards as if nothing had been drawn.

    Raises:
        SrbenchError: an unknown name, a dataset that is not here, an unreadable image, a broken plugin asked for
            by name. What a single cell does wrong is recorded with the cell instead.
    """
    observer = observer or Silent()
    clustered.require(options)
    # The folder is the same whatever a plugin makes the current one.
    options = replace(options, scales=tuple(dict.fromkeys(map(checked, options.scales))), out=options.out.absolute())
    with randomness.kept(resolve_device(options.device)):
        return carry_out(lambda: resolve(options, observer), observer)


def carry_out(
    resolved: Callable[[], Job], observer: Observer, begin: Callable[[Job, Plan, Store], None] = lambda *_: None
) -> Summary:
    """Plan what is resolved, ``begin`` it, and compute all that is missing. It is resolved anew where another run has
    meanwhile given one of its names to another thing, in the same folder."""
    while True:
        job = resolved()
        with Store(job.options.out, create=True) as store, single_threaded():
            try:
                planned = plan(job, store, observer)
            except OvertakenError:
                continue
            begin(job, planned, store)
            return complete(job, planned, store, observer)


# -- resolve -------------------------------------------------------------------------------------------------------


def resolve(options: RunOptions, observer: Observer) -> Job:
    """Find all that ``options`` name, and begin to decode the images."""
    options = replace(options, degradation=degradation_of(options.degradation, options.lr))
    context = context_of(options)
    worker = CellWorker(context, workers_of(options))
    for scale in options.scales:
        worker.degradation.require_scale(scale)
    recorded = Recorded.of(options.out)
    recorded.require_own_protocols(context.protocols)
    file = degradation.file_of(options.degradation)
    recorded.require_own_degradation(context.degradation_key, file)
    if recorded.is_another_degradation(context.degradation_key):
        observer.note(
            f"'{options.degradation}' is another degradation (its file or seed) than in the last run with one of its "
            "name: rows of methods that are not run again are of the old one"
        )
    if options.no_reference and not options.datasets:
        raise SrbenchError("no images are named that have no original", "name their folder with --datasets")
    named = options.datasets or default_datasets(observer.note)
    datasets = find_datasets(named, observer.note, reference=not options.no_reference, clips=options.clips)
    specs = []
    sources = {}
    frames = most_frames(datasets, worker.degradation.frames)
    with _tried(options, worker):
        selected = select_methods(options.methods, options.scales, observer.note, recorded, frames)
    for method, identity, source, place in selected:
        specs.append(spec_of(method, identity, source, context.variant))
        worker.hold_method(specs[-1], method)
        if place:
            sources[method.card.name] = place
    note_short(datasets, specs, context, observer.note)
    if uncast := [spec.name for spec in specs if spec.precision != context.variant.precision]:
        observer.note(f"without a network to cast, computed as always: {', '.join(uncast)}")
    require_undegraded(datasets, options.degradation)
    if options.degradation == GIVEN:
        datasets = with_lr(datasets, options.lr, options.scales)
    else:
        note_unused(datasets, options.scales, observer.note)
    selection = choice.select(
        options.metrics,
        context.protocols,
        any(spec.has_likelihood for spec in specs),
        references=any(data.reference for data in datasets),
        unreferenced=not all(data.reference for data in datasets),
        operator=worker.degradation.has_operator,
        clips=any(data.clips() for data in datasets),
    )
    decoding = worker.images.start_decoding(
        [file for data in datasets for file in data.files()], verify=options.verify_pixels
    )
    found = Decoding(datasets, decoding)
    settled = settle(found, recorded, observer.note, context.protocols, skip_unreadable=options.skip_unreadable)
    job = job_of(options, worker, specs, settled.datasets, selection, settled.facts)
    described: dict[str, Any] = {"sources": sources} if sources else {}
    if file:
        described["degradation_file"] = {context.degradation_key.partition("/")[0]: file}
    job = replace(job, recorded=recorded, described=described)
    return job if options.shard is None else sliced(job, options.shard, observer)


# -- plan ----------------------------------------------------------------------------------------------------------


def plan(job: Job, store: Store, observer: Observer) -> Plan:
    """Load the methods, and enter the run and its cells into the store; raises OvertakenError."""
    # What plugins load is tried in a forked child, which would wait for ever for what a decoding thread holds then.
    decoded = job.image_facts() if job.worker.holds_foreign_code() else None
    _prepare(job, observer)
    require_fitting(job)
    with _tried(job.options, job.worker):
        trials_of_new = try_new(job, observer)
    manifest = {**_describe(job), **job.described}  # while images are decoded
    facts = job.image_facts() if decoded is None else decoded
    manifest["datasets"] = [describe_dataset(data, facts) for data in job.datasets]
    if not any(data.reference for data in job.datasets):
        manifest["degradation"] = NO_DEGRADATION
    every = cells(job.methods, job.datasets, facts, job.options.scales, job.context)
    planned = list(every if job.slice is None else job.slice)
    if job.context.variant.key:
        manifest["options"] = job.context.variant.key
    if job.context.variant.tile:
        manifest["seams"] = compare_tiles(planned, job.worker, observer)
    if trials_of_new:
        manifest["trials"] = trials_of_new
    manifest["metrics"] = [describe_metric(metric) for metric in job.selection.metrics]  # also of a run that is killed
    clashes = partial(use_names_otherwise, manifest)
    run_id = store.start_run(manifest, seen=job.recorded.newest, clashes=clashes)
    ids = store.plan(run_id, [task.facts for task in planned])
    return Plan(planned, facts, ids, manifest, Summary(run_id, total=len(planned)))


def _describe(job: Job) -> dict[str, Any]:
    methods = [(job.worker.method(spec), spec.identity) for spec in job.methods]
    return describe(job.options, methods, job.context.protocols, devices_of(job.options.device), job.worker.workers)


def _prepare(job: Job, observer: Observer) -> None:
    """Load what every method needs; what went wrong is raised again in the cells it concerns. A load that was not
    complete, which only a method that declares it survives, is noted, and so are the files."""
    for spec in job.methods:
        with _tried(job.options, job.worker):
            _try(job, spec)
        for scale in job.options.scales:
            job.worker.prepare(spec, scale)
        try:
            with contained(f"load_audits() of {spec.name}"):
                incomplete = [str(audit) for audit in job.worker.method(spec).load_audits() if not audit.complete]
        except SrbenchError as error:
            observer.note(str(error))
            continue
        for audit in incomplete:
            observer.note(f"{spec.name} loaded only a part: {audit}")
    for line in loaded.notes([job.worker.method(spec) for spec in job.methods]):
        observer.note(line)


def _tried(options: RunOptions, worker: CellWorker) -> AbstractContextManager[None]:
    """Where a crash is not to end this process, calls of plugins are tried in another, if that costs nothing."""
    return trials() if options.apart and can_fork(worker.device) else nullcontext()


def _try(job: Job, spec: MethodSpec) -> None:
    """Have the cells of a plugin fail that is the end of the process in which it loads what it needs."""
    worker = job.worker
    everything = lambda: [worker.prepare(spec, scale) for scale in job.options.scales]  # noqa: E731
    if not worker.is_foreign(spec) or not died_of(everything):
        return
    for scale in job.options.scales:
        if text := died_of(lambda scale=scale: worker.prepare(spec, scale)):  # type: ignore[misc]
            worker.fail_to_prepare(spec, scale, PluginError(f"{text} in prepare()"))


# -- execute -------------------------------------------------------------------------------------------------------


def complete(job: Job, planned: Plan, store: Store, observer: Observer) -> Summary:
    """Compute all that is missing of a plan; then the canary's verdict, timings, and the end of the manifest."""
    summary = planned.summary
    try:
        _complete(job, planned, store, observer)
    except KeyboardInterrupt as interrupt:
        summary.interrupted = True
        summary.signal = interrupt.number if isinstance(interrupt, Terminated) else SIGINT
    except BaseException:
        with suppress(StoreError):
            store.finish_run(summary.run_id, ENDED_EARLY, planned.manifest)
        raise
    finish(planned, store)
    return summary


def _complete(job: Job, planned: Plan, store: Store, observer: Observer) -> None:
    options, summary = job.options, planned.summary
    store.changed_elsewhere()  # what is written from here on, the claims look at
    tasks = pending(planned.cells, planned.ids, store, job.wanted, job.selection, options.force, summary)
    tasks = measurable(tasks, job.wanted, job.selection, planned.facts, observer, summary)
    # With the weights that are loaded now.
    planned.manifest["metrics"] = [describe_metric(metric) for metric in job.selection.metrics]
    observer.begin(len(planned.cells), summary.known + summary.not_supported)
    with stoppable() as stop:
        execute(job, planned, tasks, store, stop, observer)
    if options.time:  # the workers are gone: nothing of ours runs at the same time
        _time(job, planned, store, observer)


def execute(job: Job, planned: Plan, tasks: Sequence[CellTask], store: Store, stop: Stop, observer: Observer) -> None:
    """Compute ``tasks``, and the canary's cells that are not among the run's own; store all as they are done."""
    bicubic = canary.canary_cells(job.datasets, planned.facts, job.options.scales, job.context)
    extra = canary.extra_cells(bicubic, planned.ids, list(job.wanted))
    for cell in extra:  # before workers are forked
        job.worker.prepare(cell.method, cell.scale, Variant())
    executor = clustered.executor(job, planned, store) if job.options.cluster else _executor(job, planned)
    if isinstance(executor, Batched):
        tasks = executor.batching.ordered(tasks)
    claims = Claims(store, planned.summary.run_id)
    fresh: Iterator[CellTask | None] = iter(tasks)
    if not job.options.force:
        fresh = unclaimed(tasks, planned.ids, store, claims, planned.summary, observer)
    measured: dict[str, float] = {}
    ordered = with_canaries(fresh, extra)
    with closing(executor.run(job.worker, ordered, len(tasks) + len(extra), stop)) as deliveries:
        for batch in deliveries:
            claims.beat()
            for task, result in batch:
                if task.canary and result.scores and ScoreState(result.scores[0].status).has_value:
                    measured[task.facts.key] = result.scores[0].value
            _record([pair for pair in batch if not pair[0].canary], job, planned, store, observer)
            if 0 < job.options.max_failures <= planned.summary.failed and planned.summary.left:
                stop.pressed = planned.summary.gave_up = True
    _judge(job, planned, bicubic, measured, store)


def _executor(job: Job, planned: Plan) -> Executor:
    """Another process than this one where that costs nothing, or where code computes that is not srbench's own."""
    worker, options = job.worker, job.options
    apart = options.apart and (can_fork(worker.device) or worker.holds_foreign_code())
    executor = local(worker.workers, devices_of(options.device), apart=apart, timeout=options.cell_timeout or None)
    if options.batch == 1 or options.cell_timeout or not batches.pay(worker.device):
        return executor
    planned.manifest["batches"] = {"images": options.batch, "pixels": batches.PIXELS}
    return Batched(executor, Batching(planned.facts, options.batch))


def _record(
    results: Sequence[tuple[CellTask, CellResult]], job: Job, planned: Plan, store: Store, observer: Observer
) -> None:
    if not results:
        return
    entries = [Entry(planned.ids[task.facts.key], result.outcome, result.scores) for task, result in results]
    store.record(planned.summary.run_id, entries, again=job.options.force)
    for task, result in results:
        if result.died:
            planned.crashing.add(task.facts.method)
        planned.summary.count(task, result)
        observer.done(task, result.outcome)


def _judge(job: Job, planned: Plan, bicubic: Sequence[CellTask], measured: dict[str, float], store: Store) -> None:
    """The canary's verdicts, from bicubic's cells of the run and the extra ones."""
    ids, summary = planned.ids, planned.summary
    own = [cell.facts.key for cell in bicubic if cell.facts.key in ids]
    stored = store.values([ids[key] for key in own], metrics.get(canary.METRIC))
    psnr = {key: stored[ids[key]] for key in own if ids[key] in stored} | measured
    summary.canaries = canary.judge_all(job.datasets, planned.facts, job.options.scales, job.context, bicubic, psnr)
    store.add_canaries(summary.run_id, summary.canaries)


def _time(job: Job, planned: Plan, store: Store, observer: Observer) -> None:
    worker, summary = job.worker, planned.summary
    for name in sorted(planned.crashing):
        observer.note(f"{name} is not timed: it was the end of a worker, and would be that of the run")
    methods = [(worker.method(spec), spec.identity) for spec in job.methods if spec.name not in planned.crashing]
    images = (job.datasets, planned.facts, job.options.scales)
    summary.timings = time_methods(methods, *images, worker.method_context, observer.note)
    store.add_timings(summary.run_id, summary.timings)
    for timing in summary.timings:
        if timing.status == "failed":
            summary.fail(f"timing of {timing}", timing.message)


# -- finish --------------------------------------------------------------------------------------------------------


def finish(planned: Plan, store: Store) -> None:
    """Say in the store, and in ``runs/NNNN.json`` of its folder, how a run ended ('finished' or 'interrupted').

    Raises:
        StoreError: the file cannot be written.
    """
    summary, manifest = planned.summary, planned.manifest
    summary.settle(planned.cells)
    status = "interrupted" if summary.interrupted else "finished"
    store.finish_run(summary.run_id, status, manifest)
    path = store.folder / "runs" / f"{summary.run_id:04d}.json"
    hint = "free some space and run again: what was scored is kept"
    with writing(path, hint, StoreError), replace_file(path) as stream:
        stream.write((json.dumps({**manifest, "status": status}, indent=2) + "\n").encode())
