"""Is an output one clean answer? The same question to every network, answered from pixels alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from srbench.experiments.corners.task import CORNERS, place, windows

TOLERANCE = 0.1
"""How far a clean output may be from an answer, as a part of the digit's mass."""


@dataclass(frozen=True)
class Verdicts:
    """One entry an output, each of shape (N,).

    Attributes:
        distance: to the nearer answer: sum |output - answer| over the canvas / sum of the digit. 0 is an answer itself;
            both corners filled, an empty canvas or the mean of the two answers is 1.
        corner: of the nearer answer, 0 (also of a tie) or 1.
        clean: ``distance <= TOLERANCE``: one digit, whole, in one corner, and next to nothing elsewhere.
        ghost: what is in the other corner: sum of the output there / sum of the digit. 0.5 for the mean.
    """

    distance: Tensor
    corner: Tensor
    clean: Tensor
    ghost: Tensor

    @property
    def balance(self) -> float:
        """Part of the clean outputs that are in the first corner; NaN if none is clean."""
        return float((self.corner[self.clean] == 0).double().mean())


def judge(outputs: Tensor, digits: Tensor) -> Verdicts:
    """Score outputs (N, 16, 16) for the digits (N, 8, 8) that they were made of; both float, in [0, 1].

    A NaN in an output makes its distance NaN, and it is not clean.

    Raises:
        ValueError: the shapes do not belong together, or a digit is empty, so that its answers are the same.
    """
    answers = torch.stack([place(digits, corner) for corner in range(len(CORNERS))])
    if outputs.shape != answers.shape[1:]:
        raise ValueError(f"outputs {tuple(outputs.shape)} do not fit digits {tuple(digits.shape)}")
    mass = digits.sum(dim=(1, 2))
    if not (mass > 0).all():
        raise ValueError("a digit without a lit pixel has no two answers")
    distance, corner = ((outputs - answers).abs().sum(dim=(2, 3)) / mass).min(dim=0)
    contents = windows(outputs).sum(dim=(2, 3))
    other = contents.gather(0, 1 - corner[None])[0]
    return Verdicts(distance, corner, distance <= TOLERANCE, other / mass)


def both_corners(verdicts: Verdicts, draws: int) -> float:
    """Part of the inputs among whose outputs both answers are, clean.

    Args:
        draws: outputs an input; those of one input lie one after the other.
    """
    clean = verdicts.clean.view(-1, draws)
    corner = verdicts.corner.view(-1, draws)
    seen = [(clean & (corner == i)).any(dim=1) for i in range(len(CORNERS))]
    return float((seen[0] & seen[1]).double().mean())
