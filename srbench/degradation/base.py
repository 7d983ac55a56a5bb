"""What a degradation is: steps that make an LR image of an HR image, one after the other."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from srbench.degradation.burst import Burst
from srbench.degradation.moves import after_move, moved
from srbench.degradation.step import LinearMap, Step, product
from srbench.errors import SrbenchError
from srbench.foreign import fields
from srbench.foreign.contained import contained
from srbench.randomness import LARGEST_SEED
from srbench.scale import LARGEST, exact


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

    @property
    def frames(self) -> int:
        """How many LR frames a burst has; 1 where there is one LR image."""
        ...

    @property
    def blind(self) -> bool:
        """Whether methods are not told how the frames of a burst are moved."""
        ...

    def shifts(self, scale: float) -> Tensor:
        """How the frames of a burst are moved: (frames, 2) double, (dy, dx) in LR pixels. What lies at (y, x) in the
        target frame, which is the first, lies at (y + dy, x + dx) in frame t."""
        ...

    def burst(self, hr: Tensor, scale: float) -> Tensor:
        """HR (..., H, W) to the LR frames (frames, ..., H/scale, W/scale), of which the first is the target frame: the
        LR image that calling the degradation makes. Noise differs from frame to frame."""
        ...

    def frame_operator(self, height: int, width: int, scale: float, shift: tuple[float, float]) -> LinearMap:
        """As :meth:`operator`, to the LR frame that is moved by ``shift`` (dy, dx) in LR pixels. Moves by parts of an
        HR pixel interpolate (cubic, a = -0.5); pixels at the border are repeated beyond it."""
        ...


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
    "as_burst": fields.Rule(lambda value: value is None or isinstance(value, Burst), "None or a Burst"),
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
        as_burst: how the HR image is moved for each LR frame before the steps; None: there is one LR image.

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
    as_burst: Burst | None = None

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
            drawn = any(step.random for step in self.steps) or (self.as_burst is not None and self.as_burst.random)
        burst, seed = "" if self.as_burst is None else self.as_burst.key, f"seed={self.seed}" if drawn else ""
        return "/".join(part for part in (self.name, f"v{self.version}", burst, facts, self.source, seed) if part)

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
        return self._degraded(hr, scale, self._rng(hr, scale))

    def _degraded(self, hr: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
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

    @property
    def frames(self) -> int:
        return 1 if self.as_burst is None else self.as_burst.frames

    @property
    def blind(self) -> bool:
        return self.as_burst is not None and self.as_burst.blind

    def shifts(self, scale: float) -> Tensor:
        return (self.as_burst or Burst(1)).drawn(scale, self.seed)

    def burst(self, hr: Tensor, scale: float) -> Tensor:
        frames = [self(hr, scale)]
        for number, (down, right) in enumerate(self.shifts(scale).tolist()[1:], start=1):
            own = moved(hr, (down * scale, right * scale))
            frames.append(self._degraded(own, scale, self._rng(hr, scale, number)))
        return torch.stack(frames)

    def _rng(self, hr: Tensor, scale: float, frame: int = 0) -> np.random.Generator:
        """Drawn from the seed, the HR image's own values and the number of the frame of a burst."""
        if not any(step.random for step in self.steps):
            return np.random.default_rng(self.seed)
        digest = hashlib.sha256(f"{self.seed}/{scale}/{f'frame {frame}/' if frame else ''}".encode())
        digest.update(np.ascontiguousarray(hr.cpu().numpy()).data)
        return np.random.default_rng(int.from_bytes(digest.digest()[:16]))

    def operator(self, height: int, width: int, scale: float) -> LinearMap:
        """The product of the steps that are linear."""
        maps: list[LinearMap] = []
        for step in self._fused:
            own = step.operator(height, width, scale)
            maps += [own] if own is not None else []
            height, width = step.size(height, width, scale)
        return reduce(product, maps) if maps else (lambda hr: hr)

    def frame_operator(self, height: int, width: int, scale: float, shift: tuple[float, float]) -> LinearMap:
        move = shift[0] * scale, shift[1] * scale
        return after_move(self.operator(height, width, scale), height, width, move)

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
