"""A training that is given minutes instead of steps: how many steps fit, and the recipe whose schedule ends with them.

The speed is measured on a trainer that is thrown away, so what is trained then is exactly what ``--set steps=N`` with
the same numbers trains.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from srbench.training.recipe import Recipe
from srbench.training.trainer import FORMS, Trainer

SHARE = 0.05  # of the time, for measuring the speed
LONGEST = 15.0  # seconds, for the same
FEWEST = 3  # steps that are measured
USED = 0.9  # of the time, for steps and validations: what else the machine does makes some of them slower
VALIDATIONS = 10  # at most
_GOLDEN = (math.sqrt(5) - 1) / 2
_STANDSTILL = 1e-12  # a learning rate at which no weight moves, so that no loss of a measured step can run away


@dataclass(frozen=True)
class Speed:
    """Seconds of one step, as a mean over the schedule, and of one validation."""

    step: float
    validation: float


def measure(trainer: Trainer, seconds: float) -> Speed:
    """The speed of ``trainer``, which is of no use afterwards.

    Steps are taken from all parts of the schedule, since some methods do less work at its beginning, and its end is
    float32 where the rest is not.
    """
    trainer.single_step(0)  # memory is taken and kernels are chosen in the first
    began, count = time.monotonic(), 0
    while count < FEWEST or time.monotonic() - began < seconds:
        count += 1
        trainer.single_step(int(count * _GOLDEN % 1 * trainer.recipe.steps))
    step = (time.monotonic() - began) / count
    began = time.monotonic()
    trainer.validate(trainer.average)
    return Speed(step, time.monotonic() - began)


def still(recipe: Recipe) -> Recipe:
    """``recipe`` with a learning rate at which nothing is learned, for :func:`measure`."""
    return replace(recipe, learning_rate=_STANDSTILL, final_rate=_STANDSTILL)


def fitted(recipe: Recipe, make: Callable[[Recipe], Trainer], minutes: float) -> Recipe:
    """``recipe`` with so many steps that they end within ``minutes`` from now; never more than it has.

    Args:
        make: a new trainer for a recipe.
    """
    began = time.monotonic()
    speed = measure(make(still(recipe)), min(LONGEST, SHARE * 60 * minutes))
    left = 60 * minutes - (time.monotonic() - began)
    return planned(recipe, speed, left)


def planned(recipe: Recipe, speed: Speed, seconds: float) -> Recipe:
    """``recipe`` with the steps, validations and warm-up that fit into ``seconds`` at ``speed``."""
    # Before the first step and after the last one, where each form of the weights is measured too.
    ends = (FORMS + 1) * speed.validation
    steps = min(recipe.steps, max(1, int((USED * seconds - ends) / max(speed.step, 1e-9))))
    between = min(VALIDATIONS, max(1, int(0.1 * seconds / max(speed.validation, 1e-9))))
    every = min(recipe.validate_every, math.ceil(steps / between))
    steps = min(steps, max(1, int((USED * seconds - ends - steps // every * speed.validation) / max(speed.step, 1e-9))))
    return replace(recipe, steps=steps, validate_every=every, warmup=min(recipe.warmup, steps // 10))
