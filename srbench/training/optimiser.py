"""The optimiser that a recipe names."""

from __future__ import annotations

import torch
from torch import nn

from srbench.training.parts import trained_parameters
from srbench.training.recipe import Recipe
from srbench.training.soap import Soap


def optimiser_of(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """An optimiser of all parameters of ``network`` that are trained; raises TrainingError if there is none."""
    parameters = trained_parameters(network, recipe)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            parameters, recipe.learning_rate, momentum=0.9, weight_decay=recipe.weight_decay, foreach=True
        )
    if recipe.optimiser == "soap":
        return Soap(parameters, recipe.learning_rate)
    return torch.optim.Adam(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay, foreach=True)
