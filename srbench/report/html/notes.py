"""The page in words: what was run and how to run it again, what the protocols and metrics are, whose data they were."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from srbench.records import NO_DEGRADATION, declared_version
from srbench.report.html.views import View
from srbench.results.facts import FolderFacts, MetricFacts, protocols_of
from srbench.results.reader import Run
from srbench.wording import counted

_DEFINITIONS = {
    "psnr": "Peak signal-to-noise ratio of Y, 10 log10(255² / mean squared error), per image; the mean is over images.",
    "ssim": "Structural similarity of Y (Wang et al. 2004): 11×11 Gaussian window with sigma 1.5, K1 = 0.01, "  # noqa: RUF001
    "K2 = 0.03, valid region only, mean of the map.",
}


@dataclass(frozen=True)
class Overview:
    """What was run, for the top of the page."""

    pairs: list[tuple[str, str]]
    commands: list[tuple[str, str]]  # git revision, command line; oldest first


def overview(images: pd.DataFrame, runs: Sequence[Run], facts: FolderFacts, remarks: Sequence[str] = ()) -> Overview:
    """Of those runs whose scores are shown; ``remarks`` are on what is to be known of them."""
    shown = set(images["run_id"].unique()) if not images.empty else set()
    used = [run for run in runs if run.id in shown]
    manifests = [run.manifest for run in used]
    if not manifests:
        return Overview([], [])
    per_dataset = images.groupby("dataset")["image"].nunique().to_dict()
    names = sorted(per_dataset, key=facts.dataset_order)
    datasets = [f"{facts.dataset(name).title} ({counted(per_dataset[name], 'image')})" for name in names]
    pairs = [
        ("Datasets", ", ".join(datasets)),
        ("Scales", ", ".join(f"×{scale}" for scale in sorted(images["scale"].unique()))),  # noqa: RUF001
        ("Protocol", ", ".join(_unique(f"{p['name']} ({p['hash']})" for m in manifests for p in protocols_of(m)))),
        ("Degradation", ", ".join(_degradation(name) for name in _unique(images["degradation"]))),
        ("Methods", str(images[["method", "options"]].drop_duplicates().shape[0])),
        ("Device", ", ".join(_unique(f"{m.get('device', '?')} ({m.get('processor', '?')})" for m in manifests))),
        ("Software", "; ".join(_unique(_software(m) for m in manifests))),
        ("Git revision", ", ".join(_unique(m["git"] for m in manifests if m.get("git"))) or "not run from a checkout"),
        ("Runs", ", ".join(f"{run.id} ({run.started[:16].replace('T', ' ')}, {run.status})" for run in used)),
    ]
    pairs += [("Remark", remark) for remark in remarks]
    commands = _unique((m.get("git", "")[:12], m["command"]) for m in manifests if m.get("command"))
    return Overview(pairs, commands)


def _degradation(name: str) -> str:
    return f"{name} (images without an original)" if name == NO_DEGRADATION else name


def _software(manifest: dict[str, Any]) -> str:
    packages = [f"{name} {version}" for name, version in manifest.get("packages", {}).items()]
    return ", ".join([f"srbench {manifest.get('srbench', '?')}", f"Python {manifest.get('python', '?')}", *packages])


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


@dataclass(frozen=True)
class Notes:
    """What the end of the page explains, each entry a name and a text."""

    protocols: list[tuple[str, str]]
    metrics: list[tuple[str, str]]
    licences: list[tuple[str, str]]
    has_mos: bool
    has_costs: bool


def notes(views: Sequence[View], facts: FolderFacts) -> Notes:
    """Only of what the page holds."""
    protocols = [p for name in sorted({view.protocol for view in views}) for p in facts.protocols(name)]
    metrics = {metric.name: metric for view in views for metric in view.metrics}
    names = list(metrics)
    datasets = [facts.dataset(name) for name in _unique(name for view in views for name in view.datasets)]
    licences = [(data.title, f"{data.citation} Licence: {data.licence}.") for data in datasets if data.licence]
    if any("computed by pyiqa" in metric.footnote for metric in metrics.values()):
        licences.append(("pyiqa", "its metrics are licensed under PolyForm Noncommercial 1.0.0"))
    return Notes(
        protocols=[(f"{p.name}, version {p.version}, hash {p.hash}", p.description) for p in protocols],
        metrics=[(name, _metric(metric)) for name, metric in metrics.items()],
        licences=licences,
        has_mos=any(name.startswith("mos") for name in names),
        has_costs=any(cost != "parameters" for view in views for cost in view.costs),
    )


def _metric(metric: MetricFacts) -> str:
    if metric.higher_is_better is None:
        return "not known to this srbench: its direction is unknown, so no best value is marked and no rank is given."
    facts = metric.direction.capitalize()
    if metric.bounds is not None:
        low, high = (end if b is None else b for b, end in zip(metric.bounds, (-math.inf, math.inf), strict=True))
        facts += f"; range {low:g} to {high:g}".replace("inf", "∞").replace("-", "−")  # noqa: RUF001
    version = "unknown" if metric.version is None else declared_version(metric.version)
    text = f"{facts}{f', in {metric.unit}' if metric.unit else ''}; version {version}."
    source = f"Source: {metric.source}." if metric.source else ""
    # Metrics that need an explanation bring one.
    parts = (_DEFINITIONS.get(metric.name, f"{metric.title}."), _sentence(metric.footnote), text, source)
    return " ".join(part for part in parts if part)


def _sentence(text: str) -> str:
    """A footnote as a sentence: tables have it without a capital letter and a full stop."""
    ended = text if text.endswith((".", "!", "?")) or not text else f"{text}."
    return ended[:1].upper() + ended[1:]
