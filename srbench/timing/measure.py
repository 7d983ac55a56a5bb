"""Latency of methods alone: no loading, no file, no metric is timed.

The protocol: every method is warmed up until it is stable; then they are called in rounds, each once a round in an
order that is shuffled anew, so that a slow moment of the machine hits all of them; each is done after MIN_CALLS
calls that took MIN_SECONDS together, or after MAX_SECONDS. What is stored is the seconds of every call. Medians,
intervals and ratios are derived from them.
"""

from __future__ import annotations

import functools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from srbench.errors import NotSupportedError, OutputError
from srbench.foreign.contained import contained, told
from srbench.machine import describe_device, load_average
from srbench.method.base import Method, MethodContext, prepare
from srbench.method.frames import called, repeated
from srbench.method.network import TorchMethod
from srbench.method.wrappers import precision_of
from srbench.records import Timing
from srbench.scale import enlarged
from srbench.timing import cost
from srbench.timing.clocks import Clock, CpuClock, CudaClock, peak_memory
from srbench.timing.subjects import Subject

MIN_CALLS, MIN_SECONDS, MAX_SECONDS = 50, 0.2, 2.0
FEWEST_CALLS = 5  # of a method that takes longer than MAX_SECONDS / FEWEST_CALLS
MAX_CALLS = 500
WARM_SECONDS = 5.0
VARIANTS = ("fp32", "fp32 channels_last", "fp16", "fp16 channels_last")


@dataclass
class _Job:
    timing: Timing
    call: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def done(self) -> bool:
        calls, total = len(self.seconds), sum(self.seconds)
        enough = calls >= MIN_CALLS and (total >= MIN_SECONDS or calls >= MAX_CALLS)
        return enough or (total >= MAX_SECONDS and calls >= FEWEST_CALLS) or self.timing.status != "ok"

    def fail(self, error: Exception) -> None:
        status = "not supported" if isinstance(error, NotSupportedError) else "failed"
        message = told(error) if status == "failed" else str(error)
        self.timing = replace(self.timing, status=status, message=message)


def measure(
    methods: Sequence[tuple[Method, str]],
    subject: Subject,
    context: MethodContext,
    threads: int,
    seed: int = 0,
) -> list[Timing]:
    """Time methods on one subject, interleaved. What a method does wrong is recorded with it, and the others go on.

    Args:
        methods: pairs of a method and its identity hash.
        context: what the methods are prepared with; its device is the one that is timed.
        threads: of the CPU, for each call.

    Returns:
        one timing per method; on CUDA one per variant of a network.
    """
    session, device = uuid.uuid4().hex, context.device
    clock: Clock = CudaClock(device) if device.type == "cuda" else CpuClock(threads)
    load_before = load_average()
    jobs = [job for method, identity in methods for job in _jobs(method, identity, subject, context, threads, session)]
    for job in jobs:
        _guard(job, functools.partial(_warm_up, job, clock, device))
    order, rng = list(jobs), random.Random(seed)
    while active := [job for job in order if not job.done]:
        rng.shuffle(active)
        for job in active:
            _guard(job, functools.partial(_call, job, clock))
    machine = describe_device(device, threads) | {"load_before": load_before, "load_after": load_average()}
    return [replace(job.timing, seconds=tuple(job.seconds), machine=machine) for job in jobs]


def _call(job: _Job, clock: Clock) -> None:
    job.seconds.append(clock(job.call))


def _guard(job: _Job, step: Callable[[], object]) -> None:
    if job.timing.status != "ok":
        return
    try:
        with torch.no_grad(), contained():
            step()
    except Exception as error:  # also of a device that is gone: what is on another one goes on
        job.fail(error)


def _jobs(
    method: Method, identity: str, subject: Subject, context: MethodContext, threads: int, session: str
) -> Iterator[_Job]:
    height, width = subject.picture.shape[-2:]
    variants = (
        VARIANTS if context.device.type == "cuda" and isinstance(method, TorchMethod) else (precision_of(method),)
    )
    for variant in variants:
        timing = Timing(
            method=method.card.name,
            method_hash=identity,
            subject=subject.name,
            scale=subject.scale,
            lr_size=(width, height),
            channels=cost.channels(method),
            device=str(context.device),
            variant=variant,
            threads=threads,
            session=session,
            image=subject.image,
        )
        job = _Job(timing, lambda: None)
        _guard(job, functools.partial(_set_up, job, method, variant, subject, context))
        yield job


def _set_up(job: _Job, method: Method, variant: str, subject: Subject, context: MethodContext) -> None:
    method.require_scale(subject.scale)
    prepare(method, subject.scale, context)
    own = precision_of(method)
    if variant == own:  # the counts are of the network, whatever its variant
        count = cost.parameters(method, subject.scale), cost.mult_adds(method, subject.scale)
        job.timing = replace(job.timing, parameters=count[0], mult_adds=count[1])
    lr, target = repeated(method, subject.input_for(method))
    if variant != own:
        method, lr = _variant(method, variant, subject.scale, lr)
    job.call = lambda: called(method, lr, subject.scale, target)
    _check_output(job.call(), lr, subject.scale)


def _variant(method: Method, variant: str, scale: float, lr: Tensor) -> tuple[Method, Tensor]:
    """An own copy of a network's method in another precision or memory layout, and its input."""
    own = type(method)()
    assert isinstance(own, TorchMethod)
    prepare(own, scale, method.context)
    if variant.startswith("fp16"):
        own.module(scale).half()
        lr = lr.half()
    if variant.endswith("channels_last"):
        own.module(scale).to(memory_format=torch.channels_last)
        if lr.ndim == 4:  # what a method of several frames gives its network, it makes itself
            lr = lr.contiguous(memory_format=torch.channels_last)
    return own, lr


def _check_output(result: object, lr: Tensor, scale: float) -> None:
    expected = (1, lr.shape[-3], enlarged(lr.shape[-2], scale), enlarged(lr.shape[-1], scale))
    if not isinstance(result, Tensor) or tuple(result.shape) != expected:
        shape = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        raise OutputError(f"returned {shape} instead of {expected}", "see docs/plugins.md")
    if not torch.isfinite(result).all():
        raise OutputError("returned NaN or infinite values", "look for an overflow")


def _warm_up(job: _Job, clock: Clock, device: torch.device) -> None:
    """Call until the median of the last five calls is within 5% of that of the five before, or WARM_SECONDS."""
    seconds: list[float] = []
    deadline = time.perf_counter() + WARM_SECONDS
    while time.perf_counter() < deadline:
        seconds.append(clock(job.call))
        if len(seconds) >= 10:
            before, last = np.median(seconds[-10:-5]), np.median(seconds[-5:])
            if abs(last - before) <= 0.05 * before:
                break
    job.timing = replace(job.timing, peak_memory=peak_memory(job.call, device))
