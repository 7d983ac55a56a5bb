"""A step of a degradation, and the linear maps that steps and their products are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from srbench.imaging.banded import Axis
from srbench.imaging.color import to_uint8
from srbench.imaging.resize import Downsampler

LinearMap = Callable[[Tensor], Tensor]  # (..., H, W) to (..., h, w), floating


class Step:
    """One step of a :class:`srbench.degradation.Pipeline`. A subclass has a ``key`` that holds all that decides its
    output, and is called with images; a linear one has an :meth:`operator`, so that methods can invert it."""

    key: str
    random = False
    """Whether it draws from ``rng``."""
    on_rgb = False
    """Whether it is defined for RGB images of 8 bits alone: protocols that work on Y then take Y of the LR image."""
    has_operator = True
    """Whether it is known what it does to an image, so that a method could undo the linear part of that."""
    keeps_noise = False
    """Whether white noise goes through it as it is."""

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        """``x`` (..., H, W), uint8 or floating on the 0..255 scale, to an image of the same type, of :meth:`size`.

        Args:
            scale: that of the whole pipeline.
            rng: the pipeline's, for the image at hand: the same for every method and in every order of images.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__(x, scale, rng)")

    def size(self, height: int, width: int, scale: float) -> tuple[int, int]:
        """Of the output, for an input of that size."""
        return height, width

    def operator(self, height: int, width: int, scale: float) -> LinearMap | None:
        """The step as a linear map of images of that size; None where it is none, as adding noise is."""
        return None

    def noise_sigma(self) -> float | None:
        """Standard deviation, in grey levels, of the white noise that the step adds; None where it draws at random in
        some other way. Methods that weigh the data against a prior read it."""
        return None if self.random else 0.0

    def require_scale(self, scale: float) -> None:
        """Raise SrbenchError unless the step is defined in a pipeline of ``scale``."""

    def symmetric(self, scale: float) -> bool:
        """Whether mirroring or turning the input mirrors or turns the output."""
        return False

    def fused(self, following: Step) -> Step | None:
        """This step and the next as one that costs less and gives the same pixels; None if there is none."""
        return None


def as_type_of(image: Tensor, x: Tensor) -> Tensor:
    """What a step computed, in the type of what it was given: uint8 is clipped and rounded."""
    return to_uint8(image) if x.dtype == torch.uint8 else image.to(x.dtype)


def product(first: LinearMap, second: LinearMap) -> LinearMap:
    """``second`` of what ``first`` makes; one map where both are separable."""
    if isinstance(first, Downsampler) and isinstance(second, Downsampler):
        return Downsampler(_axis_product(first.rows, second.rows), _axis_product(first.columns, second.columns))
    return lambda hr: second(first(hr))


def _axis_product(first: Axis, second: Axis) -> Axis:
    matrix = (second.matrix() @ first.matrix()).numpy()
    used, length = matrix != 0, first.length
    start, end = used.argmax(axis=1), length - used[:, ::-1].argmax(axis=1)
    taps = int((end - start).max())
    index = np.minimum(start, length - taps)[:, None] + np.arange(taps)
    return Axis.of(length, np.take_along_axis(matrix, index, axis=1), index, first.dim)
