"""What the best possible network of each kind reaches, by arithmetic instead of training.

A digit has N lit pixels (level above 0) of values v in (0, 1]; its two targets differ in 2N pixels of the canvas, N in
either corner, and agree in all others.
"""

from __future__ import annotations

import torch
from torch import Tensor

from srbench.experiments.corners.task import CANVAS

JOINT_BITS = 1.0
"""Bits an image for a model of the whole image: the coin. At the first lit pixel both values have probability 1/2,
which costs -log2(1/2) = 1 bit; then every other pixel is certain and costs none."""


def lit_pixels(digits: Tensor) -> Tensor:
    """N of each digit, int64: (B, 8, 8) to (B,)."""
    return (digits > 0).sum(dim=(1, 2))


def independent_bits(digits: Tensor) -> Tensor:
    """Bits an image for the best model that is given the digit and takes pixels for independent: 2N; (B, 8, 8) to (B,).

    Its best guess for each of the 2N pixels is the truth, v or 0 with probability 1/2 each: H(1/2) = 1 bit a pixel.
    """
    return 2.0 * lit_pixels(digits)


def independent_hit(digits: Tensor) -> Tensor:
    """Probability that a draw of the best independent-pixel model is one of the two answers: 2 * 2^(-2N), float64.

    Each of the 2N coins must fall as that answer has it. (B, 8, 8) to (B,).
    """
    return torch.pow(2.0, 1 - 2 * lit_pixels(digits).double())


def mean_mse(images: Tensor) -> Tensor:
    """Mean squared error a canvas pixel of the best single output, the mean of the answers: sum v^2 / (2 * 16^2).

    At each of the 2N pixels the mean is v/2, off by v/2 whichever answer is right; together 2 sum (v/2)^2. ``images``
    (B, 8, 8) in [0, 1]; (B,).
    """
    return _energy(images) / 2 / CANVAS**2


def guess_mse(images: Tensor) -> Tensor:
    """The same for one clean answer, chosen by a coin: sum v^2 / 16^2, twice as much.

    Right half the time; else 2N pixels are off by v.
    """
    return _energy(images) / CANVAS**2


def _energy(images: Tensor) -> Tensor:
    return images.square().sum(dim=(1, 2))
