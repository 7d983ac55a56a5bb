"""A method whose weights come from the trainer: where its weights are, and how its loss is computed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from srbench import paths
from srbench.errors import NotSupportedError
from srbench.method.network import TorchMethod
from srbench.records import TrainingFacts
from srbench.scale import ScaleRange
from srbench.training.data import Batches, Patches, Picture
from srbench.training.losses import PIECES, Batch, Loss
from srbench.training.recipe import FitRecipe, Recipe
from srbench.training.validation import Validation

REFERENCE = "bsd100"  # 100 photographs: the least noisy of the three test sets


class TrainedMethod(TorchMethod):
    """A network with a recipe. Its weights stand beside the plugin in ``weights/``, or in
    :func:`srbench.paths.weights`.

    The files are ``NAME_xS.safetensors``, or ``NAME.safetensors`` for all scales where ``recipe.joint_scales`` says
    that they share one network (``-`` in a name is ``_``); they may lie in the folder ``NAME_xS`` that ``srbench train
    --output`` makes. A scale without a file is not supported.

    A network for a range of scales, as the card has it, is one for all of them; ``recipe.joint_scales`` are those at
    which it is validated.
    """

    recipe: ClassVar[Recipe | FitRecipe]
    recipes: ClassVar[Mapping[str, Recipe]] = {}
    """Further recipes by name, for ``srbench train METHOD --recipe NAME``."""
    packed: ClassVar[tuple[str, ...]] = ()
    """What the names begin as of tensors whose kernels are written in 8 bits (:mod:`srbench.weights.packing`)."""
    starts_from: ClassVar[str] = ""
    """The method whose weights a training starts from (``--init``); '' if it starts from random ones."""

    def build_discriminator(self, scale: int, side: int, width: int) -> nn.Module:
        """A new discriminator for methods whose recipe is an AdversarialRecipe (:mod:`srbench.training.adversarial`).

        Args:
            side: of the HR patches that it sees, in pixels.
            width: the recipe's ``discriminator_width``.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement build_discriminator(scale, side, width)")

    def fit(self, pictures: Sequence[Picture], scale: int, recipe: Any, note: Callable[[str], None]) -> nn.Module:
        """The fitted network for ``scale``, for methods whose recipe is a FitRecipe."""
        raise NotImplementedError(f"{type(self).__name__} does not implement fit(pictures, scale, recipe, note)")

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """The loss of one batch; methods with more than one output override it.

        Args:
            network: what :meth:`build` made, in training mode.
            lr, hr: (N, C, h, w) and (N, C, scale h, scale w) in [0, 1].
            progress: 0 at the first step, 1 at the last.
            loss: the recipe's.
        """
        return loss(Batch(network(lr), hr, lr, scale))

    def batches(self, pictures: Sequence[Picture], scales: Sequence[int], recipe: Recipe) -> Batches:
        """What the network is trained on. Methods that take more than an LR image and its scale override it.

        Raises:
            TrainingError: nothing in ``pictures`` is as large as a patch of the recipe.
        """
        colour = self.card.fed("luma")
        return Patches(pictures, scales, recipe.patch, recipe.rescale, recipe.by_folder, colour)

    def validation(self, pictures: Sequence[Picture], scales: Sequence[int]) -> Validation:
        """What the network is measured on while it is trained, from pictures that are held out: overridden by methods
        that override :meth:`batches`."""
        return Validation(pictures, scales, self.card.fed("luma"))

    @classmethod
    def weight_name(cls, scales: Sequence[float]) -> str:
        """The stem of the file for weights that were trained for ``scales``."""
        stem = cls.card.name.replace("-", "_")
        joint = cls.takes_range() or set(scales) == set(cls.recipe.joint_scales or ())
        return stem if joint else f"{stem}_{'_'.join(f'x{s}' for s in sorted(scales))}"

    @classmethod
    def takes_range(cls) -> bool:
        """Whether one network is for all scales of a range."""
        return isinstance(cls.card.scales, ScaleRange)

    @classmethod
    def trained_scales(cls) -> tuple[float, ...]:
        """The scales that trainings are for: those of the card, or those at which the network of a range is
        validated."""
        return (cls.recipe.joint_scales or ()) if cls.takes_range() else cls.card.listed_scales

    def weight_path(self, scale: float) -> Path | None:
        if self.weights:  # a file that was named (:func:`srbench.method.checkpoint.trained`)
            return super().weight_path(scale)
        return next((path for path in self._places(scale) if path.is_file()), None)

    def _places(self, scale: float) -> Iterator[Path]:
        """Where weights for a scale may be, the first ones first."""
        groups = ((scale,), self.recipe.joint_scales or ())
        names = dict.fromkeys(self.weight_name(group) for group in groups if scale in group)
        files = [f"{name}.safetensors" for name in names]
        for folder in paths.weights():
            yield from (folder / file for file in files)
            for inside in sorted(folder.glob(f"{self.card.name}_x*")):  # as ``srbench train --output`` lays them out
                yield from (inside / file for file in files)
        yield from (self.source.parent / "weights" / file for file in files)

    def weight_files(self) -> list[Path]:
        paths = (self.weight_path(scale) for scale in self.trained_scales())
        return sorted({path for path in paths if path is not None})

    def supports(self, scale: float) -> bool:
        return super().supports(scale) and self.weight_path(scale) is not None

    def require_scale(self, scale: float) -> None:
        if super().supports(scale) and self.weight_path(scale) is None:
            name = self.card.name
            trained = ",".join(map(str, self.trained_scales())) if self.takes_range() else scale
            raise NotSupportedError(
                f"{name} has no weights for x{scale}", f"train them: srbench train {name} --scale {trained} --data DIR"
            )
        super().require_scale(scale)

    def training_card(self, scale: float) -> dict[str, Any] | None:
        """The JSON card beside the weights: recipe, images, steps, time, device, PSNR; None if there is none."""
        path = self.weight_path(scale)
        card = path.with_suffix(".json") if path else None
        if card is None or not card.is_file():
            return None
        try:
            content = json.loads(card.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # some other file of that name
            return None
        return content if isinstance(content, dict) else None

    def training_curve(self, scale: float) -> list[tuple[int, float]]:
        """(step, validation PSNR in dB) from the trainer's log, kept beside the weights as ``NAME.csv``; [] if there
        is none, or if it is of another training than the weights."""
        path, card = self.weight_path(scale), self.training_card(scale)
        log = path.with_suffix(".csv") if path else None
        if card is None or log is None or not log.is_file():
            return []
        with log.open(encoding="utf-8", newline="") as stream:
            rows = [(int(row["step"]), float(row["psnr"])) for row in csv.DictReader(stream)]
        return rows if rows and rows[-1][0] == card["steps"] else []

    @property
    def aims_at_pixels(self) -> bool:
        """Whether the recipe's loss is on pixels alone."""
        return set(dict(getattr(self.recipe, "loss", ()))) <= set(PIECES)

    def training_facts(self) -> dict[float, TrainingFacts]:
        """From the cards and logs beside the weights, of every scale that has them."""
        cards = {scale: self.training_card(scale) for scale in self.trained_scales()}
        return {
            scale: TrainingFacts(
                parameters=card.get("parameters", 0),
                steps=card.get("steps", 0),
                wall_seconds=card.get("wall_seconds", 0),
                device=card.get("device", ""),
                images=dict(card.get("images", {})),
                started_from=card.get("started_from", ""),
                content_features=tuple(card.get("content_features", ())),
                curve=tuple(self.training_curve(scale)),
                bicubic=card.get("validation_psnr_bicubic", {}).get(f"x{scale}"),
            )
            for scale, card in cards.items()
            if card is not None
        }
