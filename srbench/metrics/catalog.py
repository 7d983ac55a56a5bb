"""Metrics by name: built in, from an installed package, from a user's file, or through pyiqa. One kind of object.

* built in: the modules below, imported when asked for, since some bring large libraries
* installed: entry points of the group ``srbench.metrics``, each a :class:`Metric`, named as the entry point
* ``./my_metric.py``: every :class:`Metric` that the file defines at its top level
* ``pyiqa:NAME``: whatever pyiqa offers (:mod:`srbench.metrics.iqa`)
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from pathlib import Path
from types import ModuleType

from srbench.errors import MethodError, SrbenchError, UnavailableError, UnknownNameError
from srbench.metrics.base import Comparison, Measurement, Metric
from srbench.registry import load_file

__all__ = ["Comparison", "Measurement", "Metric", "find", "get", "names", "supported"]

GROUP = "srbench.metrics"
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
    "niqe": "iqa",
    "pi": "iqa",
}


def names() -> list[str]:
    """Names of all built-in and installed metrics, in the order in which tables show them."""
    return [*_BUILTIN, *sorted(_installed())]


def get(name: str) -> Metric:
    """The metric called ``name``.

    Raises:
        UnknownNameError: no such metric, with the nearest names.
        UnavailableError: ``pyiqa:NAME``, and pyiqa is not installed.
        SrbenchError: an installed metric is broken.
    """
    if name.startswith("pyiqa:"):
        from srbench.metrics import iqa

        if (offered := name.removeprefix("pyiqa:")) in iqa.offered():
            return iqa.gateway(offered)
    if name in _BUILTIN:
        module = importlib.import_module(f"srbench.metrics.{_BUILTIN[name]}")
        return next(metric for metric in _metrics_in(module) if metric.name == name)
    if name in _installed():
        return _from_entry_point(_installed()[name])
    raise UnknownNameError("metric", name, names(), _behind_gateways())


def _behind_gateways() -> list[str]:
    """Names of the metrics of other libraries that are installed, with their prefix."""
    from srbench.metrics import iqa

    try:
        return [f"pyiqa:{name}" for name in iqa.offered()]
    except UnavailableError:
        return []


def find(spec: str) -> list[Metric]:
    """The metrics that ``spec`` names: a metric's name, or those of a .py file; raises as :func:`get`, and
    SrbenchError for a file that cannot be used."""
    path = Path(spec)
    if path.suffix != ".py":
        return [get(spec)]
    found = list(_metrics_in(load_file(path)))
    if not found:
        raise SrbenchError(
            f"'{path}' defines no metric", "make a srbench.metrics.Metric at its top level (docs/plugins.md)"
        )
    for metric in found:
        if metric.name in names():
            raise SrbenchError(f"two metrics are called '{metric.name}' (srbench's, {path})", "rename one")
    return found


def supported(metric: Metric, working_space: str) -> bool:
    """Whether a protocol has the images that the metric needs: those that work on luma have no colour images."""
    return working_space == "rgb" or not metric.needs_colour


def _metrics_in(module: ModuleType) -> list[Metric]:
    return [value for value in vars(module).values() if isinstance(value, Metric)]


@functools.cache
def _installed() -> dict[str, importlib.metadata.EntryPoint]:
    entries: dict[str, importlib.metadata.EntryPoint] = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name in _BUILTIN or entry.name in entries:
            raise SrbenchError(f"two metrics are called '{entry.name}' (one is {_origin(entry)})", "remove one")
        entries[entry.name] = entry
    return entries


def _origin(entry: importlib.metadata.EntryPoint) -> str:
    return f"package {entry.dist.name}" if entry.dist else "package"


def _from_entry_point(entry: importlib.metadata.EntryPoint) -> Metric:
    try:
        metric: object = entry.load()
    except (Exception, SystemExit) as error:
        raise MethodError(
            f"metric '{entry.name}' ({_origin(entry)}) is broken: {type(error).__name__}: {error}", "mend the plugin"
        ) from error
    if not isinstance(metric, Metric) or metric.name != entry.name:
        raise MethodError(
            f"metric '{entry.name}' ({_origin(entry)}) is broken: '{entry.value}' is not a Metric of that name",
            "mend the plugin",
        )
    return metric
