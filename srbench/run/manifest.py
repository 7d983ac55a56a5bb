"""The manifest of a run: what was run, by which code, on what machine, from which files."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import srbench
from srbench.dataset.manifest import Dataset, ImageFacts, ImageFile
from srbench.machine import processor
from srbench.method.base import Method
from srbench.metrics import Metric
from srbench.protocol.base import Protocol
from srbench.results.facts import facts_of, to_json
from srbench.version import __version__
from srbench.weights.files import file_hash

if TYPE_CHECKING:
    from srbench.run.runner import RunOptions

_PACKAGES = ("torch", "numpy", "pillow", "scipy", "spandrel")


def describe(
    options: RunOptions,
    methods: Sequence[tuple[Method, str]],
    protocol: Protocol,
    device: torch.device,
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
        "device": _device(device),
        "workers": workers,
        "seed": options.seed,
        "scales": list(options.scales),
        "degradation": options.degradation,
        "protocol": {**asdict(protocol), "hash": protocol.hash},
        "methods": [_method(method, identity) for method, identity in methods],
    }


def describe_metric(metric: Metric) -> dict[str, Any]:
    """What a reader of the scores needs to know, also where the metric itself is not installed."""
    weights = {path.name: file_hash(path) for path in metric.files()}
    return {**to_json(facts_of(metric)), "weights": weights}


def _method(method: Method, identity: str) -> dict[str, Any]:
    files = {path.name: file_hash(path) for path in method.weight_files()}
    loads = [str(audit) for audit in method.load_audits()]
    return {"name": method.card.name, "title": method.card.title, "hash": identity, "weights": files, "loads": loads}


def describe_dataset(data: Dataset, facts: dict[ImageFile, ImageFacts]) -> dict[str, Any]:
    """Which images a dataset has here, by their pixels."""
    images = {image.name: facts[image].sha256 for image in data.images}
    described = {"name": data.name, "title": data.title, "version": data.version, "images": images}
    if data.manifest is None:  # nothing else says where the images of a folder are, which the report shows
        described["files"] = {image.name: str(image.path.resolve()) for image in data.images}
    return described


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
