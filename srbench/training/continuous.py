"""Training at every scale in a range: LR patches of one size, made of HR patches of any size.

As LIIF trains (Chen et al., CVPR 2021, section 3.3): an LR patch of b pixels is made of an HR patch of b times s
pixels, s uniform in [1, 4]. Of the HR patch only some pixels are asked for, so that a step costs the same at every
scale. Here they are whole rows and columns, drawn from the patch, in place of single pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.degradation.named import Bicubic
from srbench.errors import TrainingError
from srbench.imaging.resize import imresize
from srbench.training.data import (
    CHANNELS,
    Colour,
    Picture,
    count_by_folder,
    cumulative_shares,
    numbered,
    picture_planes,
    turned,
)
from srbench.training.recipe import Recipe

PIXELWISE = ("l1", "l2", "charbonnier")  # losses that look at single pixels, wherever they lie


@dataclass(frozen=True)
class ContinuousRecipe(Recipe):
    """Of a network for every scale in a range; ``joint_scales`` are those at which it is validated.

    ``patch`` is the side of an LR patch, and so many rows and columns are asked for of its HR patch.
    """

    largest_scale: float = 4.0  # scales are drawn from 1 to this

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.largest_scale <= 16:
            raise TrainingError(f"recipe: largest_scale is from 1 to 16, not {self.largest_scale}")
        for name, _ in self.loss:
            if name not in PIXELWISE:
                raise TrainingError(
                    f"recipe: the loss '{name}' looks at whole images, and this training has single rows and columns",
                    f"take {', '.join(PIXELWISE)}",
                )
        if self.shave:
            raise TrainingError("recipe: single rows and columns have no border to shave", "leave shave at 0")


class ContinuousPatches:
    """Random patches at scales from 1 to ``recipe.largest_scale``, from images held in memory.

    The sides of HR patches are whole numbers, all of them equally likely; the scale is theirs divided by
    ``recipe.patch``. An image is cut at the scales for which it is large enough. Each folder gives equally many patches
    where ``recipe.by_folder`` says so, else every pixel is equally likely.

    Args:
        scales: of the networks that batches are for; all of them are one network, so the first stands for it.

    Raises:
        TrainingError: no image is as large as the patch of the largest scale. ``skipped`` counts those that are smaller
            than an LR patch.
    """

    def __init__(
        self, pictures: Sequence[Picture], scales: Sequence[int], recipe: ContinuousRecipe, colour: Colour
    ) -> None:
        self.recipe, self.channels, self._network = recipe, CHANNELS[colour], scales[0]
        small, self._largest = recipe.patch, int(recipe.patch * recipe.largest_scale)
        usable = [p for p in pictures if min(p.pixels.shape[:2]) >= small]
        self.images, self.skipped = count_by_folder(usable), len(pictures) - len(usable)
        self._hr: list[NDArray[np.uint8]] = []
        folders: list[Path] = []
        for picture in usable:
            whole = picture_planes(picture.pixels, colour)
            for factor in recipe.rescale:
                planes = whole if factor == 1.0 else imresize(whole, factor)
                if min(planes.shape[1:]) >= small:
                    self._hr.append(planes.contiguous().numpy())
                    folders.append(picture.path.parent)
        self._shortest = np.array([min(hr.shape[1:]) for hr in self._hr])
        self._areas = np.array([hr[0].size for hr in self._hr], np.float64)
        self._folders = numbered(folders)
        if not len(self._hr) or self._shortest.max() < self._largest:
            raise TrainingError(
                f"no image is as large as a patch of {self._largest} pixels at x{recipe.largest_scale:g}",
                "give larger images, or a smaller patch with --set patch=N",
            )

    def side(self, scale: int) -> int:
        """Side of the HR patch at ``scale``."""
        return self.recipe.patch * scale

    def batch(self, step: int, seed: int, size: int) -> tuple[Tensor, Tensor, int]:
        """The batch of ``step``, a function of its arguments alone; its scale is that of the sizes.

        Returns:
            LR (N, C, patch, patch) and HR (N, C, side, side), float32 in [0, 1], and the scale whose network
            they are for.
        """
        rng = np.random.default_rng((seed, step))
        small = self.recipe.patch
        side = int(rng.integers(small, self._largest + 1))
        which = np.searchsorted(self._shares(side), rng.random(size), side="right")
        places, turns = rng.random((size, 2)), rng.integers(0, 8, size)
        hr = np.empty((size, self.channels, side, side), np.uint8)
        for n, (index, place, turn) in enumerate(zip(which, places, turns, strict=True)):
            image = self._hr[index]
            top, left = (int(p * (length - side + 1)) for p, length in zip(place, image.shape[1:], strict=True))
            hr[n] = turned(image[:, top : top + side, left : left + side], turn)
        whole = torch.from_numpy(hr)
        lr = Bicubic()(whole.to(torch.float64), side / small) / 255
        return lr.to(torch.float32), whole.to(torch.float32).div_(255), self._network

    def _shares(self, side: int) -> NDArray[np.float64]:
        """Where in [0, 1] each image ends that is large enough for a patch; the others have no width."""
        areas = np.where(self._shortest >= side, self._areas, 0.0)
        return cumulative_shares(areas, self._folders if self.recipe.by_folder else None)
