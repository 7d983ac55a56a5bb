"""How a network is trained, as one frozen value that stands in the method's own plugin file."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from srbench.errors import TrainingError

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class _Base:
    """What all recipes share. Two recipes of equal hash train the same thing."""

    seed: int = 0
    validation_images: int = 10  # held out of the training folders
    rescale: tuple[float, ...] = (1.0, 0.8, 0.6)  # sizes at which every training image is used
    joint_scales: tuple[int, ...] | None = None  # one network for these scales, a scale drawn at each step

    def __post_init__(self) -> None:
        if self.validation_images < 1:
            raise TrainingError(f"recipe: validation_images must be positive, not {self.validation_images}")
        if not self.rescale or not all(0 < r <= 1 for r in self.rescale):
            raise TrainingError(f"recipe: rescale holds factors in (0, 1], not {self.rescale}")

    @property
    def hash(self) -> str:
        """16 hex digits over all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """A copy with some fields replaced; raises TrainingError for a key that no recipe has or a wrong type."""
        known = [field.name for field in fields(self)]
        for key in changes:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
                raise TrainingError(f"a recipe has no key '{key}'", hint)
        return replace(self, **{key: _like(key, getattr(self, key), value) for key, value in changes.items()})


@dataclass(frozen=True)
class FitRecipe(_Base):
    """Of a method that is fitted at once, not trained in steps; each adds its own fields."""


@dataclass(frozen=True)
class Recipe(_Base):
    """Everything that decides a training beside the network and the images. Sizes are in pixels of the HR image.

    The learning rate rises linearly over ``warmup`` steps to ``learning_rate`` and falls along half a cosine to
    ``final_rate`` at the last step. It is a function of the step alone, and so is every batch, which is why a
    resumed training repeats an uninterrupted one bit for bit.
    """

    steps: int = 50_000
    batch: int = 16
    patch: int = 96  # side of an HR patch; rounded down to a multiple of the scale
    shave: int = 0  # border that the loss does not see; rounded down to a multiple of the scale
    by_folder: bool = True  # patches come from all folders equally often; else from all pixels
    loss: tuple[tuple[str, float], ...] = (("l1", 1.0),)  # names of srbench.training.losses with weights
    optimiser: Literal["adam", "sgd", "soap"] = "adam"  # soap: srbench.training.soap
    learning_rate: float = 1e-3
    final_rate: float = 1e-5
    warmup: int = 100
    weight_decay: float = 0.0  # of adam and sgd
    clip_norm: float | None = None  # of the whole gradient
    clip_theta: float | None = None  # every element to [-theta / rate, theta / rate] (VDSR, section 3.2)
    ema: float = 0.999  # decay of the average of the weights, which is what is validated and shipped
    validate_every: int = 1000  # steps
    checkpoint_minutes: float = 3.0
    precision: Precision = "auto"  # of the networks' forward and backward pass (srbench.training.precision)
    full_precision_end: float = 0.1  # the last share of the steps that is float32 where precision is less

    def __post_init__(self) -> None:
        super().__post_init__()
        positive = ("steps", "batch", "patch", "learning_rate", "final_rate", "validate_every")
        for name in positive:
            if not getattr(self, name) > 0:
                raise TrainingError(f"recipe: {name} must be positive, not {getattr(self, name)}")
        if self.precision not in get_args(Precision):
            known = ", ".join(get_args(Precision))
            raise TrainingError(f"recipe: precision is one of {known}, not {self.precision}")
        if not 0 <= self.full_precision_end <= 1:
            raise TrainingError(f"recipe: full_precision_end is in [0, 1], not {self.full_precision_end}")
        if not 0 <= self.ema < 1:
            raise TrainingError(f"recipe: ema is in [0, 1), not {self.ema}")
        if self.weight_decay and self.optimiser == "soap":
            raise TrainingError("recipe: soap has no weight_decay", "set it to 0, or take adam or sgd")
        if 2 * self.shave >= self.patch:
            raise TrainingError(f"recipe: a patch of {self.patch} has nothing left after shaving {self.shave}")

    @property
    def full_precision_from(self) -> int:
        """The first step of the end in float32."""
        return self.steps - round(self.full_precision_end * self.steps)

    def rate(self, step: int) -> float:
        """The learning rate of ``step`` (from 0)."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - 1 - self.warmup)
        return self.final_rate + 0.5 * (self.learning_rate - self.final_rate) * (1 + math.cos(math.pi * min(1.0, done)))


@dataclass(frozen=True)
class AdversarialRecipe(Recipe):
    """Of a method that is trained against a discriminator: its ``loss`` holds a piece called ``adversarial``."""

    discriminator_rate: float = 1.0  # its learning rate as a multiple of the network's
    discriminator_width: int = 64  # channels of its first layer

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("discriminator_rate", "discriminator_width"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"recipe: {name} must be positive, not {getattr(self, name)}")


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """['steps=1000', 'loss=l2'] to {'steps': 1000, 'loss': 'l2'}: values are JSON where they parse as such."""
    changes: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise TrainingError(f"'{text}' is not of the form key=value", "for example --set steps=20000")
        try:
            changes[key.strip()] = json.loads(value)
        except json.JSONDecodeError:
            changes[key.strip()] = value.strip()
    return changes


def _like(key: str, old: Any, new: Any) -> Any:
    if key == "loss":
        if isinstance(new, str):
            return ((new, 1.0),)
        if isinstance(new, Mapping):
            return tuple((str(name), float(weight)) for name, weight in new.items())
    if isinstance(new, list):
        new = tuple(new)
    if old is not None and new is not None:
        if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
            return float(new)
        if type(old) is not type(new):
            raise TrainingError(f"recipe: {key} is {type(old).__name__}, not {new!r}")
    return new
