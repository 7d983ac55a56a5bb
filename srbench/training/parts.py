"""Training one part of a network while another keeps the weights that it was given."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from srbench.errors import TrainingError
from srbench.training.recipe import Recipe


@dataclass(frozen=True)
class PartRecipe(Recipe):
    """Of a training that needs weights to start from (``--init``), of which some are kept."""

    frozen: tuple[str, ...] = ()  # beginnings of the names of parameters that are not trained

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.frozen:
            raise TrainingError("recipe: frozen names no part of the network")


def trained_parameters(network: nn.Module, recipe: Recipe) -> list[nn.Parameter]:
    """The parameters of ``network`` that are to be trained; those of the recipe's frozen parts have no gradient from
    here on.

    Raises:
        TrainingError: a frozen part is none of the network's, or nothing is left.
    """
    for beginning in recipe.frozen if isinstance(recipe, PartRecipe) else ():
        found = [parameter for name, parameter in network.named_parameters() if name.startswith(beginning)]
        if not found:
            known = ", ".join(f"{name}." for name, _ in network.named_children())
            raise TrainingError(f"recipe: the network has no part '{beginning}' to freeze", f"it has {known}")
        for parameter in found:
            parameter.requires_grad_(False)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not trained:
        raise TrainingError("recipe: frozen leaves nothing to train", "freeze less")
    return trained
