"""Well-known checkpoints by name: where their files can be had, whose they are, and what is published of them."""

from __future__ import annotations

from srbench.zoo.manifest import PREFIX, Checkpoint, Claim, Measurement, broken, checkpoints, known_as
from srbench.zoo.places import find, how_to_get, recognised, require_here

__all__ = [
    "PREFIX",
    "Checkpoint",
    "Claim",
    "Measurement",
    "broken",
    "checkpoints",
    "find",
    "how_to_get",
    "known_as",
    "recognised",
    "require_here",
]
