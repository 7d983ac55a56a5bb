"""Scoring SR images: what metrics see of a pair, and the score that comes of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from torch import Tensor

from srbench.errors import ImageError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import likelihood, super_resolve
from srbench.foreign.contained import contained, told
from srbench.imaging.color import round_half_up
from srbench.method.base import Method
from srbench.metrics import Comparison, Measurement, Metric
from srbench.records import Score

__all__ = ["Example", "HrImage", "compare", "fits", "likelihood", "measure", "super_resolve"]


def fits(metric: Metric, method: Method) -> bool:
    """Whether there is anything that ``metric`` could measure of ``method``: bits take a likelihood."""
    return method.has_likelihood or not metric.needs_likelihood


def compare(sr: Tensor, example: Example, previous: Comparison | None = None) -> Comparison:
    """What metrics see, from an SR image as :func:`super_resolve` returns it. Of an image without an original
    (:class:`srbench.evaluation.unreferenced.UnreferencedExample`) ``hr_luma`` is empty.

    Args:
        previous: of the frame before, by the same method, for metrics over time. Only what they look at is kept of it,
            so that a clip's frames can be compared one after the other without keeping all.
    """
    if previous is not None and previous.previous is not None:
        previous = replace(previous, previous=None)
    cut = slice(example.shave, -example.shave or None)
    hr = example.hr_measured.to(sr.device)
    pixels = sr if example.protocol.sr_rounded else round_half_up(sr)
    measured = example.measured_of(sr)[..., cut, cut]
    return Comparison(measured, hr[..., cut, cut], pixels, example, previous=previous)


def measure(metric: Metric, pair: Comparison) -> Score:
    """The score of one pair; values that cannot be averaged, and errors, are marked, not raised."""
    size = pair.sr.shape[-2:] if metric.needs_colour and pair.sr is not None else pair.sr_luma.shape[-2:]
    if min(size) < metric.min_size:
        have = f"this image has {size[1]}x{size[0]}"
        return _without_value(metric, "too small", f"needs at least {metric.min_size} pixels a side, {have}")
    try:
        with contained():
            result = metric.compute(pair)
            extra = json.dumps(dict(result.extra)) if isinstance(result, Measurement) else ""
            value = float(result)
    except ImageError as error:
        return _without_value(metric, "too small", str(error))
    except Exception as error:
        return _without_value(metric, "error", told(error))
    if math.isnan(value):
        return Score(metric.name, metric.version, value, "nan")
    return Score(metric.name, metric.version, value, "identical" if math.isinf(value) else "ok", extra)


def _without_value(metric: Metric, status: str, reason: str) -> Score:
    return Score(metric.name, metric.version, math.nan, status, json.dumps({"message": reason}))
