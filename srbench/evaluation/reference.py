"""Bicubic's PSNR, by which images and computations are known to be the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from srbench import protocol
from srbench.dataset.locate import ImageFile
from srbench.degradation.named import Bicubic
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import super_resolve
from srbench.evaluation.scoring import compare
from srbench.method import plugins
from srbench.method.base import Method
from srbench.metrics.psnr import METRIC

TOLERANCE = 0.005  # dB by which a mean may differ from its recorded value


def psnr_of(method: Method, example: Example) -> float:
    """PSNR (dB) of ``method`` on one example, as a run measures it."""
    return METRIC.compute(compare(super_resolve(method, example), example))


def mean_psnr(method: Method, examples: Iterable[Example]) -> float:
    """Mean of :func:`psnr_of` over images: the PSNR (dB) of a dataset."""
    values = [psnr_of(method, example) for example in examples]
    return sum(values) / len(values)


def bicubic() -> Method:
    """The method that is the reference."""
    return plugins.instantiate(plugins.find("bicubic")[0])


def bicubic_psnr(images: Sequence[ImageFile], protocol_name: str, scale: float) -> float:
    """Mean PSNR (dB) of bicubic over ``images``."""
    rules = protocol.get(protocol_name)
    return mean_psnr(bicubic(), (Example(HrImage(image.read(), rules), scale, Bicubic()) for image in images))
