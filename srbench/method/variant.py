"""How a method is run where that changes its output: in tiles, as the self-ensemble of eight views, in half precision.

What is chosen stands in the cell's key, and behind the method's name on the leaderboard: ``vdsr+`` (self-ensemble),
``vdsr (tile 128)``, ``vdsr (fp16)``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from srbench.errors import SrbenchError
from srbench.method.base import Method
from srbench.method.precision import FULL, dtype_of
from srbench.method.wrappers import SMALLEST_TILE, InPrecision, SelfEnsemble, Tiled


@dataclass(frozen=True)
class Variant:
    """The wrappers around a method.

    Args:
        tile: side of the LR tiles in pixels, 0 for the whole image.
        self_ensemble: average over eight mirrored and turned views.
        precision: of the weights and the input of its network: fp32, fp16 or bf16. What has no network is the same in
            all of them.

    Raises:
        SrbenchError: a tile that is too small, an unknown precision.
    """

    tile: int = 0
    self_ensemble: bool = False
    precision: str = FULL

    def __post_init__(self) -> None:
        if self.tile and self.tile < SMALLEST_TILE:
            raise SrbenchError(
                f"--tile {self.tile} is too small", f"give at least {SMALLEST_TILE} LR pixels, or 0 for whole images"
            )
        dtype_of(self.precision)

    @property
    def key(self) -> str:
        """As JSON, for a cell's key; empty if nothing is chosen."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen = {field.name: own[field.name] for field in fields(self) if own[field.name] != field.default}
        return json.dumps(chosen, sort_keys=True) if chosen else ""

    def apply(self, method: Method) -> Method:
        """``method`` with the wrappers around it: each view of a self-ensemble is taken in tiles, each tile by a
        network that was cast.

        Tiles are there even if none were asked for: they are used where memory runs out.
        """
        if self.precision != FULL and (cast := method.in_precision(dtype_of(self.precision))) is not None:
            method = InPrecision(cast, self.precision)
        method = Tiled(method, self.tile)
        return SelfEnsemble(method) if self.self_ensemble else method
