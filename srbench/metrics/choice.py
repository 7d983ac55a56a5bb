"""Which metrics a run measures: those asked for, or the default ones as far as this machine can compute them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from srbench import metrics, randomness
from srbench.errors import SrbenchError
from srbench.foreign.contained import contained
from srbench.metrics.base import Metric
from srbench.protocol.base import Protocol

ALWAYS = ("psnr", "ssim")
IF_POSSIBLE = ("lpips", "mos")  # where images are in colour and the weights are here
OF_LIKELIHOODS = ("bits",)  # where a method has a likelihood


@dataclass(frozen=True)
class Selection:
    """The metrics of a run. ``asked``: by name, so that one which cannot be computed counts as a failure;
    ``sources``: the name or plugin file that each metric was found by, by its name."""

    metrics: tuple[Metric, ...]
    asked: bool
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def select(specs: Sequence[str], protocol: Protocol, likelihoods: bool = False) -> Selection:
    """The metrics that ``specs`` (names or plugin files) stand for under a protocol; without any, the default ones.

    Args:
        likelihoods: whether a method of the run has one.

    A metric that the protocol does not support is left out with a note.

    Raises:
        UnknownNameError, SrbenchError: as :func:`srbench.metrics.find`; two metrics of one name; nothing is left.
    """
    chosen: dict[str, Metric] = {}
    sources: dict[str, str] = {}
    for spec in specs or (*ALWAYS, *IF_POSSIBLE, *(OF_LIKELIHOODS if likelihoods else ())):
        for metric in metrics.find(spec):
            if chosen.setdefault(metric.name, metric) is not metric:
                raise SrbenchError(f"two metrics are called '{metric.name}'", "rename one")
            sources[metric.name] = spec
    fit = tuple(metric for metric in chosen.values() if metrics.supported(metric, protocol.working_space))
    unfit = [name for name, metric in chosen.items() if metric not in fit]
    notes = (f"not supported under {protocol.name}, which has no colour images: {', '.join(unfit)}",)
    if not fit:
        raise SrbenchError(f"{notes[0]}; no metric is left", "use --protocol basicsr")
    return Selection(fit, bool(specs), notes if unfit and specs else (), sources)


def prepare(wanted: Iterable[Metric]) -> dict[str, str]:
    """Load what metrics need, once per process; returns the names of those that cannot be computed, with the reason.

    Random numbers that a library draws while it builds a network are not those of the run.
    """
    reasons = {}
    for metric in wanted:
        try:
            with randomness.kept(torch.device("cpu")), contained():
                metric.prepare()
        except SrbenchError as error:
            reasons[metric.name] = str(error)
    return reasons


def by_reason(reasons: dict[str, str]) -> list[str]:
    """One line per reason: 'lpips and mos: no AlexNet weights ...'."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return [f"{' and '.join(own)}: {reason}" for reason, own in names.items()]
