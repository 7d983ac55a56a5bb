"""Which metrics a run measures: those asked for, or the default ones as far as this machine can compute them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
Unfit = Mapping[str, Collection[str]]  # names of metrics that a protocol does not support, by the protocol's


@dataclass(frozen=True)
class Selection:
    """The metrics of a run. ``asked``: by name, so that one which cannot be computed counts as a failure;
    ``sources``: the name or plugin file that each metric was found by, by its name."""

    metrics: tuple[Metric, ...]
    asked: bool
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    unfit: Unfit = field(default_factory=dict)


def select(specs: Sequence[str], protocols: Sequence[Protocol], likelihoods: bool = False) -> Selection:
    """The metrics that ``specs`` (names or plugin files) stand for under some protocols; without any, the default ones.

    Args:
        likelihoods: whether a method of the run has one.

    A metric that a protocol does not support is left out there with a note.

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
    unfit = {
        rules.name: [name for name, own in chosen.items() if not metrics.supported(own, rules.working_space)]
        for rules in protocols
    }
    notes = []
    for name, own in unfit.items():
        note = f"not supported under {name}, which has no colour images: {', '.join(own)}"
        if len(own) == len(chosen):
            raise SrbenchError(f"{note}; no metric is left", "use --protocol basicsr")
        notes += [note] if own else []
    fit = tuple(own for name, own in chosen.items() if any(name not in names for names in unfit.values()))
    return Selection(fit, bool(specs), tuple(notes) if specs else (), sources, unfit)


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
