"""Finished weights as a file of tensors with a card beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from srbench.training import state
from srbench.training.card import TrainingResult, training_card
from srbench.training.validation import Validation
from srbench.weights.packing import pack, unpack

TOLERANCE, PACKED_TOLERANCE = 0.005, 0.02  # dB that half precision and 8 bits may cost


class Notes(Protocol):
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Exported:
    path: Path
    psnr: dict[int, float]  # validation, by scale, of the weights as they were written


def export(result: TrainingResult, validation: Validation, folder: Path, notes: Notes) -> Exported:
    """Write the weights to ``folder``, in half precision where that costs less than 0.005 dB, and their card. The
    kernels that a method names (``packed``) go to 8 bits where that costs less than 0.02 dB."""
    method, networks, weights = result.method, result.networks, result.weights
    half = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    smaller = [("half precision", half, TOLERANCE)]
    if method.packed:
        smaller.append(("8 bits a weight", pack(weights, method.packed), PACKED_TOLERANCE))
    psnr = exact = validation.with_weights(networks, weights, result.device)
    for name, form, tolerance in smaller:
        rounded = validation.with_weights(networks, unpack(form), result.device)
        lost = max(exact[scale] - rounded[scale] for scale in networks)
        if lost < tolerance:
            weights, psnr = form, rounded
        else:
            notes.note(f"{name} would cost {lost:.4f} dB, which is too much")
    path = folder / f"{method.weight_name(tuple(networks))}.safetensors"
    state.save_weights(path, dict(weights), {"method": method.card.name, "recipe": result.recipe.hash})
    card = training_card(result, psnr, {scale: validation.bicubic(scale) for scale in networks})
    state.write_json(path.with_suffix(".json"), card)
    return Exported(path, psnr)
