"""How a method is run where that changes its output: in tiles, as the self-ensemble of eight views.

What is chosen stands in the cell's key, and behind the method's name on the leaderboard: ``vdsr+`` (self-ensemble),
``vdsr (tile 128)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from srbench.errors import SrbenchError
from srbench.method.base import Method
from srbench.method.wrappers import SMALLEST_TILE, SelfEnsemble, Tiled


@dataclass(frozen=True)
class Variant:
    """The wrappers around a method, the innermost first.

    Args:
        tile: side of the LR tiles in pixels, 0 for the whole image.
        self_ensemble: average over eight mirrored and turned views.

    Raises:
        SrbenchError: a tile that is too small.
    """

    tile: int = 0
    self_ensemble: bool = False

    def __post_init__(self) -> None:
        if self.tile and self.tile < SMALLEST_TILE:
            raise SrbenchError(
                f"--tile {self.tile} is too small", f"give at least {SMALLEST_TILE} LR pixels, or 0 for whole images"
            )

    @property
    def key(self) -> str:
        """As JSON, for a cell's key; empty if nothing is chosen."""
        chosen = {name: value for name, value in vars(self).items() if value}
        return json.dumps(chosen, sort_keys=True) if chosen else ""

    @property
    def wrappers(self) -> tuple[Callable[[Method], Method], ...]:
        """In the order in which they are put around a method: each view of a self-ensemble is taken in tiles.

        Tiles are there even if none were asked for: they are used where memory runs out.
        """
        return (lambda method: Tiled(method, self.tile), *((SelfEnsemble,) if self.self_ensemble else ()))

    def apply(self, method: Method) -> Method:
        """``method`` with the wrappers around it."""
        for wrap in self.wrappers:
            method = wrap(method)
        return method
