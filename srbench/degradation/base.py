"""What a degradation is: steps that make an LR image of an HR image, one after the other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from srbench.errors import SrbenchError
from srbench.foreign import fields
from srbench.foreign.contained import contained
from srbench.imaging.banded import Axis
from srbench.imaging.color import to_uint8
from srbench.imaging.resize import Downsampler
from srbench.randomness import LARGEST_SEED
from srbench.scale import LARGEST, exact

LinearMap = Callable[[Tensor], Tensor]  # (..., H, W) to (..., h, w), floating


class Degradation(Protocol):
    """A named way to make LR images. ``key`` holds all that decides its output (version, kernel, seed)."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def __call__(self, hr: Tensor, scale: float) -> Tensor:
        """HR (..., H, W), uint8 or floating on the 0..255 scale, to LR (..., H/scale, W/scale) of the same type."""
        ...

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        """The linear part of the map for an HR image of that size: a
        :class:`srbench.imaging.resize.Downsampler` where it is separable."""
        ...

    def noise_sigma(self) -> float | None:
        """Standard deviation of the white noise on the LR images, in grey levels: 0 where there is none, None where
        it is not known."""
        ...

    def require_scale(self, scale: float) -> None:
        """Raise SrbenchError unless the degradation is defined at ``scale``."""
        ...

    def symmetric(self, scale: float) -> bool:
        """Whether mirroring or turning the HR image mirrors or turns the LR image."""
        ...

    @property
    def on_rgb(self) -> bool:
        """Whether LR images are made of RGB images of 8 bits under every protocol, as JPEG's are."""
        ...


class Step:
    """One step of a :class:`Pipeline`. A subclass has a ``key`` that holds all that decides its output, and is called
    with images; a linear one has an :meth:`operator`, so that methods can invert it."""

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


def _is_step(value: object) -> bool:
    return (
        isinstance(value, Step)
        and isinstance(getattr(value, "key", None), str)
        and isinstance(getattr(value, "random", None), bool)
    )


def _or_none(rule: fields.Rule) -> fields.Rule:
    return fields.Rule(lambda value: value is None or rule.holds(value), f"None or {rule.words}")


_RULES = {
    "name": fields.NAME,
    "steps": fields.several(
        fields.Rule(_is_step, "a step"), "a tuple of steps with a key (text) and random (True or False)"
    ),
    "version": fields.whole(0, 2**31),
    "scales": _or_none(fields.several(fields.whole(1, LARGEST), "a tuple of scales")),
    "seed": fields.whole(0, LARGEST_SEED),
    "facts": _or_none(fields.TEXT),
    "source": fields.TEXT,
}


@dataclass(frozen=True)
class Pipeline:
    """A degradation made of steps.

    Args:
        steps: at least one; together they shrink an image by the scale.
        version: to be raised when the pixels change by something that no key and no file shows.
        scales: at which it is defined; None: at all.
        seed: of steps that draw at random.
        facts: what of the steps stands in the key; None: their own keys.
        source: hash of the files in which it was written; empty for the built-in ones.

    Raises:
        SrbenchError: a name with slashes, no step, or a field of another kind.
    """

    name: str
    steps: tuple[Step, ...]
    version: int = 1
    scales: tuple[float, ...] | None = None
    seed: int = 0
    facts: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        fields.require(self, f"degradation {fields.shown(self.name)}", _RULES, SrbenchError)
        if set(self.name) & set("/\\"):
            raise SrbenchError(f"'{self.name}' cannot be a degradation's name", "leave out slashes")
        if not self.steps:
            raise SrbenchError(f"degradation '{self.name}' has no steps", "give it at least one that shrinks images")

    @cached_property
    def key(self) -> str:
        with contained(f"degradation {self.name}"):
            facts = ">".join(step.key for step in self.steps) if self.facts is None else self.facts
            seed = f"seed={self.seed}" if any(step.random for step in self.steps) else ""
        return "/".join(part for part in (self.name, f"v{self.version}", facts, self.source, seed) if part)

    @cached_property
    def _fused(self) -> tuple[Step, ...]:
        fused: list[Step] = []
        for step in self.steps:
            both = fused[-1].fused(step) if fused else None
            fused = [*fused[:-1], both] if both is not None else [*fused, step]
        return tuple(fused)

    def __call__(self, hr: Tensor, scale: float) -> Tensor:
        """LR of HR. Every step keeps the image's type, so uint8 is rounded after each.

        Raises:
            SrbenchError: the steps do not shrink the image by the scale, or change its type.
        """
        rng = self._rng(hr, scale)
        lr = hr
        for step in self._fused:
            lr = step(lr, scale, rng)
        sides = zip(hr.shape[-2:], lr.shape[-2:], strict=True)
        ratio = exact(scale)
        if any(not side // ratio <= own <= math.ceil(side / ratio) for side, own in sides) or lr.dtype != hr.dtype:
            raise SrbenchError(
                f"{self.name} made {lr.dtype} {tuple(lr.shape)} of {hr.dtype} {tuple(hr.shape)} at x{scale}",
                "its steps have to shrink an image by the scale and keep its type",
            )
        return lr

    def _rng(self, hr: Tensor, scale: float) -> np.random.Generator:
        """Drawn from the seed and the HR image's own values."""
        if not any(step.random for step in self.steps):
            return np.random.default_rng(self.seed)
        digest = hashlib.sha256(f"{self.seed}/{scale}/".encode())
        digest.update(np.ascontiguousarray(hr.cpu().numpy()).data)
        return np.random.default_rng(int.from_bytes(digest.digest()[:16]))

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        """The product of the steps that are linear."""
        maps: list[LinearMap] = []
        for step in self._fused:
            own = step.operator(height, width, scale)
            maps += [own] if own is not None else []
            height, width = step.size(height, width, scale)
        return reduce(_product, maps) if maps else (lambda hr: hr)

    def noise_sigma(self) -> float | None:
        """That of the steps together. It is not known (None) where one of them draws in another way than white noise,
        or where a step changes what came before it together with its noise.

        Raises:
            SrbenchError: a step answers neither None nor a number of at least 0.
        """
        variance = 0.0
        for step in self.steps:
            with contained(f"degradation {self.name}"):
                own = step.noise_sigma()
            if own is None or (variance and not own and not step.keeps_noise):
                return None
            if not fields.NUMBER.holds(own) or own < 0:
                raise SrbenchError(
                    f"degradation {self.name}: noise_sigma() of the step {step.key} is {fields.shown(own)}",
                    "return the standard deviation in grey levels, or None",
                )
            variance += own**2
        return math.sqrt(variance)

    def require_scale(self, scale: float) -> None:
        if self.scales is not None and scale not in self.scales:
            only = ", ".join(map(str, self.scales))
            raise SrbenchError(f"{self.name} is defined at x{only} alone, not at x{scale}", f"add --scales {only}")
        for step in self._fused:
            step.require_scale(scale)

    @property
    def has_operator(self) -> bool:
        """Whether :meth:`operator` answers; else it raises NotSupportedError."""
        return all(step.has_operator for step in self.steps)

    @property
    def on_rgb(self) -> bool:
        return any(step.on_rgb for step in self.steps)

    def symmetric(self, scale: float) -> bool:
        return all(step.symmetric(scale) for step in self._fused)


def as_type_of(image: Tensor, x: Tensor) -> Tensor:
    """What a step computed, in the type of what it was given: uint8 is clipped and rounded."""
    return to_uint8(image) if x.dtype == torch.uint8 else image.to(x.dtype)


def _product(first: LinearMap, second: LinearMap) -> LinearMap:
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
