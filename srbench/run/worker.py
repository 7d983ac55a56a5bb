"""Compute cells: the method's SR image and its scores. Pure work, safe in any thread and in any process."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock

import torch
from torch import Tensor

import srbench
from srbench import degradation, metrics, randomness
from srbench.errors import MethodError, NotFiniteError, NotSupportedError, SrbenchError
from srbench.evaluation import Example, compare, is_black, measure, out_of_range, raw, raw_together, rounded
from srbench.evaluation.inference import given
from srbench.evaluation.scoring import likelihood
from srbench.foreign.contained import contained, told, traceback_of
from srbench.imaging.color import round_half_up
from srbench.machine import resolve_device
from srbench.method import plugins
from srbench.method.base import Method, MethodContext, prepare
from srbench.method.cascade import working
from srbench.method.variant import Variant
from srbench.method.wrappers import Watch, watched
from srbench.metrics import Measurement, Metric
from srbench.paths import search_path
from srbench.records import Outcome, Score
from srbench.results import handling
from srbench.run import kept
from srbench.run.batches import CellBatch, pay, same
from srbench.run.cache import ImageCache
from srbench.run.executors.base import Deferred
from srbench.run.plan import CellResult, CellTask, MethodSpec, MetricSpec, RunContext
from srbench.run.shared import Made, SharedOutputs

_DECODERS = 4  # threads that read the images of a batch


class CellWorker:
    """Computes the cells of one run in this process, for ``workers`` threads at once.

    It makes every method and metric from its spec when a task first needs it. What was loaded before
    (:meth:`hold_method`, :meth:`hold_metric`, :meth:`prepare`) is used as it is, and forked processes inherit it.

    Raises:
        SrbenchError: the device or the degradation is not here, or the degradation is another one than was planned.
    """

    def __init__(self, context: RunContext, workers: int = 1) -> None:
        self.context, self.workers = context, workers
        self.device = resolve_device(context.device)
        self.degradation = degradation.get(context.degradation, context.seed)
        if self.degradation.key != context.degradation_key:
            raise SrbenchError(
                f"'{context.degradation}' is {self.degradation.key} here, not {context.degradation_key}",
                "use the same files on all machines",
            )
        self.method_context = MethodContext(self.device, context.seed, self.degradation)
        at_once = context.batch if pay(self.device) else 1
        self.images = ImageCache(context.protocols, self.degradation, workers, at_once)
        self._outputs = SharedOutputs(workers * at_once)
        self._bare: dict[MethodSpec, Method] = {}
        self._methods: dict[tuple[MethodSpec, Variant], Method] = {}
        self._prepared: dict[tuple[MethodSpec, Variant, float], Exception | None] = {}
        self._metrics: dict[MetricSpec, Metric] = {}
        self._takes_several: dict[tuple[MethodSpec, float], bool] = {}  # methods at a scale, images at once
        self._lock = RLock()

    # -- methods and metrics ------------------------------------------------------------------------------------

    def hold_method(self, spec: MethodSpec, method: Method) -> None:
        """Use ``method``, which nothing was loaded for yet, for the tasks of ``spec``."""
        self._bare[spec] = method

    def hold_metric(self, spec: MetricSpec, metric: Metric) -> None:
        """Use ``metric`` for ``spec``."""
        self._metrics[spec] = metric

    def held_methods(self) -> Iterable[tuple[MethodSpec, Method]]:
        return self._bare.items()

    def held_metrics(self) -> Iterable[tuple[MetricSpec, Metric]]:
        return self._metrics.items()

    def holds_foreign_code(self) -> bool:
        """Whether one of the methods and metrics that it holds is not srbench's own."""
        modules = [type(method).__module__ for own in self._bare.values() for method in working(own)]
        modules += [getattr(metric.compute, "__module__", "") for metric in self._metrics.values()]
        return any(not _is_own(name) for name in modules)

    def method(self, spec: MethodSpec, variant: Variant | None = None) -> Method:
        """The method, under the run's variant unless another one is given; prepared for no scale in particular."""
        key = (spec, variant or self.context.variant)
        if key not in self._methods:
            with self._lock:
                if spec not in self._bare:
                    self.hold_method(spec, _make(spec))
                self._methods.setdefault(key, key[1].apply(self._bare[spec]))
        return self._methods[key]

    def prepare(self, spec: MethodSpec, scale: float, variant: Variant | None = None) -> Exception | None:
        """Let the method load what it needs for a scale, once; returns what went wrong."""
        key = (spec, variant or self.context.variant, scale)
        if key not in self._prepared:
            with self._lock:
                if key not in self._prepared:
                    self._prepared[key] = self._prepare(self.method(*key[:2]), scale)
        return self._prepared[key]

    def fail_to_prepare(self, spec: MethodSpec, scale: float, error: Exception) -> None:
        """Have the method's cells at a scale fail with ``error``, and do not load it."""
        self._prepared[spec, self.context.variant, scale] = error

    def is_foreign(self, spec: MethodSpec) -> bool:
        """Whether the method is code that is not srbench's own."""
        return not all(_is_own(type(method).__module__) for method in working(self._bare[spec]))

    def load(self, task: CellTask | CellBatch) -> None:
        """Load what a task needs, before its time is taken. What goes wrong is said by its result."""
        for own in task.tasks if isinstance(task, CellBatch) else (task,):
            with suppress(Exception), contained():
                self._method(own)
                for spec in own.metrics:
                    self._metric(spec)

    def _prepare(self, method: Method, scale: float) -> Exception | None:
        try:
            with contained():
                if method.supports(scale):  # else require_scale says so for each cell
                    prepare(method, scale, self.method_context)
        except Exception as error:
            return error
        return None

    def _method(self, task: CellTask) -> Method | None:
        """A task's method, prepared for its scale; None where the SR image was made elsewhere."""
        if not task.method.source:
            return None
        variant = Variant() if task.canary else self.context.variant
        broken = self.prepare(task.method, task.scale, variant)
        if broken is not None:
            raise broken
        method = self.method(task.method, variant)
        method.require_scale(task.scale)
        return method

    def _metric(self, spec: MetricSpec) -> Metric:
        if spec not in self._metrics:
            with self._lock:
                if spec not in self._metrics:
                    self._metrics[spec] = _make_metric(spec)
        return self._metrics[spec]

    # -- cells --------------------------------------------------------------------------------------------------

    def example(self, task: CellTask) -> Example:
        """A task's image at its scale under its protocol; raises ImageError."""
        return self.images.example(task.sample, task.scale, self.context.protocol(task.facts), task.lr)

    def compute(self, task: CellTask) -> CellResult:
        """Run the method and score its image; with ``kept``, score the image of that earlier outcome if it is still
        there. Never raises for what a method or an image does: that is the outcome."""
        begun = self.begin(task)
        result: CellResult = begun.finish() if isinstance(begun, Deferred) else begun
        return result

    def begin(self, task: CellTask | CellBatch) -> CellResult | Deferred:
        """As :meth:`compute`, but what the next task need not wait for is left: the file of the SR image, and all of a
        task of the canary. Of a batch the results come together, in a list."""
        if isinstance(task, CellBatch):
            begun = self._begin_together(task)
            return Deferred(lambda: [one.finish() if isinstance(one, Deferred) else one for one in begun])
        if task.canary:
            return Deferred(functools.partial(self._begin, task, Watch()))
        with watched() as watch:
            result = self._begin(task, watch)
        return result if not watch.tile else _in_tiles(result, watch.tile)

    def _begin_together(self, batch: CellBatch) -> list[CellResult | Deferred]:
        """One by one where the method cannot do otherwise, or not for want of memory."""
        with watched() as watch:
            made = self._together(batch, watch)
        if not made or watch.tile:
            return [self.begin(task) for task in batch.tasks]
        begun = [self._begin(task, Watch(), own) for task, own in zip(batch.tasks, made, strict=True)]
        return [_in_tiles(one, own.tile) if own.tile else one for one, own in zip(begun, made, strict=True)]

    def _together(self, batch: CellBatch, watch: Watch) -> list[Made]:
        """What the method makes of a batch's images at once; nothing if it fails at it, or makes something else than of
        each alone, which is then not tried again."""
        first = batch.tasks[0]
        key = (first.method, first.scale)
        if not self._takes_several.get(key, True):
            return []
        try:
            with contained(), ThreadPoolExecutor(_DECODERS) as threads:
                method = self._method(first)
                assert method is not None  # a task of images that were made elsewhere is in no batch
                examples = list(threads.map(self.example, batch.tasks))
                families = [own.family for own in batch.tasks]
                lrs = [given(method, example) for example in examples]
                known = [self._outputs.find(*own) for own in zip(families, lrs, strict=True)]
                found = [made for made in known if made is not None]
                if len(found) == len(known):
                    return found
                start = time.perf_counter()
                outputs = raw_together(method, examples)
                seconds = (time.perf_counter() - start) / len(outputs)
                if key not in self._takes_several:
                    self._takes_several[key] = same(outputs[0], raw(method, examples[0]))
        except Exception:  # the image that it is about raises it again
            self._takes_several[key] = False
        if not self._takes_several[key]:
            return []
        made = [Made(output, seconds) for output in outputs]
        for own in zip(families, lrs, made, strict=True):
            if not watch.tile:
                self._outputs.keep(*own)
        return made

    def _begin(self, task: CellTask, watch: Watch, made: Made | None = None) -> CellResult | Deferred:
        try:
            with contained():
                return self._super_resolve_and_score(task, watch, made)
        except NotSupportedError as error:
            return CellResult(Outcome("not supported", str(error)))
        except Exception as error:
            return _failed(error)

    def _make(self, task: CellTask, method: Method, example: Example, watch: Watch) -> Made:
        """What the method makes of a cell's LR image, or has made of the same one under another protocol."""
        family = None if task.method.random else task.family
        lr = given(method, example)
        made = self._outputs.find(family, lr)
        if made is None:
            start = time.perf_counter()
            output = raw(method, example)
            made = Made(output, time.perf_counter() - start, watch.tile)
            self._outputs.keep(family, lr, made)
        return made

    def _super_resolve_and_score(self, task: CellTask, watch: Watch, made: Made | None) -> CellResult | Deferred:
        method = self._method(task)
        example = self.example(task)
        # A file has 8 bits: what is measured without rounding is made again, unless it came as a file.
        readable = example.protocol.sr_rounded or method is None
        sr = kept.read(self.context.folder, task.kept) if task.kept is not None and readable else None
        if sr is not None:
            return CellResult(None, self._scores(task, method, sr, example))
        if method is None:
            raise MethodError(f"the images of '{task.method.name}' were made elsewhere", "give them again")
        made = made or self._make(task, method, example, watch)
        watch.tile = made.tile
        start = time.perf_counter()
        sr = rounded(made.output, example)
        seconds = time.perf_counter() - start + made.seconds
        remarks = handling.encode(out_of_range(made.output), black=is_black(sr, example))
        if task.canary or not self.context.keep_images:
            done = Outcome("ok", seconds=seconds, handling=remarks)
            return CellResult(done, self._scores(task, method, sr, example))
        writer = ThreadPoolExecutor(1)  # compressing the image takes as long as PSNR and SSIM
        pixels = kept.to_pixels(sr if example.protocol.sr_rounded else round_half_up(sr))
        outcome = writer.submit(kept.keep, self.context.folder, task.facts, pixels, seconds)
        writer.shutdown(wait=False)
        return Deferred(functools.partial(_finished, outcome, remarks, self._scores(task, method, sr, example)))

    def _scores(self, task: CellTask, method: Method | None, sr: Tensor, example: Example) -> tuple[Score, ...]:
        pair = compare(sr, example)
        if method is not None and task.method.has_likelihood:
            pair = replace(pair, likelihood=lambda: self._bits(task, method, example))
        return tuple(measure(self._metric(spec), pair) for spec in task.metrics)

    def _bits(self, task: CellTask, method: Method, example: Example) -> float:
        """Bits per sub-pixel, with the map of the entropy, which is kept with the SR image."""
        found = likelihood(method, example)
        if not self.context.keep_images:
            return found.bits
        path = kept.keep_entropy(self.context.folder, task.facts, found.entropy[0])
        return Measurement(found.bits, {"entropy": path})


