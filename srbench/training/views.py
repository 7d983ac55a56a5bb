"""How the images of a step are shown to networks with strides: shifted at random, and sometimes enlarged twice.

A convolution of stride 2 weighs the pixels of its lattice unequally, and one without a response to patterns of period 2
leaves them to chance: both let a network that is trained through it paint a grid. A random shift brings every pixel to
every place of the lattice in turn; enlarged twice, a pattern of period 2 has period 4, which is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from srbench.imaging.resize import imresize
from srbench.training.adversarial import PIECE
from srbench.training.losses import Batch
from srbench.training.recipe import AdversarialRecipe, Recipe


@dataclass(frozen=True)
class View:
    """One way to look at images (..., H, W): ``largest`` pixels smaller on each axis, from row ``top`` and column
    ``left`` on, both in [0, ``largest``], then at twice the size if ``doubled``."""

    top: int = 0
    left: int = 0
    largest: int = 0
    doubled: bool = False

    def __call__(self, images: Tensor) -> Tensor:
        height, width = (n - self.largest for n in images.shape[-2:])
        seen = images[..., self.top : self.top + height, self.left : self.left + width]
        return imresize(seen, 2) if self.doubled else seen


def feature_view(recipe: Recipe, step: int) -> View:
    """How content losses look at ``step``."""
    return _view(recipe, step, 1, recipe.feature_shift, recipe.feature_doubled)


def discriminator_view(recipe: Recipe, step: int) -> View:
    """How the discriminator looks at ``step``."""
    shift = recipe.discriminator_shift if isinstance(recipe, AdversarialRecipe) else 0
    return _view(recipe, step, 2, shift, 0.0)


def _view(recipe: Recipe, step: int, stream: int, largest: int, doubled: float) -> View:
    """A function of its arguments alone, so that a resumed training repeats it; each ``stream`` has its own numbers."""
    draw = np.random.default_rng((recipe.seed, step, stream))
    top, left = (int(n) for n in draw.integers(0, largest + 1, 2))
    return View(top, left, largest, bool(draw.random() < doubled))


def shown(
    pieces: Mapping[str, Callable[[Batch], Tensor]], recipe: Recipe, step: Callable[[], int]
) -> dict[str, Callable[[Batch], Tensor]]:
    """Content losses and the adversarial one, with SR and HR alike seen by the view of the step that ``step`` tells;
    LR stays as it is."""

    def look(name: str, piece: Callable[[Batch], Tensor]) -> Callable[[Batch], Tensor]:
        view_at = discriminator_view if name == PIECE else feature_view

        def seen(batch: Batch) -> Tensor:
            view = view_at(recipe, step())
            return piece(replace(batch, sr=view(batch.sr), hr=view(batch.hr)))

        return seen

    return {name: look(name, piece) for name, piece in pieces.items()}
