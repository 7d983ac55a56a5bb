"""From what was asked for on the command line to the trainings that do it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from srbench.errors import SrbenchError, TrainingError, UnknownNameError
from srbench.method.base import Method
from srbench.paths import cache
from srbench.training import budget
from srbench.training.card import TrainingResult
from srbench.training.data import Picture, count_by_folder, hold_out, read_pictures
from srbench.training.export import export
from srbench.training.method import TrainedMethod
from srbench.training.recipe import FitRecipe, Recipe
from srbench.training.trainer import Outcome, Trainer
from srbench.training.validation import Validation
from srbench.wording import counted


class Notes(Protocol):
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Job:
    """One training: a network for one scale, or for several that share it."""

    method: TrainedMethod
    recipe: Recipe | FitRecipe
    scales: tuple[int, ...]
    pictures: Callable[[], list[Picture]]
    folder: Path
    device: torch.device

    def _split(self) -> tuple[list[Picture], Validation]:
        training, held = hold_out(self.pictures(), self.recipe.validation_images, self.recipe.seed)
        return training, self.method.validation(held, self.scales)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def require_unused(self, go_on: str, *, resume: bool) -> None:
        """Raise TrainingError if this training would overwrite one that is in its folder.

        Args:
            go_on: the command line that goes on with the training in the folder.
            resume: going on is what is wanted.
        """
        weights = self.folder / f"{self.method.weight_name(self.scales)}.safetensors"
        anew = "begin anew over it with --force, give another --output"
        if self.checkpoint.is_file():
            if not resume:
                raise TrainingError(f"'{self.folder}' holds the checkpoint of a training", f"{anew}, or go on: {go_on}")
        elif weights.is_file():
            hint = f"{anew}, or start from these with --init and another --output"
            raise TrainingError(f"'{self.folder}' holds {weights.name} and no checkpoint to go on from", hint)

    def trainer(self, notes: Notes, minutes: float | None = None) -> Trainer:
        """Decode and degrade the images and build the network; says how many images are too small.

        Args:
            minutes: fit the recipe's schedule to so many, what this call takes included; None for its own.
        """
        recipe, began = self.recipe, time.monotonic()
        if not isinstance(recipe, Recipe):
            raise TrainingError(
                f"{self.method.card.name} is fitted at once, not in steps", "leave out --resume, --init"
            )
        training, validation = self._split()
        patches = self.method.batches(training, self.scales, recipe)
        if patches.skipped:
            notes.note(f"{counted(patches.skipped, 'image')} smaller than a patch of {recipe.patch} pixels left out")

        def make(recipe: Recipe, fitted: bool = False) -> Trainer:
            return Trainer(self.method, recipe, self.scales, patches, validation, self.folder, self.device, fitted)

        if minutes is None:
            return make(recipe)
        return make(budget.fitted(recipe, make, minutes - (time.monotonic() - began) / 60), fitted=True)

    def fit(self, notes: Notes) -> Outcome:
        """Fit a method that is not trained in steps, and write its weights and card."""
        start = time.monotonic()
        training, validation = self._split()
        (scale,) = self.scales
        network = self.method.fit(training, scale, self.recipe, notes.note).to(self.device)
        images, weights = count_by_folder(training), network.state_dict()
        seconds = time.monotonic() - start
        result = TrainingResult(self.method, self.recipe, {scale: network}, weights, images, 0, seconds, self.device)
        written = export(result, validation, self.folder, notes)
        return Outcome(True, 0, time.monotonic() - start, written.psnr[scale], written.path)


def plan(
    method: Method,
    data: Sequence[Path],
    scales: Sequence[int],
    device: str = "auto",
    changes: Mapping[str, Any] | None = None,
    output: Path | None = None,
    recipe_name: str | None = None,
) -> list[Job]:
    """The trainings that ``method`` needs for ``scales``: one for all where the recipe joins them or the network
    is for a range of scales, else one each.

    Args:
        recipe_name: one of the method's further recipes; None for its own.

    Raises:
        TrainingError: the method cannot be trained, not at these scales, or the recipe has no such key; its name is
            that of no folder below ``output``; its ``packed`` is no tuple.
        UnknownNameError: it has no recipe of that name.
    """
    name = method.card.name
    if not isinstance(method, TrainedMethod):
        raise TrainingError(f"{name} has no recipe", "only methods with a recipe are trained (docs/training.md)")
    known = method.trained_scales()
    for scale in scales:
        if scale not in known:
            raise TrainingError(
                f"{name} is not trained for x{scale}", f"its scales are {', '.join(f'x{s}' for s in known)}"
            )
    if recipe_name is not None and recipe_name not in method.recipes:
        raise UnknownNameError(f"recipe of {name}", recipe_name, method.recipes)
    if Path(name).name != name or name == ".." or any(letter in name for letter in "\\:\0"):
        raise TrainingError(f"the method's name '{name}' cannot name a folder", "rename it on its card")
    packed: object = method.packed  # a plugin may say anything
    if not isinstance(packed, tuple):  # said now, not when the weights are written
        hint = 'such as packed = ("blocks.",): what the names of those tensors begin as'
        raise TrainingError(f"{name}: 'packed' is a tuple of texts, not {packed!r}", hint)
    recipe = (method.recipe if recipe_name is None else method.recipes[recipe_name]).changed(changes or {})
    joint = recipe.joint_scales
    together = method.takes_range() or (joint and all(s in joint for s in scales))
    groups = [tuple(scales)] if together else [(s,) for s in scales]
    pictures: list[Picture] = []

    def read() -> list[Picture]:
        if not pictures:
            pictures.extend(read_pictures(data))
        return pictures

    base = output if output is not None else cache() / "training"
    place = torch_device(device)
    return [
        Job(method, recipe, group, read, base / f"{name}_{'_'.join(f'x{s}' for s in group)}", place) for group in groups
    ]


def torch_device(name: str) -> torch.device:
    """'auto' is CUDA where there is one; raises SrbenchError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SrbenchError(f"no device '{name}' ({str(error).splitlines()[0]})", "use auto, cpu or cuda") from error
    return device
