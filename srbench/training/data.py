"""Training images, held in memory, and the patches cut from them.

Patches are made by the code that makes the test images (:mod:`srbench.degradation.named`, the classic protocol: Y
rounded; LR, of Y or of R, G and B, not rounded): whole images are degraded once, and an LR patch and its HR patch are
cut at matching places. So the network sees in training exactly what it sees in the evaluation, at any place of an
image.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.dataset.folder import image_files
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, SrbenchWarning, TrainingError
from srbench.imaging.color import luma, round_half_up
from srbench.imaging.images import Pixels, pixel_hash, read_image
from srbench.imaging.resize import imresize
from srbench.wording import counted

Colour = Literal["luma", "rgb"]
CHANNELS: dict[Colour, int] = {"luma": 1, "rgb": 3}


@dataclass(frozen=True)
class Picture:
    """A decoded training image: where it came from, its pixels (H, W[, 3]) and their hash."""

    path: Path
    pixels: Pixels
    hash: str


def read_pictures(folders: Iterable[Path]) -> list[Picture]:
    """All images of the folders, each once, in the order of their names; unreadable ones are warned of.

    Raises:
        TrainingError: a folder is not there, or no image could be read.
    """
    pictures: dict[str, Picture] = {}
    for folder in folders:
        if not folder.is_dir():
            raise TrainingError(f"no folder '{folder}'", "give a folder of PNG, BMP or JPEG images with --data")
        for path in image_files(folder):
            try:
                pixels = read_image(path)
            except ImageError as error:
                warnings.warn(f"left out: {error.message}", SrbenchWarning, stacklevel=2)
                continue
            picture = Picture(path, pixels, pixel_hash(pixels))
            pictures.setdefault(picture.hash, picture)
    if not pictures:
        raise TrainingError("no readable image in the data folders", "give folders of PNG, BMP or JPEG images")
    return list(pictures.values())


def hold_out(pictures: Sequence[Picture], count: int, seed: int) -> tuple[list[Picture], list[Picture]]:
    """Split into (training, validation). Which images are held out depends on their pixels and the seed alone."""
    if len(pictures) <= count:
        raise TrainingError(
            f"{counted(len(pictures), 'image')} too few to hold {count} out for validation",
            "give more images, or --set validation_images=1",
        )
    by_hash = sorted(pictures, key=lambda p: p.hash)
    chosen = np.random.default_rng(seed).choice(len(by_hash), count, replace=False)
    held = {by_hash[i].hash for i in chosen}
    return [p for p in pictures if p.hash not in held], [p for p in pictures if p.hash in held]


def count_by_folder(pictures: Sequence[Picture]) -> dict[str, int]:
    """How many pictures there are from each folder, by the folder's name."""
    return dict(Counter(p.path.parent.name for p in pictures))


def picture_planes(pixels: Pixels, colour: Colour) -> Tensor:
    """(H, W) or (H, W, 3) uint8 to the planes (C, H, W) uint8 that a method of ``colour`` sees: Y, or R, G and B."""
    if colour == "luma":
        return picture_luma(pixels)[None]
    planes = torch.from_numpy(pixels.copy())
    return planes.expand(3, -1, -1) if planes.ndim == 2 else planes.permute(2, 0, 1)


def picture_luma(pixels: Pixels) -> Tensor:
    """(H, W) or (H, W, 3) uint8 to (H, W) uint8: BT.601 Y, rounded; a grey image as it is."""
    if pixels.ndim == 2:
        return torch.from_numpy(pixels.copy())
    return round_half_up(luma(torch.from_numpy(pixels.copy()).permute(2, 0, 1))).to(torch.uint8)


class Batches(Protocol):
    """What a network is trained on: whatever answers the number of a step with a batch.

    ``images`` counts the training images by the name of their folder, ``skipped`` those that are too small.
    """

    images: dict[str, int]
    skipped: int

    def side(self, scale: int) -> int:
        """Side of the HR patch at ``scale``."""
        ...

    def batch(self, step: int, seed: int, size: int) -> tuple[Tensor, Tensor, int]:
        """LR (N, channels, h, w), HR (N, C, H, W), float32 in [0, 1], and the scale whose network they are for: a
        function of its arguments alone, or a resumed training would not be the uninterrupted one."""
        ...


