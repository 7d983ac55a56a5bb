"""Training: recipes, patches, losses, the trainer, and methods whose weights were trained with it."""

from srbench.training.method import TrainedMethod
from srbench.training.parts import PartRecipe
from srbench.training.published import published
from srbench.training.recipe import Recipe

__all__ = ["PartRecipe", "Recipe", "TrainedMethod", "published"]
