"""Metrics by name: built in, from an installed package, from a user's file, or through pyiqa or piq.

* built in: the modules below, imported when asked for, since some bring large libraries
* installed: entry points of the group ``srbench.metrics``, each a :class:`Metric`, named as the entry point
* ``./my_metric.py``: every :class:`Metric` that the file defines at its top level
* ``pyiqa:NAME``: whatever pyiqa offers (:mod:`srbench.metrics.iqa`)
* ``piq:NAME``: what piq computes without weights (:mod:`srbench.metrics.piq_gateway`)
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from srbench.metrics.base import Comparison, Measurement, Metric
from srbench.registry import Prefix, Registry, Source

__all__ = ["Comparison", "Measurement", "Metric", "find", "get", "names", "supported"]

_BUILTIN = {
    "psnr": "psnr",
    "ssim": "ssim",
    "lpips": "lpips",
    "lpips-squeeze": "lpips",
    "lpips-vgg": "lpips",
    "mos": "mos",
    "mos-structural": "mos",
    "consistency": "consistency",
    "bits": "bits",
    "psnr-rgb": "rgb",
    "ssim-rgb": "rgb",
    "ms-ssim": "ms_ssim",
    "dists": "dists",
    "t-of": "flow",
    "t-of-ilk": "flow",
    "t-lp": "temporal_lpips",
}
# Those of srbench.metrics.named, which imports torch. They need no original, and are measured of images without one by
# default, if possible. Nothing is downloaded for them: who has their files wants them.
WITHOUT_REFERENCE = ("niqe", "pi", "musiq", "maniqa-koniq", "maniqa-pipal", "clipiqa")


class _Metrics(Registry[Metric]):
    kind = "metric"
    group = "srbench.metrics"
    required = "a srbench.metrics.Metric at the top level"

    def belongs(self, value: object) -> bool:
        return isinstance(value, Metric)

    def name_of(self, value: Metric) -> str:
        return value.name

    def builtin(self) -> Iterator[Source[Metric]]:
        for name, stem in _BUILTIN.items():
            yield Source(
                name, "built in", functools.partial(_from_module, name, stem), Path(__file__).with_name(f"{stem}.py")
            )

        for name in WITHOUT_REFERENCE:
            yield Source(name, "built in", functools.partial(_variant, name), Path(__file__).with_name("named.py"))

    def prefixes(self) -> Sequence[Prefix[Metric]]:
        from srbench.metrics import piq_table, pyiqa_table

        return (
            Prefix("pyiqa:", "NAME", _of_pyiqa, pyiqa_table.names),
            Prefix("piq:", "NAME", _of_piq, piq_table.names),
        )


METRICS = _Metrics()
GROUP = METRICS.group


def names() -> list[str]:
    """Names of all built-in and installed metrics, in the order in which tables show them."""
    return METRICS.names()


def get(name: str) -> Metric:
    """The metric called ``name``.

    Raises:
        UnknownNameError: no such metric, with the nearest names.
        UnavailableError: ``pyiqa:NAME`` or ``piq:NAME``, and that library is not installed.
        SrbenchError: an installed metric is broken.
    """
    return METRICS.get(name)


def find(spec: str) -> list[Metric]:
    """The metrics that ``spec`` names: a metric's name, or those of a .py file; raises as :func:`get`, and
    SrbenchError for a file that cannot be used.

    Those that are not srbench's own have a version that stands for all files that decide their values
    (:func:`srbench.metrics.identity.versioned`)."""
    from srbench.metrics.identity import versioned  # late: torch

    found = METRICS.find(spec)
    own = Path(__file__).parent
    return [
        item.load() if item.source is None or own in item.source.parents else versioned(item.load(), item.source)
        for item in found
    ]


def supported(metric: Metric, working_space: str) -> bool:
    """Whether a protocol has the images that the metric needs: those that work on luma have no colour images."""
    return working_space == "rgb" or not metric.needs_colour


def _from_module(name: str, stem: str) -> list[Metric]:
    module = importlib.import_module(f"srbench.metrics.{stem}")
    return [value for value in vars(module).values() if isinstance(value, Metric) and value.name == name]


def _variant(name: str) -> list[Metric]:
    from srbench.metrics import named  # late: torch

    return [named.get(name)]


def _of_pyiqa(name: str) -> Metric:
    from srbench.metrics import iqa  # late: torch

    return iqa.gateway(name)


def _of_piq(name: str) -> Metric:
    from srbench.metrics import piq_gateway  # late: torch

    return piq_gateway.gateway(name)
