"""The manifest of a run: what was run, by which code, on what machine, from which files; and the facts of its methods,
metrics, datasets and protocols, from which reports are made when their code may be gone."""

from __future__ import annotations

import functools
import importlib.metadata
import math
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

import srbench
from srbench import dataset, metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts, Manifest
from srbench.errors import SrbenchError
from srbench.foreign.contained import contained
from srbench.foreign.named_files import named_files
from srbench.machine import computes_on, processor
from srbench.method import wrappers
from srbench.method.base import Method
from srbench.method.cascade import working
from srbench.method.plugins import is_built_in
from srbench.method.wrappers import bare
from srbench.metrics import Metric
from srbench.protocol.base import Protocol
from srbench.protocol.words import describe as describe_protocol
from srbench.results import pages
from srbench.results.facts import DatasetFacts, MethodFacts, MetricFacts, ProtocolFacts, PublishedValue, to_json
from srbench.results.pages import Page
from srbench.run import loaded
from srbench.version import __version__
from srbench.weights.files import file_hash

if TYPE_CHECKING:
    from srbench.run.runner import RunOptions

_T = TypeVar("_T")
_PACKAGES = ("torch", "numpy", "pillow", "scipy", "spandrel")


def describe(
    options: RunOptions,
    methods: Sequence[tuple[Method, str]],
    protocols: Sequence[Protocol],
    devices: Sequence[torch.device],
    workers: int,
) -> dict[str, Any]:
    """All but the datasets that is needed to say how a run's numbers were made, as plain JSON values."""
    return {
        "command": options.command,
        "srbench": __version__,
        "git": git_revision(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": processor(),
        "device": ", ".join(map(_device, devices)),
        "machine": computes_on(devices[0]),
        "workers": workers,
        "seed": options.seed,
        "scales": list(options.scales),
        "degradation": options.degradation,
        "protocols": [{**rules.described(), **to_json(protocol_facts(rules))} for rules in protocols],
        "methods": [_method(method, identity) for method, identity in methods],
    }


def describe_metric(metric: Metric) -> dict[str, Any]:
    """What a reader of the scores needs to know, also where the metric itself is not installed."""
    weights = _asked(lambda: _hashes(metric.files), dict[str, str]())
    return {**to_json(metric_facts(metric)), "weights": weights}


def _method(method: Method, identity: str) -> dict[str, Any]:
    files = _asked(lambda: _hashes(method.weight_files), dict[str, str]())
    loads = _asked(lambda: [str(audit) for audit in method.load_audits()], list[str]())
    own = _asked(lambda: [file.to_json() for file in loaded.files(method)], list[dict[str, Any]]())
    facts = to_json(method_facts(method))
    if any(getattr(type(own), "channels_last", False) is True for own in working(bare(method))):
        facts["memory"] = "channels_last on processors"
    return {**facts, "hash": identity, "weights": files, "loads": loads, "weight_files": own}


def _hashes(ask: Callable[[], Iterable[Path]]) -> dict[str, str]:
    return {path.name: file_hash(path) for path in named_files(ask, "")}


def _asked(ask: Callable[[], _T], otherwise: _T) -> _T:
    """What a method or metric says of itself; ``otherwise`` where it raises: its images and values are none the
    worse."""
    try:
        with contained():
            return ask()
    except SrbenchError:
        return otherwise


def describe_dataset(data: Dataset, facts: dict[ImageFile, ImageFacts]) -> dict[str, Any]:
    """Which images a dataset has here, by their pixels."""
    images = {image.name: facts[image].sha256 for image in data.images}
    own = DatasetFacts(data.name, data.title) if data.manifest is None else dataset_facts(data.manifest)
    described = {**to_json(own), "version": data.version, "images": images}
    if not data.reference:
        described["reference"] = False
    if data.lr:
        described["lr"] = {
            f"x{scale}": {
                "images": {name: facts[image].sha256 for name, image in low.items()},
                "files": {name: str(image.path.resolve()) for name, image in low.items()},
            }
            for scale, low in data.lr.items()
        }
    if clips := data.clips():
        described["clips"] = _describe_clips(data, clips)
    if data.manifest is None:  # nothing else says where the images of a folder are, which the report shows
        described["files"] = {image.name: str(image.path.resolve()) for image in data.images}
    if data.folder is not None:
        described["folder"] = str(data.folder)
    if data.folder is not None or data.left_out:
        described["left_out"] = dict(data.left_out)
    return described


def _describe_clips(data: Dataset, clips: Mapping[str, Sequence[ImageFile]]) -> dict[str, dict[str, Any]]:
    """How many frames of each clip are measured; ``partial`` lists the files of those that are not, ``missing`` says
    that a clip of a known dataset is not here, and ``chosen`` is False of one that was not asked for."""
    described: dict[str, dict[str, Any]] = {}
    known = data.manifest.frames if data.manifest else {}
    for name in dict.fromkeys([*known, *clips, *data.not_chosen]):
        lost = [file for file in data.left_out if file.startswith(f"{name}/")]
        described[name] = {"frames": len(clips.get(name, ())), **({"partial": lost} if lost else {})}
        if name in data.not_chosen:
            described[name]["chosen"] = False
        elif name not in clips and not lost:
            described[name]["missing"] = True
    return described


# -- facts of what is installed here -------------------------------------------------------------------------------


def metric_facts(metric: Metric) -> MetricFacts:
    low, high = (bound if math.isfinite(bound) else None for bound in metric.bounds)
    known = metrics.names()
    return MetricFacts(
        name=metric.name,
        title=metric.title,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        digits=metric.digits,
        footnote=metric.footnote,
        version=metric.version,
        bounds=(low, high),
        order=known.index(metric.name) if metric.name in known else None,
        source=metric.source,
        over_time=metric.needs_previous,
    )


def method_facts(method: Method) -> MethodFacts:
    """With the training of the weights that it finds here."""
    card = method.card
    page = Page(card.idea, card.equation, card.differs, card.bibtex) or _asked(lambda: _shipped_page(method), Page())
    return MethodFacts(
        name=card.name,
        title=card.title,
        year=card.year,
        family=card.family,
        paper=card.paper,
        colour=card.colour,
        url=card.url,
        size=card.size,
        aims_at_pixels=_asked(lambda: bool(method.aims_at_pixels), True),
        own=not all(is_built_in(type(own)) for own in working(bare(method))),
        published=tuple(PublishedValue(**asdict(value)) for value in card.published),
        training=_asked(lambda: dict(method.training_facts()), {}),
        idea=page.idea,
        equation=page.equation,
        differs=page.differs,
        bibtex=page.bibtex,
    )


def _shipped_page(method: Method) -> Page:
    """Of a network of srbench's with weights of the user's own, all but what differs from the paper. A class that a
    user derives from one of srbench's is another method."""
    own = type(wrappers.bare(method))
    page = pages.shipped(method.card.name, method.card.title)
    if page or not own.__module__.startswith("srbench.methods."):
        return page
    cards = [vars(cls)["card"] for cls in own.__mro__ if "card" in vars(cls)]
    found = (pages.shipped(card.name, card.title) for card in cards)
    return replace(next(filter(None, found), Page()), differs="")


def dataset_facts(manifest: Manifest) -> DatasetFacts:
    known = list(dataset.manifests())
    order = known.index(manifest.name) if manifest.name in known else None
    return DatasetFacts(manifest.name, manifest.title, manifest.licence, manifest.citation, order)


def protocol_facts(protocol: Protocol) -> ProtocolFacts:
    return ProtocolFacts(protocol.name, protocol.version, protocol.hash, describe_protocol(protocol))


@functools.cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)


@functools.cache
def git_revision() -> str:
    """The revision of the checkout that srbench runs from, with '-dirty' if it was changed; empty in a wheel."""
    root = Path(srbench.__file__).resolve().parent.parent
    if not (root / "pyproject.toml").is_file():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()


def _device(device: torch.device) -> str:
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)
