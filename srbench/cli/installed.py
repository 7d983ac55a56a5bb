"""What the code that is installed here says of methods, metrics, datasets and protocols, for results folders whose runs
did not write it down. Asked only for what a folder lacks: torch is imported then, and not before."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from srbench import dataset, protocol
from srbench.errors import SrbenchError
from srbench.results import pages
from srbench.results.facts import DatasetFacts, Kind, MethodFacts, MetricFacts, ProtocolFacts
from srbench.results.pages import Page

if TYPE_CHECKING:
    from srbench.method.plugins import Plugin


class Installed:
    """A :class:`srbench.results.facts.Fallback`."""

    def metric(self, name: str) -> MetricFacts | None:
        from srbench import metrics
        from srbench.run.manifest import metric_facts

        try:
            return metric_facts(metrics.get(name))
        except SrbenchError:
            return None

    def method(self, name: str, weights: Mapping[str, str]) -> MethodFacts | None:
        """Built-in and installed methods; a name never leads to a file."""
        from srbench.method import plugins
        from srbench.method.network import TorchMethod
        from srbench.run.manifest import method_facts
        from srbench.weights.files import file_hash

        plugin = _methods().get(name)
        if plugin is None or plugin.value is None:
            return None
        try:
            method = plugins.instantiate(plugin)
        except SrbenchError:
            return None
        facts = method_facts(method)
        paths = (
            {scale: method.weight_path(scale) for scale in facts.training} if isinstance(method, TorchMethod) else {}
        )
        same = {scale for scale, path in paths.items() if path and weights.get(path.name) == file_hash(path)}
        return replace(facts, training={scale: facts.training[scale] for scale in same})

    def page(self, name: str, title: str) -> Page:
        return pages.shipped(name, title)

    def dataset(self, name: str) -> DatasetFacts | None:
        from srbench.run.manifest import dataset_facts

        manifest = dataset.manifests().get(name)
        return None if manifest is None else dataset_facts(manifest)

    def protocol(self, name: str) -> ProtocolFacts | None:
        from srbench.run.manifest import protocol_facts

        rules = protocol.known().get(name)
        return None if rules is None else protocol_facts(rules)

    def names(self, kind: Kind) -> Collection[str]:
        if kind == "dataset":
            return dataset.manifests().keys()
        if kind == "metric":
            from srbench import metrics

            return metrics.names()
        return _methods().keys()


@functools.cache
def _methods() -> Mapping[str, Plugin]:
    from srbench.method import plugins

    return {plugin.name: plugin for plugin in plugins.discover()}
