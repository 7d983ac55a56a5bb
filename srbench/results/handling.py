"""What is to be known of how cells were computed: :attr:`srbench.records.Outcome.handling`, in words.

The keys that it may have:

* ``out_of_range``: the share of the output's values that were far below black or above white before they were clipped,
  where it was large
* ``tile``: the side of the tiles, in LR pixels, in which the image was computed because memory ran out
* ``black``: 1 where the SR image is black and the HR image is not
* ``nan``, ``infinite``: how many values were so, of an output that was refused for it
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

SUSPICIOUS = 0.25  # share of values out of range from which it is said


@dataclass(frozen=True)
class Remark:
    """One thing about some images: ``word`` stands in tables, ``reason`` says more; ``images`` counts them."""

    word: str
    reason: str
    images: int

    @property
    def short(self) -> str:
        return f"{self.images} {self.word}"


def encode(out_of_range: float = 0.0, **said: int) -> str:
    """For :attr:`srbench.records.Outcome.handling` of an output of which so many values are out of range, with what
    else is said of it that is not 0; empty where nothing is."""
    kept: dict[str, float] = {"out_of_range": round(out_of_range, 3)} if out_of_range >= SUSPICIOUS else {}
    kept |= {name: number for name, number in said.items() if number}
    return json.dumps(kept) if kept else ""


def in_tiles(text: str, tile: int) -> str:
    """What :func:`encode` gave of an image that was computed in tiles because memory ran out."""
    return json.dumps({**decoded(text), "tile": tile})


def remarks(handlings: Iterable[str]) -> list[Remark]:
    """What is to be said of some images of one method, one text for each; the gravest first."""
    every = [decoded(text) for text in handlings if text]
    found = []
    if black := sum(1 for own in every if own.get("black")):
        reason = "the SR image is black and the HR image is not: does the network overflow, or answer in -1..0?"
        found.append(Remark("black", reason, black))
    shares = [own["out_of_range"] for own in every if own.get("out_of_range")]
    if shares:
        reason = (
            f"up to {max(shares):.0%} of the output's values are far below black or above white, where they are "
            "clipped: does the network answer in 0..255 or -1..1?"
        )
        found.append(Remark("out of range", reason, len(shares)))
    tiles = [own["tile"] for own in every if own.get("tile")]
    if tiles:
        sides = ", ".join(str(tile) for tile in sorted(set(tiles)))
        reason = f"computed in tiles of {sides} LR pixels because memory ran out: not what the whole image gives"
        found.append(Remark("in tiles", reason, len(tiles)))
    return found


def decoded(text: str) -> dict[str, float]:
    """The numbers in :attr:`srbench.records.Outcome.handling`, by key; none where it is empty. What a later srbench
    writes may be others."""
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return {}
    own = content.items() if isinstance(content, dict) else ()
    return {key: value for key, value in own if isinstance(value, int | float)}
