"""Which metrics a run measures: those asked for, or the default ones as far as this machine can compute them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from srbench import metrics, randomness
from srbench.errors import SrbenchError
from srbench.foreign.contained import contained
from srbench.metrics.base import Metric
from srbench.metrics.catalog import WITHOUT_REFERENCE
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

    def measures(self, metric: Metric, protocol: str, *, reference: bool, previous: bool = False) -> bool:
        """Whether ``metric`` is measured under a protocol on images with (``reference``) or without an original, that
        have a frame before (``previous``) or are stills or a clip's first."""
        if metric.name in self.unfit.get(protocol, ()) or (metric.needs_previous and not previous):
            return False
        if not reference:
            return not metric.needs_reference
        return self.asked or metric.name not in WITHOUT_REFERENCE


def select(
    specs: Sequence[str],
    protocols: Sequence[Protocol],
    likelihoods: bool = False,
    *,
    references: bool = True,
    unreferenced: bool = False,
    operator: bool = True,
    clips: bool = False,
) -> Selection:
    """The metrics that ``specs`` (names or plugin files) stand for under some protocols; without any, the default ones.

    Args:
        likelihoods: whether a method of the run has one.
        references: whether there are images with an original.
        unreferenced: whether there are images without one.
        operator: whether it is known how LR images are made of HR images.
        clips: whether there are clips, whose frames have a frame before.

    A metric that a protocol does not support, that needs an original where there is none, or a frame before where there
    are no clips, is left out there with a note. The default metrics of images without an original may all be left out:
    their SR images are worth looking at.

    Raises:
        UnknownNameError, SrbenchError: as :func:`srbench.metrics.find`; two metrics of one name; nothing is left.
    """
    chosen: dict[str, Metric] = {}
    sources: dict[str, str] = {}
    default = (*ALWAYS, *IF_POSSIBLE, *(OF_LIKELIHOODS if likelihoods else ())) if references else ()
    for spec in specs or (*default, *(WITHOUT_REFERENCE if unreferenced else ())):
        for metric in metrics.find(spec):
            if chosen.setdefault(metric.name, metric) is not metric:
                raise SrbenchError(f"two metrics are called '{metric.name}'", "rename one")
            sources[metric.name] = spec
    grey = {
        rules.name: [name for name, own in chosen.items() if not metrics.supported(own, rules.working_space)]
        for rules in protocols
    }
    comparing = [name for name, metric in chosen.items() if metric.needs_reference and unreferenced]
    degrading = [name for name, metric in chosen.items() if "degradation" in metric.needs and not operator]
    lasting = [name for name, metric in chosen.items() if metric.needs_previous and not clips]
    notes = [
        f"not supported under {name}, which has no colour images: {', '.join(own)}" for name, own in grey.items() if own
    ]
    if comparing:
        notes.append(f"not supported on images without an original: {', '.join(comparing)}")
    if degrading:
        notes.append(f"not supported where it is not known how LR images are made: {', '.join(degrading)}")
    if lasting:
        notes.append(f"not supported on still images, which have no frame before: {', '.join(lasting)}")
    impossible = {*degrading, *lasting, *(() if references else comparing)}
    left = {name: chosen.keys() - set(own) - impossible for name, own in grey.items()}
    if not all(left.values()) and (specs or references):
        named = "psnr" if degrading or (lasting and references) else f"{WITHOUT_REFERENCE[0]} or pyiqa:NAME"
        hint = "use --protocol basicsr" if any(grey.values()) and not lasting else f"use --metrics {named}"
        raise SrbenchError(f"{'; '.join(notes)}; no metric is left", hint)
    fit = tuple(metric for name, metric in chosen.items() if any(name in own for own in left.values()))
    return Selection(fit, bool(specs), tuple(notes) if specs else (), sources, grey)


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
