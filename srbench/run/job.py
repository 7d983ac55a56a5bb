"""What a run is before it computes: its names resolved (:class:`Job`) and its cells planned (:class:`Plan`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from srbench import degradation, protocol, randomness
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import SrbenchError
from srbench.machine import available_processors, devices_of
from srbench.method.base import Method
from srbench.method.variant import Variant
from srbench.method.wrappers import precision_of
from srbench.metrics import choice
from srbench.records import NO_DEGRADATION
from srbench.run.observer import Observer, Summary
from srbench.run.options import RunOptions
from srbench.run.plan import CellTask, MethodSpec, MetricSpec, RunContext, cells
from srbench.run.recorded import Recorded
from srbench.run.selection import anywhere
from srbench.run.shard import Shard
from srbench.run.slices import costs, cut
from srbench.run.todo import Wanted
from srbench.run.worker import CellWorker
from srbench.wording import counted


@dataclass(frozen=True)
class Job:
    """A run whose names are resolved, before anything is written."""

    options: RunOptions
    worker: CellWorker
    methods: tuple[MethodSpec, ...]
    datasets: tuple[Dataset, ...]
    selection: choice.Selection
    wanted: Wanted
    image_facts: Callable[[], dict[ImageFile, ImageFacts]]  # waits until all images are decoded; raises ImageError
    recorded: Recorded = field(default_factory=Recorded)  # what the names were chosen by
    described: Mapping[str, Any] = field(default_factory=dict)  # what else the manifest says
    slice: tuple[CellTask, ...] | None = None  # of all cells, those that are this run's; None: all

    @property
    def context(self) -> RunContext:
        return self.worker.context


@dataclass
class Plan:
    """The cells of a run that stands in the store: ``ids`` are those of its cells, by key."""

    cells: list[CellTask]
    facts: dict[ImageFile, ImageFacts]
    ids: dict[str, int]
    manifest: dict[str, Any]
    summary: Summary
    crashing: set[str] = field(default_factory=set)  # methods that were the end of a worker


def context_of(options: RunOptions) -> RunContext:
    """What all cells of a run share; raises UnknownNameError, or SrbenchError for a kernel that cannot be used."""
    degraded = degradation.get(options.degradation, randomness.checked_seed(options.seed))
    if degraded.name == NO_DEGRADATION:
        raise SrbenchError(
            f"a degradation cannot be called '{NO_DEGRADATION}', as results of images without an original are",
            "give it another name",
        )
    return RunContext(
        protocols=protocol.several(options.protocol),
        degradation=options.degradation,
        degradation_key=degraded.key,
        variant=Variant(options.tile, options.self_ensemble, options.precision),
        device=options.device,
        seed=options.seed,
        keep_images=options.keep_images,
        folder=options.out.absolute(),
        batch=options.batch,
        burst=degraded.frames,
    )


def spec_of(method: Method, identity: str, source: str, variant: Variant) -> MethodSpec:
    """What a run plans of a method under its variant."""
    varied = variant.apply(method)
    return MethodSpec(
        method.card.name,
        identity,
        source,
        method.card.random,
        varied.has_likelihood,
        precision_of(varied),
        method.card.frames,
    )


def workers_of(options: RunOptions) -> int:
    """How many cells are computed at once: one on each GPU."""
    devices = devices_of(options.device)
    return len(devices) if devices[0].type == "cuda" else options.threads or available_processors()


def job_of(
    options: RunOptions,
    worker: CellWorker,
    methods: Sequence[MethodSpec],
    datasets: tuple[Dataset, ...],
    selection: choice.Selection,
    image_facts: Callable[[], dict[ImageFile, ImageFacts]],
) -> Job:
    """Seed the random numbers, and hand the metrics to the worker."""
    randomness.seed(options.seed, worker.device)
    wanted = {}
    for metric in selection.metrics:
        spec = MetricSpec(metric.name, metric.version, anywhere(selection.sources[metric.name]))
        wanted[spec] = metric
        worker.hold_metric(spec, metric)
    return Job(options, worker, tuple(methods), datasets, selection, wanted, image_facts)


def sliced(job: Job, shard: Shard, observer: Observer) -> Job:
    """A run of one slice of ``job``, with the methods and datasets of which that holds cells."""
    facts = job.image_facts()
    whole = list(cells(job.methods, job.datasets, facts, job.options.scales, job.context))
    part = cut(whole, costs(whole, facts, job.worker), shard)
    mine = [task for task in whole if task.facts.key in part.keys]
    methods, datasets = {task.method for task in mine}, {task.facts.dataset for task in mine}
    observer.note(f"slice {shard}: {len(mine)} of {counted(len(whole), 'cell')}")
    return replace(
        job,
        methods=tuple(spec for spec in job.methods if spec in methods),
        datasets=tuple(data for data in job.datasets if data.name in datasets),
        described={**job.described, "shard": part.to_json()},
        slice=tuple(mine),
    )
