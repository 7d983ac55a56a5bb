"""Why a number is less than it seems, or is not there: the marks of the leaderboard, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from srbench.errors import SrbenchError
from srbench.method import plugins
from srbench.training import TrainedMethod
from srbench.training.shipped import REFERENCE
from srbench.weights.files import file_hash

# Statuses of cells and scores in words, the gravest first.
WORDS = {
    "failed": "failed",
    "error": "failed",
    "not supported": "not supported",
    "unavailable": "unavailable",
    "pending": "pending",
    "too small": "too small",
    "nan": "NaN",
    "identical": "identical",
}
_MEANING = {
    "pending": "planned, but not computed: the run was interrupted or is going on",
    "too small": "the images are smaller than the metric's window",
    "nan": "the metric is NaN",
    "error": "the metric failed",
    "identical": "the output equals the original, PSNR is infinite",
}


@dataclass(frozen=True)
class Mark:
    """One word and the reason behind it."""

    word: str
    reason: str

    @property
    def kind(self) -> str:
        """For the style sheet: bad, warn or soft."""
        return {"failed": "bad", "NaN": "bad", "under-trained": "warn", "partial": "warn"}.get(self.word, "soft")


def of_cells(cells: pd.DataFrame) -> list[Mark]:
    """Marks of one method's cells in one table, one per reason: '3 images of set5: ValueError: ...'."""
    found: list[Mark] = []
    cells = cells[cells["status"] != "ok"]
    if cells.empty:
        return found
    for status, word in WORDS.items():
        own = cells[cells["status"] == status]
        for (dataset, message), group in own.groupby(["dataset", "message"], sort=False):
            metrics = [metric for metric in group["metric"].unique() if metric]
            n = group["image"].nunique()
            where = f"{n} image{'s' if n > 1 else ''} of {dataset}"
            if metrics:
                where += f" ({', '.join(metrics)})"
            found.append(Mark(word, f"{where}: {message or _MEANING.get(status, status)}"))
    return found


def reason(cells: pd.DataFrame) -> Mark | None:
    """The gravest status of cells that have no value at all; None where there are no cells."""
    for status, word in WORDS.items():
        own = cells[cells["status"] == status]
        if not own.empty:
            message = next((text for text in own["message"] if text), "")
            return Mark(word, message or _MEANING.get(status, status))
    return None


def training(runs: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Training cards by method and scale, of those methods whose weight files are still the ones that were run."""
    used: dict[str, dict[str, str]] = {}
    for run in runs:
        used.update({method["name"]: method["weights"] for method in run["manifest"].get("methods", [])})
    found = {}
    for name, files in used.items():
        for method in _trained(name):
            for scale in method.card.scales or ():
                path, card = method.weight_path(scale), method.training_card(scale)
                if path and card and files.get(path.name) == file_hash(path):
                    found[name, scale] = {**card, "curve": method.training_curve(scale)}
    return found


def _trained(name: str) -> list[TrainedMethod]:
    try:
        methods = [plugins.instantiate(plugin) for plugin in plugins.find(name)]
    except SrbenchError:  # a stranger's plugin, or one that is gone
        return []
    return [method for method in methods if isinstance(method, TrainedMethod)]


def of_training(card: dict[str, Any] | None) -> list[Mark]:
    """What is to be known of the training of a method's weights."""
    return [*_under_trained(card), *_content_features(card)]


def _under_trained(card: dict[str, Any] | None) -> list[Mark]:
    """The mark of weights that fall behind methods which the network beats in the literature."""
    if not card or not card.get("under_trained"):
        return []
    others = ", ".join(card["under_trained"])
    effort = f"{card['steps']:,} steps, {card['wall_seconds'] / 60:.0f} min on {card['device']}"
    text = f"does not reach {others} on {REFERENCE}, which it beats in the literature (trained here: {effort})"
    return [Mark("under-trained", text)]


def _content_features(card: dict[str, Any] | None) -> list[Mark]:
    """The mark of weights that were trained to look alike in the features of a network, which it names."""
    if not card or not card.get("content_features"):
        return []
    names = " and ".join(card["content_features"])
    return [Mark("features", f"these weights were trained on a distance between features: {names}")]
