"""Finished weights as a file of tensors with a card beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from srbench.training import state
from srbench.training.card import training_card
from srbench.training.method import TrainedMethod
from srbench.training.recipe import FitRecipe, Recipe
from srbench.training.validation import Validation

TOLERANCE = 0.005  # dB that half precision may cost


class Notes(Protocol):
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Exported:
    path: Path
    psnr: dict[int, float]  # validation, by scale, of the weights as they were written


def export(
    method: TrainedMethod,
    recipe: Recipe | FitRecipe,
    networks: Mapping[int, nn.Module],
    weights: Mapping[str, Tensor],
    validation: Validation,
    folder: Path,
    notes: Notes,
    *,
    images: Mapping[str, int],
    steps: int,
    seconds: float,
    device: torch.device,
    started_from: str = "",
) -> Exported:
    """Write ``weights`` to ``folder``, in half precision where that costs less than 0.005 dB, and their card.

    Args:
        networks: the network of each scale; those of several scales share their parameters.
        images: training images by folder.
    """
    half = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    psnr = validation.with_weights(networks, weights, device)
    rounded = validation.with_weights(networks, half, device)
    lost = max(psnr[scale] - rounded[scale] for scale in networks)
    if lost < TOLERANCE:
        weights, psnr = half, rounded
    else:
        notes.note(f"half precision would cost {lost:.4f} dB; the weights stay in single precision")
    path = folder / f"{method.weight_name(tuple(networks))}.safetensors"
    state.save_weights(path, dict(weights), {"method": method.card.name, "recipe": recipe.hash})
    card = training_card(
        method.card,
        recipe,
        tuple(networks),
        images=images,
        validation=psnr,
        bicubic={scale: validation.bicubic(scale) for scale in networks},
        steps=steps,
        seconds=seconds,
        device=device,
        started_from=started_from,
        parameters=sum(p.numel() for p in next(iter(networks.values())).parameters()),
    )
    state.write_json(path.with_suffix(".json"), card)
    return Exported(path, psnr)
