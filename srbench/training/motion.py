"""Synthetic motion: clips made of still images, whose frames are known to have moved by so much.

A background, and in some clips an object before it (a patch of another image with an outline), each move steadily with
a tremble: shifted by parts of a pixel, turned and zoomed a little. The frame in the middle, the target, is the image as
it is; the others are resampled from the same image by bicubic interpolation and rounded to 8 bits.
:mod:`srbench.training.clips` degrades every frame as all training images are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from srbench.errors import TrainingError
from srbench.training.parts import PartRecipe
from srbench.training.recipe import Recipe

_CUBIC = 2  # HR pixels that interpolation needs around the outermost


@dataclass(frozen=True)
class MotionRecipe(Recipe):
    """Of a method of several frames. Lengths are in HR pixels, motion is from one frame to the next."""

    shift: float = 6.0  # the fastest steady motion, in any direction
    tremble: float = 1.0  # on each axis, of every frame on its own
    turn: float = 0.01  # radians, to either side
    zoom: float = 0.01  # by a factor of up to 1 + zoom, in or out
    objects: float = 0.5  # share of clips in which something moves before the background

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("shift", "tremble", "turn", "zoom"):
            if not 0 <= getattr(self, name) < math.inf:
                raise TrainingError(f"recipe: {name} must not be negative, but is {getattr(self, name)}")
        if not self.zoom < 1:
            raise TrainingError(f"recipe: zoom is below 1, not {self.zoom}")
        if not 0 <= self.objects <= 1:
            raise TrainingError(f"recipe: objects is in [0, 1], not {self.objects}")

    def reach(self, frames: int, side: int) -> int:
        """HR pixels by which content within a square of ``side`` pixels moves at most, over ``frames`` frames."""
        steps = frames // 2
        corner = side / math.sqrt(2)
        return math.ceil(steps * (self.shift + self.tremble + corner * (self.turn + self.zoom))) + _CUBIC


@dataclass(frozen=True)
class MotionPartRecipe(MotionRecipe, PartRecipe):
    """The same, of which some parts keep the weights that the training starts from."""


@dataclass(frozen=True)
class Motion:
    """How things lie in T frames, for each of N clips: what is at p in the target, from the centre of the frame, is at
    ``zoom * R(turn) p + shift`` in a frame, with R a rotation.

    Args:
        shift: (N, T, 2), (dy, dx) in HR pixels.
        turn: (N, T), radians.
        zoom: (N, T), factors.
    """

    shift: Tensor
    turn: Tensor
    zoom: Tensor

    def __getitem__(self, clips: Tensor) -> Motion:
        return Motion(*(getattr(self, field.name)[clips] for field in fields(self)))

    def sources(self, side: int) -> Tensor:
        """(N, T, side, side, 2): for every pixel of every frame the place (y, x) in the target that it shows, from the
        centre of the frame."""
        line = torch.arange(side, dtype=self.shift.dtype) - (side - 1) / 2
        y = line[:, None] - self.shift[..., 0, None, None]
        x = line - self.shift[..., 1, None, None]
        cos, sin = (f(self.turn)[..., None, None] / self.zoom[..., None, None] for f in (torch.cos, torch.sin))
        return torch.stack([cos * y + sin * x, cos * x - sin * y], dim=-1)


def draw_motion(rng: np.random.Generator, clips: int, frames: int, recipe: MotionRecipe) -> Motion:
    """Motions of the recipe's size; the frame in the middle is the target, which has none."""
    steps = np.arange(frames) - frames // 2
    direction, speed = rng.uniform(0, 2 * np.pi, clips), rng.uniform(0, recipe.shift, clips)
    velocity = np.stack([np.sin(direction), np.cos(direction)], 1) * speed[:, None]
    tremble = rng.uniform(-recipe.tremble, recipe.tremble, (clips, frames, 2)) * (steps != 0)[:, None]
    turn = rng.uniform(-recipe.turn, recipe.turn, (clips, 1)) * steps
    zoom = np.exp(np.log1p(recipe.zoom) * rng.uniform(-1, 1, (clips, 1)) * steps)
    shift = velocity[:, None] * steps[:, None] + tremble
    return Motion(*(torch.from_numpy(x).to(torch.float32) for x in (shift, turn, zoom)))


def shown(images: Tensor, sources: Tensor) -> Tensor:
    """Frames (N, T, S, S) of images (N, K, K), at the places (N, T, S, S, 2) of :meth:`Motion.sources`.

    Bicubic interpolation; at whole pixels the image's own values. What lies outside repeats the border.
    """
    clips, frames, side = sources.shape[:3]
    places = sources.flip(-1) * (2 / (images.shape[-1] - 1))  # (x, y), 1 being the centre of the last pixel
    result = F.grid_sample(
        images[:, None],
        places.view(clips, frames * side, side, 2),
        "bicubic",
        padding_mode="border",
        align_corners=True,
    )
    return result.view(clips, frames, side, side)


@dataclass(frozen=True)
class Outline:
    """Of N objects: |y / radius_y|^sharpness + |x / radius_x|^sharpness = 1 around a centre, in HR pixels of the target
    from the middle of the frame: from an ellipse (2) to nearly a rectangle (10)."""

    centre: Tensor  # (N, 2)
    radius: Tensor  # (N, 2)
    sharpness: Tensor  # (N,)

    def cover(self, sources: Tensor) -> Tensor:
        """(N, T, S, S): the part of each pixel that the object covers, for places (N, T, S, S, 2) of it."""
        centre, radius = (x[:, None, None, None] for x in (self.centre, self.radius))
        sharpness = self.sharpness[:, None, None, None]
        ratio = ((sources - centre) / radius).abs()
        length = (ratio[..., 0] ** sharpness + ratio[..., 1] ** sharpness) ** (1 / sharpness)
        return (0.5 + (1 - length) * radius.amin(-1)).clamp(0, 1)


def draw_outline(rng: np.random.Generator, clips: int, side: int) -> Outline:
    """Objects of a tenth to a third of the frame's side, anywhere near its middle."""
    centre = rng.uniform(-side / 3, side / 3, (clips, 2))
    radius = rng.uniform(side / 10, side / 3, (clips, 2))
    return Outline(*(torch.from_numpy(x).to(torch.float32) for x in (centre, radius, rng.uniform(2, 10, clips))))


def draw_clips(rng: np.random.Generator, images: Tensor, side: int, frames: int, recipe: MotionRecipe) -> Tensor:
    """HR frames (N, T, side, side) of whole numbers in 0..255, of images (N, K, K) of that scale.

    Args:
        images: ``side`` pixels and the recipe's reach on every side; objects are cut from the image of another clip.
    """
    clips = len(images)
    sources = draw_motion(rng, clips, frames, recipe).sources(side)
    hr = shown(images, sources)
    motion, outline = draw_motion(rng, clips, frames, recipe), draw_outline(rng, clips, side)
    chosen = torch.from_numpy(np.flatnonzero(rng.random(clips) < recipe.objects))
    if len(chosen):
        sources = motion[chosen].sources(side)
        outline = Outline(*(getattr(outline, field.name)[chosen] for field in fields(outline)))
        hr[chosen] = hr[chosen].lerp(shown(images.roll(1, 0)[chosen], sources), outline.cover(sources))
    return hr.round_().clamp_(0, 255)
