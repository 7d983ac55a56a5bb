"""Methods and metrics of a run made from their specs, in whatever process, and held to what was planned."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import srbench
from srbench import metrics, randomness
from srbench.errors import MethodError
from srbench.method import plugins
from srbench.method.base import Method
from srbench.metrics import Metric
from srbench.paths import search_path
from srbench.run.plan import MethodSpec, MetricSpec


def method_of(spec: MethodSpec) -> Method:
    """A method, for which nothing is loaded yet; raises MethodError where it is another one here than was planned."""
    plugin = {plugin.name: plugin for plugin in plugins.find(spec.source)}[spec.name]
    method = plugins.instantiate(plugin)
    identity = plugins.identity(plugin, method)
    if identity != spec.identity:
        raise MethodError(
            f"'{spec.source}' is another version of {spec.name} here ({identity}) than where the run was planned "
            f"({spec.identity})",
            "use the same source and weight files",
        )
    return method


def metric_of(spec: MetricSpec) -> Metric:
    """A metric with what it needs; raises MethodError where it is another one here than was planned."""
    metric = {metric.name: metric for metric in metrics.find(spec.source)}[spec.name]
    if metric.version != spec.version:
        raise MethodError(
            f"'{spec.source}' has version {metric.version} of {spec.name} here, not {spec.version}",
            "use the same version of it",
        )
    with randomness.kept(torch.device("cpu")):
        metric.prepare()
    return metric


def is_own(module: str) -> bool:
    """Whether a module is one of srbench's, or of the methods that come with it."""
    file = getattr(sys.modules.get(module), "__file__", None)
    folders = (Path(srbench.__file__).parent, Path(search_path("methods")[0]))
    return file is not None and any(Path(file).resolve().is_relative_to(folder.resolve()) for folder in folders)
