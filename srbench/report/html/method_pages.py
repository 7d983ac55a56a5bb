"""What the page of a method shows beside its scores: the idea, the paper, the training, the weights."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from srbench.records import TrainingFacts
from srbench.results.facts import MethodFacts, WeightFile
from srbench.wording import counted

_NOBODY = MethodFacts("", "")


def page_of(card: MethodFacts | None) -> dict[str, Any]:
    """As plain JSON values; ``trained`` is by scale. Each is empty where nothing is known.

    Args:
        card: of the method that was run; None where nobody knows it.
    """
    known = card or _NOBODY
    return {
        "idea": known.idea,
        "equation": known.equation,
        "differs": known.differs,
        "cite": known.cite,
        "bibtex": known.bibtex,
        "trained": {str(scale): _trained(training) for scale, training in known.training.items()},
        "files": [_file(file) for file in known.weight_files],
    }


def _trained(training: TrainingFacts) -> dict[str, Any]:
    """``data``: training images in words; ``minutes`` and ``steps`` of the last run; ``start``: what it went on from;
    ``further``: whether these were weights that had been trained before;
    ``curve``: [step, validation PSNR in dB]; ``reference``: bicubic's PSNR (dB) on the same validation images."""
    folders = [f"{counted(number, 'image')} of {name}" for name, number in training.images.items()]
    return {
        "data": ", ".join(folders),
        "minutes": round(training.wall_seconds / 60, 1),
        "steps": training.steps,
        "device": training.device,
        "start": training.started_from,
        "further": training.started_from not in ("", "random weights"),
        "features": list(training.content_features),
        "curve": [[step, round(psnr, 4)] for step, psnr in training.curve],
        "reference": training.bicubic,
    }


def _file(file: WeightFile) -> dict[str, str]:
    """The name alone: where a user keeps a file is nobody's business."""
    whose = {True: "shipped", False: "yours", None: ""}[file.shipped]
    name = PurePath(file.path.replace("\\", "/")).name
    return {"name": name, "sha256": file.sha256, "whose": whose, "state": file.state}
