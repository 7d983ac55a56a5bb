"""The canary: every run also measures bicubic, whose PSNR is known for each standard dataset and scale.

If it is off, something between the image files and the metric differs from what the literature measured, and no
number of that run can be compared. Of clips every one that is whole is held to its own value, and their mean, over
frames and then over clips, to the mean of these.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from srbench import metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import first_few
from srbench.evaluation.reference import TOLERANCE
from srbench.method import plugins
from srbench.method.variant import Variant
from srbench.protocol.base import Protocol
from srbench.records import Canary
from srbench.run.plan import CellTask, MethodSpec, MetricSpec, RunContext, cells

METRIC = "psnr"


def canary_cells(
    datasets: Sequence[Dataset], facts: dict[ImageFile, ImageFacts], scales: Sequence[float], context: RunContext
) -> list[CellTask]:
    """Bicubic's cells on every dataset and scale that has a recorded value."""
    plugin = plugins.find("bicubic")[0]
    spec = MethodSpec("bicubic", plugins.identity(plugin, plugins.instantiate(plugin)), "bicubic")
    plain = replace(context, variant=Variant())
    return [
        cell
        for dataset in datasets
        for scale in scales
        for rules in context.protocols
        if expected(dataset, scale, context, rules) is not None
        for cell in cells([spec], [dataset], facts, [scale], replace(plain, protocols=(rules,)))
    ]


def extra_cells(canary: Sequence[CellTask], planned: Container[str], measured: Sequence[MetricSpec]) -> list[CellTask]:
    """The canary's cells that the run does not measure itself, as tasks of which nothing is kept.

    Args:
        planned: keys of the run's own cells.
        measured: what the run measures of its cells.
    """
    psnr = MetricSpec(METRIC, metrics.get(METRIC).version, METRIC)
    return [
        replace(cell, metrics=(psnr,), canary=True)
        for cell in canary
        if psnr not in measured or cell.facts.key not in planned
    ]


def expected(dataset: Dataset, scale: float, context: RunContext, rules: Protocol) -> float | None:
    """The mean PSNR that bicubic must have under a protocol, if it is known; of clips the mean over those that are here
    whole, and of which it is known."""
    if dataset.manifest is None or not dataset.reference or context.degradation != "bicubic" or scale != int(scale):
        return None
    if not dataset.manifest.clips:
        return dataset.manifest.bicubic.get(rules.name, {}).get(int(scale))
    return _mean(_of_clips(dataset, scale, rules).values())


def _mean(values: Collection[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _of_clips(dataset: Dataset, scale: float, rules: Protocol) -> dict[str, float]:
    """What bicubic must have on each clip that is here whole, where that is known."""
    found, here = {}, dataset.clips()
    for clip in dataset.manifest.clips if dataset.manifest else ():
        value = clip.bicubic.get(rules.name, {}).get(int(scale))
        if value is not None and len(here.get(clip.name, ())) == clip.frames:
            found[clip.name] = value
    return found


def judge_all(
    datasets: Sequence[Dataset],
    facts: dict[ImageFile, ImageFacts],
    scales: Sequence[float],
    context: RunContext,
    canary: Sequence[CellTask],
    psnr: Mapping[str, float],
) -> list[Canary]:
    """A verdict on every dataset and scale, from bicubic's PSNR on the ``canary`` cells, by cell key; where a run has
    several protocols, that of the one which says most: one that is off, else one that has a recorded value. None on
    images without an original, which have no PSNR."""
    values: dict[tuple[str, float, str], list[float | None]] = {}
    for cell in canary:
        place = (cell.facts.dataset, cell.scale, cell.facts.protocol)
        values.setdefault(place, []).append(psnr.get(cell.facts.key))
    verdicts = []
    for dataset in (data for data in datasets if data.reference):
        for scale in scales:
            own = []
            for rules in context.protocols:
                known = values.get((dataset.name, scale, rules.name), [])
                value = expected(dataset, scale, context, rules)
                of_clips = {} if value is None else _of_clips(dataset, scale, rules)
                verdict = judge(dataset, scale, value, known, facts, of_clips)
                if verdict.verdict == "off" and len(context.protocols) > 1:
                    verdict = replace(verdict, cause=f"under {rules.name}: {verdict.cause}")
                own.append(verdict)
            verdicts.append(min(own, key=lambda one: ("off", "good", "none").index(one.verdict)))
    return verdicts


def judge(
    dataset: Dataset,
    scale: float,
    value: float | None,
    psnr: Sequence[float | None],
    facts: dict[ImageFile, ImageFacts],
    of_clips: Mapping[str, float] = MappingProxyType({}),
) -> Canary:
    """The verdict on one dataset and scale.

    Args:
        value: the recorded mean, None if there is none.
        psnr: bicubic's PSNR on every image; None where it could not be measured.
        of_clips: the recorded mean of each clip, where the images are frames.
    """
    if value is None:
        return Canary(dataset.name, scale, None, None, "none", "no recorded value to compare with")
    if of_clips:
        return _judge_clips(dataset, scale, value, psnr, facts, of_clips)
    known = [v for v in psnr if v is not None]
    measured = _mean(known) if len(known) == len(psnr) else None
    if measured is not None and abs(measured - value) <= TOLERANCE:
        return Canary(dataset.name, scale, measured, value, "good")
    return Canary(dataset.name, scale, measured, value, "off", _cause(dataset, facts))


def _judge_clips(
    dataset: Dataset,
    scale: float,
    value: float,
    psnr: Sequence[float | None],
    facts: dict[ImageFile, ImageFacts],
    of_clips: Mapping[str, float],
) -> Canary:
    """As :func:`judge`, of the clips that are held to a value, each of which has to have its own."""
    means: dict[str, float | None] = {}
    values = dict(zip(dataset.images, psnr, strict=False))
    for clip, frames in dataset.clips().items():
        known = [own for frame in frames if (own := values.get(frame)) is not None]
        if clip in of_clips:
            means[clip] = _mean(known) if len(known) == len(frames) else None
    measured = _mean([own for own in means.values() if own is not None]) if None not in means.values() else None
    off = [clip for clip, own in means.items() if own is None or abs(own - of_clips[clip]) > TOLERANCE]
    if not off:
        return Canary(dataset.name, scale, measured, value, "good")
    told = [f"clip {clip}: {_decibels(means[clip])}, not {of_clips[clip]:.3f} dB" for clip in off]
    return Canary(dataset.name, scale, measured, value, "off", "; ".join((*told, _cause(dataset, facts))))


def _decibels(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f} dB"


def _cause(dataset: Dataset, facts: dict[ImageFile, ImageFacts]) -> str:
    sizes, pixels = [], []
    for image in dataset.images:
        known, found = image.facts, facts[image]
        if known is None and image.clip:
            continue
        if known is None:
            return "the pixels of its images are not recorded: these may be other images than the published ones"
        if (known.width, known.height) != (found.width, found.height):
            sizes.append(image.name)
        elif (known.sha256, known.channels) != (found.sha256, found.channels):
            pixels.append(image.name)
    if sizes:
        return f"{_counted(sizes)} of another size than the published images: see srbench verify {dataset.name}"
    if pixels:
        return f"{_counted(pixels)} with other pixels than the published images: see srbench verify {dataset.name}"
    if any(image.facts is None for image in dataset.images):
        return "the pixels of some clips are not recorded: these may be others than the published ones"
    return "the images are the published ones, so the computation differs: is a file of srbench or torch changed?"


def _counted(images: list[str]) -> str:
    return f"{len(images)} image{'s' if len(images) > 1 else ''} ({first_few(images)})"
