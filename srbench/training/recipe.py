"""How a network is trained, as one frozen value that stands in the method's own plugin file."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

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
        if not 0 <= self.seed < 2**63:
            raise TrainingError(f"recipe: seed is from 0 to 2**63 - 1, not {self.seed}")
        if self.joint_scales is not None and not self.joint_scales:
            raise TrainingError("recipe: joint_scales names no scale", "give several, or null")
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
        hints = get_type_hints(type(self))
        return replace(self, **{key: _like(key, hints[key], value) for key, value in changes.items()})


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
    feature_shift: int = 0  # content losses see SR and HR shifted by 0 to so many pixels (srbench.training.views)
    feature_doubled: float = 0.0  # the share of steps in which content losses see SR and HR enlarged twice
    optimiser: Literal["adam", "sgd", "soap"] = "adam"  # soap: srbench.training.soap
    learning_rate: float = 1e-3
    final_rate: float = 1e-5
    warmup: int = 100
    weight_decay: float = 0.0  # of adam and sgd
    clip_norm: float | None = None  # of the whole gradient
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
        if not 0 <= self.feature_doubled <= 1:
            raise TrainingError(f"recipe: feature_doubled is in [0, 1], not {self.feature_doubled}")
        if not 0 <= self.ema < 1:
            raise TrainingError(f"recipe: ema is in [0, 1), not {self.ema}")
        if self.weight_decay and self.optimiser == "soap":
            raise TrainingError("recipe: soap has no weight_decay", "set it to 0, or take adam or sgd")
        for name in ("shave", "warmup", "weight_decay", "feature_shift"):
            if getattr(self, name) < 0:
                raise TrainingError(f"recipe: {name} must not be negative, but is {getattr(self, name)}")
        if 2 * self.shave >= self.patch:
            raise TrainingError(f"recipe: a patch of {self.patch} has nothing left after shaving {self.shave}")
        self._require_room("feature_shift")

    def _require_room(self, name: str) -> None:
        """Raise TrainingError where the shift of that name leaves nothing of a patch."""
        if (shift := getattr(self, name)) >= (side := self.patch - 2 * self.shave):
            raise TrainingError(f"recipe: {name} of {shift} leaves nothing of {side} pixels")

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
    discriminator_shift: int = 0  # it sees SR and HR shifted by 0 to so many pixels (srbench.training.views)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("discriminator_rate", "discriminator_width"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"recipe: {name} must be positive, not {getattr(self, name)}")
        if self.discriminator_shift < 0:
            raise TrainingError(f"recipe: discriminator_shift must not be negative, but is {self.discriminator_shift}")
        self._require_room("discriminator_shift")


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """['steps=1000', 'loss=l2'] to {'steps': 1000, 'loss': 'l2'}: values are JSON where they parse as such."""
    changes: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise TrainingError(f"'{text}' is not of the form key=value", "for example --set steps=20000")
        try:
            changes[key.strip()] = json.loads(value)
        except (ValueError, RecursionError):  # no JSON, or more digits or brackets than Python reads
            changes[key.strip()] = value.strip()
    return changes


def _like(key: str, hint: Any, new: Any) -> Any:
    """``new``, as JSON has it, as a value of the type ``hint``: lists become tuples, whole numbers become numbers where
    these are asked for. Raises TrainingError for all else."""
    if key == "loss":
        if isinstance(new, str):
            new = [[new, 1.0]]
        elif isinstance(new, Mapping):
            new = [[name, weight] for name, weight in new.items()]
        if not new:  # a method may have none, but then it is not to be changed
            raise TrainingError("recipe: loss names no loss", "for example loss=l1")
    try:
        return _fitted(hint, new)
    except ValueError as error:
        shown = repr(new) if len(repr(new)) <= _SHOWN else f"{repr(new)[:_SHOWN]}..."
        raise TrainingError(f"recipe: {key} is {_words(hint)}, not {shown}", "see docs/training.md") from error


_SHOWN = 60  # characters of a wrong value
_LARGEST = 2**63  # of whole numbers, and
_FINITE = 1e300  # of numbers
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _fitted(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        own = next(member for member in arguments if member is not NoneType)
        return None if value is None and NoneType in arguments else _fitted(own, value)
    if origin is tuple and isinstance(value, list | tuple):
        hints = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_fitted(own, item) for own, item in zip(hints, value, strict=True))
    if origin is Literal and value in arguments and isinstance(value, str):
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _FINITE:
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return value
    if isinstance(hint, type) and hint not in (int, float) and isinstance(value, hint):
        return value
    raise ValueError(value)


def _words(hint: Any) -> str:
    """What a value should be."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join("null" if member is NoneType else _words(member) for member in arguments)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        many = arguments[-1] is Ellipsis
        return f"a list of {'such: ' if many else ''}{', '.join(map(_words, arguments[: 1 if many else None]))}"
    return _WORDS.get(hint, f"of the type {getattr(hint, '__name__', hint)}")
