"""The JSON card beside a weight file: what was trained, on what, for how long, and how well it did."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor, nn

from srbench.training.features import FEATURES
from srbench.training.method import TrainedMethod
from srbench.training.recipe import FitRecipe, Recipe
from srbench.version import __version__


@dataclass(frozen=True)
class TrainingResult:
    """A finished training: what was trained, on what and for how long, and the weights that came out."""

    method: TrainedMethod
    recipe: Recipe | FitRecipe
    networks: Mapping[int, nn.Module]  # by scale; those of several scales share their parameters
    weights: Mapping[str, Tensor]  # for the networks, in place of their own
    images: Mapping[str, int]  # training images by folder
    steps: int
    seconds: float
    device: torch.device
    precision: str | None = None  # of its steps, but for the end in float32 that the recipe asks for; None if fitted
    started_from: str = ""  # the file of weights that it started from; '' where they were random


def training_card(
    result: TrainingResult, validation: Mapping[int, float], bicubic: Mapping[int, float]
) -> dict[str, Any]:
    """Facts of a finished training; ``test_psnr`` stays empty until the weights are evaluated.

    Args:
        validation, bicubic: PSNR (dB) by scale on the held-out images, of the weights and of bicubic interpolation.
    """
    recipe = result.recipe
    return {
        "method": result.method.card.name,
        "title": result.method.card.title,
        "scales": list(result.networks),
        "parameters": sum(p.numel() for p in next(iter(result.networks.values())).parameters()),
        "recipe": asdict(recipe),
        "recipe_hash": recipe.hash,
        "content_features": [FEATURES[name].title for name, _ in getattr(recipe, "loss", ()) if name in FEATURES],
        "images": dict(result.images),
        "started_from": result.started_from or "random weights",
        "steps": result.steps,
        "wall_seconds": round(result.seconds),
        "device": device_name(result.device),
        "precision": result.precision,
        "seed": recipe.seed,
        "validation_psnr": {f"x{s}": round(v, 3) for s, v in validation.items()},
        "validation_psnr_bicubic": {f"x{s}": round(v, 3) for s, v in bicubic.items()},
        "test_psnr": {},
        "date": datetime.date.today().isoformat(),
        "versions": {"srbench": __version__, "python": platform.python_version(), **_versions("torch", "numpy")},
    }


def device_name(device: torch.device) -> str:
    """For people: the GPU's name, or the processor's architecture and the threads that were used."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU {platform.machine()}, {torch.get_num_threads()} of {os.cpu_count()} cores"


def _versions(*names: str) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