def _make(spec: MethodSpec) -> Method:
    plugin = {plugin.name: plugin for plugin in plugins.find(spec.source)}[spec.name]
    method = plugins.instantiate(plugin)
    identity = plugins.identity(plugin, method)
    if identity != spec.identity:
        raise MethodError(
            f"'{spec.source}' is another version of {spec.name} here ({identity}) than where the run was planned "
            f"({spec.identity})",
            "use the same source and weight files",
        )
    return method


def _make_metric(spec: MetricSpec) -> Metric:
    metric = {metric.name: metric for metric in metrics.find(spec.source)}[spec.name]
    if metric.version != spec.version:
        raise MethodError(
            f"'{spec.source}' has version {metric.version} of {spec.name} here, not {spec.version}",
            "use the same version of it",
        )
    with randomness.kept(torch.device("cpu")):
        metric.prepare()
    return metric


def _is_own(module: str) -> bool:
    """Whether a module is one of srbench's, or of the methods that come with it."""
    file = getattr(sys.modules.get(module), "__file__", None)
    folders = (Path(srbench.__file__).parent, Path(search_path("methods")[0]))
    return file is not None and any(Path(file).resolve().is_relative_to(folder.resolve()) for folder in folders)


def _finished(outcome: Future[Outcome], remarks: str, scores: tuple[Score, ...]) -> CellResult:
    """Waits for the SR image's file."""
    try:
        return CellResult(replace(outcome.result(), handling=remarks), scores)
    except Exception as error:
        return _failed(error)


def _in_tiles(begun: CellResult | Deferred, tile: int) -> CellResult | Deferred:
    """A result that says of its image that it was computed in tiles: it is not what the whole image gives."""
    if isinstance(begun, Deferred):
        return Deferred(lambda: _in_tiles(begun.finish(), tile))
    if begun.outcome is None:
        return begun
    remarks = handling.in_tiles(begun.outcome.handling, tile)
    return replace(begun, outcome=replace(begun.outcome, handling=remarks))


def _failed(error: Exception) -> CellResult:
    counts = {"nan": error.nan, "infinite": error.infinite} if isinstance(error, NotFiniteError) else {}
    return CellResult(Outcome("failed", told(error), traceback_of(error), handling=handling.encode(**counts)))
