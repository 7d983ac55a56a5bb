"""What half precision costs: rows of networks that were cast, each against the same weights in fp32, image by image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from srbench.records import CellState, ScoreState
from srbench.results.facts import FolderFacts
from srbench.results.handling import decoded
from srbench.results.leaderboard import GROUP, per_image, signed
from srbench.results.reader import Reader
from srbench.results.scales import alike
from srbench.results.view import View
from srbench.scale import number
from srbench.wording import counted

METRICS = ("psnr", "lpips")
_SAME = ["method_hash", "dataset", "image", "image_sha256", "scale", "protocol", "degradation", "metric", "version"]


@dataclass(frozen=True)
class Difference:
    """By one metric, cast minus fp32: the mean over ``images`` that both have, and the one that is worst for the cast
    network. ``text`` and ``loss`` are the two with their signs and the unit."""

    mean: float
    worst: float
    images: int
    text: str
    loss: str


@dataclass(frozen=True)
class Cast:
    """One method on one dataset under a view, with its network in half precision.

    ``full``: what its row in fp32 is called; empty where there is none of the same weights. ``planned`` counts its
    images, ``black`` those of which the SR image is black, ``nan`` and ``infinite`` those of which it was refused
    because it has NaN or else infinite values; ``failed`` those that failed otherwise, ``unsupported`` those on which
    the network cannot be computed so.
    """

    label: str
    full: str
    precision: str
    dataset: str
    view: View
    planned: int
    black: int
    nan: int
    infinite: int
    failed: int
    unsupported: int
    differences: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def counts(self) -> str:
        """In words: '0 black, 0 NaN, 0 infinite of 5 images'."""
        others = {"failed otherwise": self.failed, "not supported": self.unsupported}
        counts = {"black": self.black, "NaN": self.nan, "infinite": self.infinite}
        counts |= {word: n for word, n in others.items() if n}
        return f"{', '.join(f'{n} {word}' for word, n in counts.items())} of {counted(self.planned, 'image')}"

    @property
    def changes(self) -> str:
        """In words: 'PSNR -0.0012 dB, LPIPS (AlexNet) +0.000020', or why nothing is known of it."""
        if not self.full:
            return "no row in fp32 of the same weights to compare it with"
        return ", ".join(found.text for found in self.differences.values()) or "no image that both have"

    @property
    def losses(self) -> str:
        """The change on the image that is worst for the cast network, by each metric."""
        return ", ".join(found.loss for found in self.differences.values())

    @property
    def text(self) -> str:
        """One line for a terminal."""
        against = f" against {self.full}" if self.full else ""
        return f"{self.label} on {self.dataset} {self.view}{against}: {self.changes}; {self.counts}"


def casts(images: pd.DataFrame, reader: Reader) -> list[Cast]:
    """Every row of ``images`` that was computed in half precision, in their order.

    Args:
        images: of :func:`srbench.results.leaderboard.per_image`, all of a folder or what was chosen of it. The rows in
            fp32 are looked for in the whole folder.
    """
    own = _split(images)
    own = own[own["precision"] != ""]
    if own.empty:
        return []
    full = _split(per_image(reader))
    full = full[full["precision"] == ""]
    found = []
    for _, rows in own.groupby(GROUP, sort=False):
        both = pd.merge(*alike(rows, full), on=[*_SAME, "plugin", "rest"], suffixes=("", "_full"))
        found.append(_cast(rows, both, reader.facts))
    return found


def _split(images: pd.DataFrame) -> pd.DataFrame:
    """With columns for the precision, empty for fp32, and for the other options."""
    chosen = {options: json.loads(options or "{}") for options in images["options"].unique()}
    rest = {
        options: json.dumps({name: value for name, value in own.items() if name != "precision"}, sort_keys=True)
        for options, own in chosen.items()
    }
    precision = {options: own.get("precision", "") for options, own in chosen.items()}
    return images.assign(precision=images["options"].map(precision), rest=images["options"].map(rest))


def _cast(own: pd.DataFrame, both: pd.DataFrame, facts: FolderFacts) -> Cast:
    first = own.iloc[0]
    cells = own.drop_duplicates("image")
    said = [decoded(text) for text in cells["handling"]]
    nan = sum("nan" in one for one in said)
    infinite = sum("infinite" in one and "nan" not in one for one in said)
    state = cells["status"].to_numpy(object)
    return Cast(
        label=first["method"],
        full=both["method_full"].iloc[0] if len(both) else "",
        precision=first["precision"],
        dataset=first["dataset"],
        view=View(number(first["scale"]), first["protocol"], first["degradation"]),
        planned=len(cells),
        black=sum("black" in one for one in said),
        nan=nan,
        infinite=infinite,
        failed=int((state == CellState.FAILED).sum()) - nan - infinite,
        unsupported=int((state == CellState.NOT_SUPPORTED).sum()),
        differences={name: found for name in METRICS if (found := _difference(both, name, facts))},
    )


def _difference(both: pd.DataFrame, name: str, facts: FolderFacts) -> Difference | None:
    good = (both["metric"] == name) & (both["status"] == ScoreState.OK) & (both["status_full"] == ScoreState.OK)
    changes = (both["value"] - both["value_full"])[good].to_numpy(float)
    if not changes.size:
        return None
    metric, mean = facts.metric(name), float(np.mean(changes))
    worst = changes.max() if metric.higher_is_better is False else changes.min()
    text, loss = (
        f"{metric.title} {signed(float(change), metric.digits + 2)} {metric.unit}".rstrip() for change in (mean, worst)
    )
    return Difference(mean, float(worst), int(changes.size), text, loss)
