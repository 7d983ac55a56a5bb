"""The methods of a table as their cards describe them, by what their rows are called."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from srbench.records import TrainingFacts
from srbench.results.facts import FolderFacts, MethodFacts

_OWN = ("user's own", "checkpoint")  # families, where a run of an older srbench does not say whose a method is


@dataclass(frozen=True)
class Described:
    """A row's method.

    Attributes:
        label: what the row is called: the method's name with its options behind it.
        plugin: the method's name.
        card: None where nobody knows the method.
    """

    label: str
    plugin: str
    card: MethodFacts | None

    @property
    def title(self) -> str:
        """For people: 'EDSR baseline, 16 blocks, 64 channels+'."""
        return self.card.title + self.label.removeprefix(self.plugin) if self.card else self.label

    @property
    def year(self) -> int:
        """0 where it has none."""
        return self.card.year if self.card else 0

    @property
    def own(self) -> bool:
        """Whether it is a user's own, and not one of srbench's."""
        return self.card is None or self.card.own or self.card.family in _OWN

    def trained(self, scale: float) -> TrainingFacts | None:
        """How the weights that were run were trained; None where they were not, or nobody knows."""
        return self.card.training.get(scale) if self.card else None


def described(images: pd.DataFrame, facts: FolderFacts) -> dict[str, Described]:
    """The methods of some of :func:`srbench.results.leaderboard.per_image`'s rows, by label."""
    rows = images.drop_duplicates("method")[["method", "plugin", "method_hash"]]
    return {
        label: Described(label, plugin, facts.method(plugin, identity))
        for label, plugin, identity in rows.itertuples(index=False, name=None)
    }
