"""The JSON card beside a weight file: what was trained, on what, for how long, and how well it did."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from srbench.method.base import MethodCard
from srbench.training.features import FEATURES
from srbench.training.recipe import FitRecipe, Recipe
from srbench.version import __version__


def training_card(
    card: MethodCard,
    recipe: Recipe | FitRecipe,
    scales: Sequence[int],
    *,
    images: Mapping[str, int],
    validation: Mapping[int, float],
    bicubic: Mapping[int, float],
    steps: int,
    seconds: float,
    device: torch.device,
    parameters: int,
    started_from: str = "",
) -> dict[str, Any]:
    """Facts of a finished training; ``test_psnr`` stays empty until the weights are evaluated."""
    return {
        "method": card.name,
        "title": card.title,
        "scales": list(scales),
        "parameters": parameters,
        "recipe": asdict(recipe),
        "recipe_hash": recipe.hash,
        "content_features": [FEATURES[name].title for name, _ in getattr(recipe, "loss", ()) if name in FEATURES],
        "images": dict(images),
        "started_from": started_from or "random weights",
        "steps": steps,
        "wall_seconds": round(seconds),
        "device": device_name(device),
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
