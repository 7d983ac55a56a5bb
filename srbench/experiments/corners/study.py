"""Train every network on the same batches, let each draw for the same held-out digits, and measure all alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from srbench.errors import TrainingError
from srbench.experiments.corners import closed_forms
from srbench.experiments.corners.gan import Gan
from srbench.experiments.corners.independent import Independent
from srbench.experiments.corners.model import Model
from srbench.experiments.corners.prior import PixelPrior
from srbench.experiments.corners.regression import Regression
from srbench.experiments.corners.scoring import both_corners, judge
from srbench.experiments.corners.task import CORNERS, Digits, batch, place, to_image
from srbench.experiments.corners.vae import Vae

NETWORKS: tuple[type[Model], ...] = (Regression, Independent, Gan, Vae, PixelPrior)
BATCH = 32
DRAWS = 4  # outputs for each held-out digit


class Observer(Protocol):
    """What a study reports to; the command line draws it."""

    def begin(self, title: str, steps: int) -> None: ...

    def step(self, step: int, loss: float) -> None: ...


@dataclass(frozen=True)
class Row:
    """One network's numbers over all outputs for the held-out digits; :mod:`.scoring` defines them.

    Attributes:
        clean: part of the outputs that are one clean answer.
        top_left: part of the clean ones that are in the first corner; None if none is clean.
        both: part of the inputs for which both answers were drawn, clean.
        ghost: mean mass in the other corner, as a part of the digit's.
        distance: mean distance to the nearer answer, as a part of the digit's mass.
        mse: mean squared error a pixel, images in [0, 1], the mean over the two answers, either of which may be right.
        bits: mean over digits and both answers of -log2 p(answer | digit); None for a network that has no p.
        bound: ``bits`` is an upper bound.
    """

    name: str
    title: str
    parameters: int
    clean: float
    top_left: float | None
    both: float
    ghost: float
    distance: float
    mse: float
    bits: float | None
    bound: bool


@dataclass(frozen=True)
class Study:
    """All rows, what arithmetic says the best could be, and the outputs (digits, draws, 16, 16) by network."""

    steps: int
    seed: int
    rows: tuple[Row, ...]
    best: dict[str, float]
    outputs: dict[str, Tensor]


def run(digits: Digits, steps: int, seed: int, observer: Observer) -> Study:
    """Train for ``steps`` steps each (times a network's ``pace``), on the processor.

    A seed gives the same study, for one number of threads.

    Raises:
        TrainingError: ``steps`` is not positive, or a loss is not finite.
    """
    if steps < 1:
        raise TrainingError(f"{steps} steps train nothing", "give --steps a whole number from 1 on")
    rows, outputs = [], {}
    for kind in NETWORKS:
        network = train(kind, digits.train, steps, seed, observer)
        row, drawn = measure(network, digits.held_out, seed)
        rows.append(row)
        outputs[row.name] = drawn
    return Study(steps, seed, tuple(rows), best(digits.held_out), outputs)


def train(kind: type[Model], digits: Tensor, steps: int, seed: int, observer: Observer) -> Model:
    """A network trained for ``steps`` steps times its pace; every kind sees the same batches."""
    steps *= kind.pace
    batches, noise = (torch.Generator().manual_seed(seed) for _ in range(2))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = kind()
    network.prepare(steps)
    observer.begin(network.title, steps)
    for step in range(1, steps + 1):
        loss = network.learn(*batch(digits, BATCH, batches), noise)
        if not math.isfinite(loss):
            raise TrainingError(
                f"{network.title}, seed {seed}: the loss is {loss} at step {step}", "try another --seed"
            )
        observer.step(step, loss)
    return network.eval()


@torch.no_grad()
def measure(network: Model, digits: Tensor, seed: int) -> tuple[Row, Tensor]:
    """The numbers of one network on digits (N, 8, 8), and what it drew, (N, DRAWS, 16, 16) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    repeated = digits.repeat_interleave(DRAWS, dim=0)
    drawn = network.draw(repeated, generator)
    verdicts = judge(drawn, to_image(repeated))
    errors = [(drawn - to_image(place(repeated, corner))).square().mean() for corner in range(len(CORNERS))]
    costs = [network.bits(digits, place(digits, corner), generator) for corner in range(len(CORNERS))]
    known = [float(cost.double().mean()) for cost in costs if cost is not None]
    row = Row(
        name=network.name,
        title=network.title,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        clean=float(verdicts.clean.double().mean()),
        top_left=verdicts.balance if verdicts.clean.any() else None,
        both=both_corners(verdicts, DRAWS),
        ghost=float(verdicts.ghost.double().mean()),
        distance=float(verdicts.distance.double().mean()),
        mse=float(torch.stack(errors).double().mean()),
        bits=_mean(known) if known else None,
        bound=network.bound,
    )
    return row, drawn.view(len(digits), DRAWS, *drawn.shape[1:])


def best(digits: Tensor) -> dict[str, float]:
    """The closed forms, as means over digits (N, 8, 8)."""
    images = to_image(digits)
    return {
        "joint_bits": closed_forms.JOINT_BITS,
        "independent_bits": float(closed_forms.independent_bits(digits).double().mean()),
        "independent_clean": float(closed_forms.independent_hit(digits).mean()),
        "mean_mse": float(closed_forms.mean_mse(images).double().mean()),
        "guess_mse": float(closed_forms.guess_mse(images).double().mean()),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
