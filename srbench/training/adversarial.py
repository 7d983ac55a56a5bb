"""Adversarial training: a discriminator that learns to tell SR from HR while the network learns to deceive it.

Goodfellow et al. 2014; SRGAN (Ledig et al. 2017), section 2.1. One step of the discriminator follows each step of the
network, on the same images. Real and fake images pass the discriminator in batches of their own, so that its batch
normalisation never mixes the two; the loss is the cross-entropy on logits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.training.losses import Batch, adversarial_discriminator, adversarial_generator
from srbench.training.precision import channels_last
from srbench.training.recipe import AdversarialRecipe

PIECE = "adversarial"  # the name of the generator's loss in a recipe
WINDOW = 250  # steps over which the discriminator's answers are watched


class Adversary:
    """The discriminator, its optimiser, and how often it was right.

    Args:
        discriminator: called as ``discriminator(images, lr)`` with SR or HR images (N, C, H, W) and the LR images that
            they belong to, (N, C, h, w), all in [0, 1]; returns logits, (N, ...), high for HR.
        scaler: of its own loss, for float16 (:mod:`srbench.training.precision`).
    """

    def __init__(
        self, discriminator: nn.Module, recipe: AdversarialRecipe, device: torch.device, scaler: torch.amp.GradScaler
    ) -> None:
        self.discriminator = discriminator.to(device).train()
        channels_last(self.discriminator)
        self.scaler = scaler
        self.recipe = recipe
        self.optimiser = torch.optim.Adam(self.discriminator.parameters(), recipe.learning_rate, foreach=True)
        self._seen: list[Batch] = []  # since the last update
        # The shares of HR and of SR images that were recognised, of the last steps.
        self._right: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._warned = False

    def deceive(self, batch: Batch) -> Tensor:
        """The loss of the network, low where its images pass for real; the discriminator gets no gradient from it."""
        self._seen.append(Batch(batch.sr.detach(), batch.hr, batch.lr, batch.scale))
        self.discriminator.requires_grad_(False)
        loss = adversarial_generator(self.discriminator(batch.sr, batch.lr).float())
        self.discriminator.requires_grad_(True)
        return loss

    def update(self, step: int, mixed: AbstractContextManager[object]) -> None:
        """One step of the discriminator on what the network's loss has just seen, all levels together.

        Args:
            mixed: the precision that the forward pass runs in; the loss is float32.

        Raises:
            TrainingError: its loss is not finite.
        """
        total, real_right, fake_right = torch.zeros(()), 0.0, 0.0
        for batch in self._seen:
            with mixed:
                real = self.discriminator(batch.hr, batch.lr).float()
                fake = self.discriminator(batch.sr, batch.lr).float()
            total = total.to(real.device) + adversarial_discriminator(real, fake)
            real_right += float((real > 0).float().mean()) / len(self._seen)
            fake_right += float((fake < 0).float().mean()) / len(self._seen)
        self._seen = []
        if not math.isfinite(float(total.detach())):
            raise TrainingError(
                f"the discriminator's loss is {float(total.detach())} at step {step}",
                "lower its learning rate (--set discriminator_rate=...)",
            )
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate(step) * self.recipe.discriminator_rate
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self._right.append((real_right, fake_right))

    def accuracy(self, steps: int = 50) -> float:
        """The share of images, HR and SR alike, that were recognised in the last ``steps``; NaN before the first."""
        return _mean(right for pair in list(self._right)[-steps:] for right in pair)

    def warning(self) -> str | None:
        """What is wrong with a discriminator that has collapsed, said once in a training; else None."""
        if self._warned or len(self._right) < WINDOW:
            return None
        real, fake = (_mean(pair[which] for pair in self._right) for which in (0, 1))
        if real == fake == 1:
            text = "was always right: its gradient teaches the network next to nothing"
            hint = "lower --set discriminator_rate=... or discriminator_width=..."
        elif real == 0 or fake == 0:
            taken = "every SR image for an HR image" if fake == 0 else "every HR image for an SR image"
            text = f"was always wrong: it took {taken}"
            hint = "raise --set discriminator_rate=..., or lower the weight of the adversarial loss"
        else:
            return None
        self._warned = True
        return f"the discriminator has collapsed: over {WINDOW} steps it {text}; {hint}"

    def state(self) -> dict[str, Any]:
        """Everything that going on needs."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "right": [list(pair) for pair in self._right],
            "warned": self._warned,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self._right.extend((real, fake) for real, fake in state["right"])
        self._warned = state["warned"]


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else math.nan
