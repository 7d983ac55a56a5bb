"""The canary: every run also measures bicubic, whose PSNR is known for each standard dataset and scale.

If it is off, something between the image files and the metric differs from what the literature measured, and no
number of that run can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from srbench import metrics, plugins
from srbench.cells import Workshop
from srbench.dataset import Dataset, ImageFacts, ImageFile
from srbench.plan import Cell, cells
from srbench.store import Canary, Store

TOLERANCE = 0.005  # dB


def check(
    datasets: Sequence[Dataset],
    facts: dict[ImageFile, ImageFacts],
    scales: Sequence[int],
    workshop: Workshop,
    pool: ThreadPoolExecutor,
    store: Store,
    ids: dict[str, int],
    plan: Sequence[Cell],
) -> list[Canary]:
    """One verdict per dataset and scale. Bicubic's scores are taken from the run where it was asked for, and
    computed here (PSNR only, nothing kept) where it was not."""
    plugin = plugins.find("bicubic")[0]
    method = plugins.instantiate(plugin)
    identity = plugins.identity(plugin, method)
    psnr = metrics.get("psnr")
    asked = {ids[cell.facts.key] for cell in plan if cell.facts.method_hash == identity}
    stored = store.values(sorted(asked), psnr)
    verdicts = []
    for dataset in datasets:
        for scale in scales:
            expected = _expected(dataset, workshop, scale)
            if expected is None:
                verdicts.append(Canary(dataset.name, scale, None, None, "none", "no recorded value to compare with"))
                continue
            own = list(cells([(method, identity)], [dataset], facts, [scale], workshop.protocol, workshop.degradation))
            known = [stored.get(ids.get(cell.facts.key, -1)) for cell in own]
            left = [cell for cell, value in zip(own, known, strict=True) if value is None]
            fresh = iter(list(pool.map(lambda cell: workshop.psnr(cell, psnr), left)))
            values = [next(fresh) if value is None else value for value in known]
            measured = sum(values) / len(values)
            verdicts.append(_judge(dataset, scale, measured, expected, facts))
    return verdicts


def _expected(dataset: Dataset, workshop: Workshop, scale: int) -> float | None:
    if dataset.manifest is None or workshop.degradation.name != "bicubic":
        return None
    return dataset.manifest.bicubic.get(workshop.protocol.name, {}).get(scale)


def _judge(
    dataset: Dataset, scale: int, measured: float, expected: float, facts: dict[ImageFile, ImageFacts]
) -> Canary:
    if abs(measured - expected) <= TOLERANCE:
        return Canary(dataset.name, scale, measured, expected, "good")
    return Canary(dataset.name, scale, measured, expected, "off", _cause(dataset, facts))


def _cause(dataset: Dataset, facts: dict[ImageFile, ImageFacts]) -> str:
    sizes, pixels = [], []
    for image in dataset.images:
        known, found = image.facts, facts[image]
        assert known is not None
        if (known.width, known.height) != (found.width, found.height):
            sizes.append(image.name)
        elif (known.sha256, known.channels) != (found.sha256, found.channels):
            pixels.append(image.name)
    if sizes:
        return f"{_names(sizes)} of another size than the published images: see srbench verify {dataset.name}"
    if pixels:
        return f"{_names(pixels)} with other pixels than the published images: see srbench verify {dataset.name}"
    return "the images are the published ones, so the computation differs: is a file of srbench or torch changed?"


def _names(images: list[str]) -> str:
    shown = ", ".join(images[:3]) + (", ..." if len(images) > 3 else "")
    return f"{len(images)} image{'s' if len(images) > 1 else ''} ({shown})"
