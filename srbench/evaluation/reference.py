"""Bicubic's PSNR, by which images and computations are known to be the published ones."""

from __future__ import annotations

from collections.abc import Sequence

from srbench import metrics, protocol
from srbench.dataset.manifest import ImageFile
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins

TOLERANCE = 0.005  # dB by which a mean may differ from its recorded value


def bicubic_psnr(images: Sequence[ImageFile], protocol_name: str, scale: int) -> float:
    """Mean PSNR (dB) of bicubic over ``images``."""
    method = plugins.instantiate(plugins.find("bicubic")[0])
    psnr, rules = metrics.get("psnr"), protocol.get(protocol_name)
    total = 0.0
    for image in images:
        example = Example(HrImage(image.read(), rules), scale, Bicubic())
        total += psnr.compute(compare(super_resolve(method, example), example))
    return total / len(images)