class Patches:
    """Random patches at one or more scales, from images held in memory.

    Args:
        pictures: the training images.
        scales: the scales that batches are asked for.
        patch: side of the HR patch; at each scale it is rounded down to a multiple of the scale.
        rescale: every image is used at these sizes (1.0 is the image itself).
        by_folder: every folder gives equally many patches; else every pixel is equally likely, and a folder of large
            images drowns one of small ones.
        colour: what the network is fed: Y, or RGB (a grey image is three equal planes).

    Raises:
        TrainingError: no image is as large as a patch. ``skipped`` counts those that are not.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        scales: Sequence[int],
        patch: int,
        rescale: Sequence[float] = (1.0,),
        by_folder: bool = False,
        colour: Colour = "luma",
    ) -> None:
        self.scales, self.patch, self.channels = tuple(scales), patch, CHANNELS[colour]
        self.images = count_by_folder([p for p in pictures if min(p.pixels.shape[:2]) >= patch])
        self.skipped = sum(min(p.pixels.shape[:2]) < patch for p in pictures)
        self._hr: dict[int, list[NDArray[np.uint8]]] = {s: [] for s in scales}
        self._lr: dict[int, list[NDArray[np.float32]]] = {s: [] for s in scales}
        self._shares: dict[int, NDArray[np.float64]] = {}
        folders: dict[int, list[Path]] = {s: [] for s in scales}
        degrade = Bicubic()
        for picture in pictures:
            whole = picture_planes(picture.pixels, colour)
            for factor in rescale:
                planes = whole if factor == 1.0 else imresize(whole, factor)
                for scale in scales:
                    height, width = (n // scale * scale for n in planes.shape[1:])
                    if min(height, width) < self.side(scale):
                        continue
                    hr = planes[:, :height, :width].contiguous()
                    lr = degrade(hr.to(torch.float64), scale) / 255
                    folders[scale].append(picture.path.parent)
                    self._hr[scale].append(hr.numpy())
                    self._lr[scale].append(lr.to(torch.float32).numpy())
        for scale in scales:
            if not self._hr[scale]:
                raise TrainingError(
                    f"no image is as large as a patch of {self.side(scale)} pixels at x{scale}",
                    "give larger images, or a smaller patch with --set patch=N",
                )
            areas = np.array([hr.size for hr in self._hr[scale]], np.float64)
            self._shares[scale] = cumulative_shares(areas, numbered(folders[scale]) if by_folder else None)

    def side(self, scale: int) -> int:
        """Side of the HR patch at ``scale``."""
        return max(1, self.patch // scale) * scale

    def batch(self, step: int, seed: int, size: int) -> tuple[Tensor, Tensor, int]:
        """The batch of ``step``, a function of its arguments alone.

        Returns:
            LR (N, C, h, w) and HR (N, C, scale h, scale w), float32 in [0, 1], and their scale.
        """
        rng = np.random.default_rng((seed, step))
        scale = self.scales[int(rng.integers(len(self.scales)))] if len(self.scales) > 1 else self.scales[0]
        side = self.side(scale)
        small = side // scale
        lr = np.empty((size, self.channels, small, small), np.float32)
        hr = np.empty((size, self.channels, side, side), np.uint8)
        which = np.searchsorted(self._shares[scale], rng.random(size), side="right")
        places, turns = rng.random((size, 2)), rng.integers(0, 8, size)
        for n, (index, place, turn) in enumerate(zip(which, places, turns, strict=True)):
            index = min(int(index), len(self._hr[scale]) - 1)
            lr_image, hr_image = self._lr[scale][index], self._hr[scale][index]
            top = int(place[0] * (lr_image.shape[1] - small + 1))
            left = int(place[1] * (lr_image.shape[2] - small + 1))
            lr_patch = lr_image[:, top : top + small, left : left + small]
            top, left = top * scale, left * scale
            hr_patch = hr_image[:, top : top + side, left : left + side]
            lr[n], hr[n] = turned(lr_patch, turn), turned(hr_patch, turn)
        return torch.from_numpy(lr), torch.from_numpy(hr).to(torch.float32).div_(255), scale


def numbered(folders: Sequence[Path]) -> NDArray[np.intp]:
    """(N,): a number of each image's folder, from 0."""
    return np.unique([str(folder) for folder in folders], return_inverse=True)[1]


def cumulative_shares(areas: NDArray[np.float64], folders: NDArray[np.intp] | None) -> NDArray[np.float64]:
    """(N,): the cumulative probabilities of N images: as their areas, and where the numbers of their folders are given
    so that every folder with an area has the same share."""
    if folders is not None:
        totals = np.bincount(folders, areas)
        areas = areas / np.where(totals > 0, totals, 1.0)[folders]
    return np.cumsum(areas / areas.sum())


def turned(patch: NDArray[np.generic], turn: int) -> NDArray[np.generic]:
    """(C, H, W) by one of the eight symmetries of the square: bit 0 mirrors rows, bit 1 columns, bit 2 transposes."""
    if turn & 1:
        patch = patch[:, ::-1]
    if turn & 2:
        patch = patch[:, :, ::-1]
    return patch.swapaxes(1, 2) if turn & 4 else patch
