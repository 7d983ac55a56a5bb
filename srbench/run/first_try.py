"""Weights that are new in a results folder are tried on one picture first (:mod:`srbench.evaluation.trial`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from srbench.errors import SrbenchError, WeightsError
from srbench.evaluation.trial import Trial, lines, trial
from srbench.foreign.contained import contained
from srbench.foreign.trial import died_of
from srbench.method.feeding import feeding_of
from srbench.method.network import TorchMethod
from srbench.method.wrappers import bare
from srbench.run.job import Job
from srbench.run.observer import Observer
from srbench.run.plan import MethodSpec


def try_new(job: Job, observer: Observer) -> list[dict[str, Any]]:
    """Try every network from a file that the results folder does not have with these weights, at every scale; what
    there is to say is noted, and what was measured is for the manifest."""
    found: list[dict[str, Any]] = []
    if not any(data.reference for data in job.datasets):
        return found  # what a network makes of bicubic LR images says little of how it does on photographs
    for spec in job.methods:
        if not _is_new(job, spec):
            continue
        trials = _trials(job, spec)
        for line in lines(spec.name, trials):
            observer.note(line)
        found += [{"method": spec.name, **asdict(own)} for own in trials]
    return found


def _is_new(job: Job, spec: MethodSpec) -> bool:
    """Whether it is a network whose weights the user named, and the newest run did not have the same of its name."""
    method = bare(job.worker.method(spec))
    if spec.name not in job.described.get("sources", {}) or feeding_of(method) is None or spec.random:
        return False
    if isinstance(method, TorchMethod) and not any(map(method.weight_path, job.options.scales)):
        return False
    known = job.recorded.methods.get(spec.name)
    return known is None or known.identity != spec.identity


def _trials(job: Job, spec: MethodSpec) -> Sequence[Trial]:
    method = bare(job.worker.method(spec))
    found: list[Trial] = []
    for scale in job.options.scales:
        if job.worker.prepare(spec, scale) is not None or not method.supports(scale):
            continue  # its cells say so
        if job.worker.is_foreign(spec) and died_of(lambda scale=scale: trial(method, scale)):  # type: ignore[misc]
            continue
        try:
            with contained():
                found.append(trial(method, scale))
        except SrbenchError:  # said of the first cell, too
            continue
    return found


def require_fitting(job: Job) -> None:
    """Raise WeightsError where the weights of a method that the user named by a file do not fit its network, at any of
    the run's scales: every cell would fail alike."""
    for spec in job.methods:
        for scale in job.options.scales:
            error = job.worker.prepare(spec, scale)
            if isinstance(error, WeightsError) and spec.name in job.described.get("sources", {}):
                raise error
