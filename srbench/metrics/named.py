"""Metrics without a reference whose name fixes their value: NIQE, the perceptual index, MUSIQ, MANIQA and CLIP-IQA, by
pyiqa, each with one file of weights, one way to crop and one seed.

Papers print 'MUSIQ' or 'MANIQA' and mean weights of different training sets. Here the hashes of the weights, the
settings and pyiqa's version are in the version of a score, and a file of another hash is refused. Nothing is
downloaded: the files are looked for in the folders of weights and in the caches of pyiqa and CLIP.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from srbench.errors import UnavailableError
from srbench.metrics import iqa
from srbench.metrics.base import Metric
from srbench.weights import known, pinned
from srbench.weights.files import file_hash
from srbench.weights.pinned import PinnedFile


@dataclass(frozen=True)
class Variant:
    """One of pyiqa's metrics with its weights and settings fixed.

    Args:
        model: pyiqa's name of it.
        files: its weights.
        options: all settings that decide a value, though some are pyiqa's defaults of today.
        declared: is raised where a value changes for another reason than ``files`` and ``options``.
    """

    name: str
    title: str
    model: str
    files: tuple[PinnedFile, ...]
    options: Mapping[str, Any]
    higher_is_better: bool
    digits: int
    source: str
    bounds: tuple[float, float] = (-float("inf"), float("inf"))
    declared: int = 1
    of_clip: bool = False  # the files lie in CLIP's cache, not in pyiqa's
    without_backbone: str = ""  # a module of pyiqa that would download weights which its own file replaces
    footnote: str = ""

    def place(self, file: PinnedFile) -> Path:
        """Where pyiqa looks for a file."""
        folder = Path(torch.hub.get_dir()) / "clip" if self.of_clip else iqa.cache()
        return folder / file.name

    def bring(self) -> None:
        """Put the files where pyiqa looks for them.

        Raises:
            UnavailableError: one is nowhere.
            WeightsError: one is another file of that name.
        """
        for file in self.files:
            target = self.place(file)
            found = file.find([target])
            if found is None:
                raise UnavailableError(
                    f"no {file.name} on this machine",
                    f"download {file.address} and put it into a folder of $SRBENCH_WEIGHTS or into {target.parent}",
                )
            file.require(found)
            if target.is_file():
                file.require(target)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(found, target)

    def version(self) -> int:
        """Of its scores. Of a file whose hash nobody publishes, the hash of the one that is here."""
        hashes = []
        for file in self.files:
            here = None if file.sha256 else file.find([self.place(file)])
            hashes.append(file.sha256 if here is None else file_hash(here))
        return pinned.version(self.declared, [*hashes, json.dumps(dict(self.options), sort_keys=True), _pyiqa()])

    def metric(self) -> Metric:
        model = iqa.Model(self.model, self.options, self.bring, self._creating)
        licence = "computed by pyiqa (PolyForm-Noncommercial licence)"
        return Metric(
            name=self.name,
            title=self.title,
            version=self.version(),
            higher_is_better=self.higher_is_better,
            unit="",
            bounds=self.bounds,
            digits=self.digits,
            needs=("sr_rgb",),
            compute=model,
            prepare=model.prepare,
            files=lambda: [path for path in map(self.place, self.files) if path.is_file()],
            footnote=f"{self.footnote}; {licence}" if self.footnote else licence,
            source=self.source,
        )

    @contextmanager
    def _creating(self) -> Iterator[None]:
        """pyiqa has timm download ImageNet's weights for MANIQA's backbone and then replaces all of them."""
        module = sys.modules.get(self.without_backbone)
        if module is None:
            yield
            return
        timm = module.timm
        module.timm = _Untrained(timm)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            module.timm = timm  # type: ignore[attr-defined]


class _Untrained:
    """timm, whose networks have no weights yet."""

    def __init__(self, timm: Any) -> None:
        self._timm = timm

    def create_model(self, name: str, **options: Any) -> Any:
        return self._timm.create_model(name, **{**options, "pretrained": False})


def _pyiqa() -> str:
    try:
        return importlib.metadata.version("pyiqa")
    except importlib.metadata.PackageNotFoundError:
        return ""


_MANIQA = {"test_sample": 20}  # crops of 224 x 224 on a grid
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(
            "niqe",
            "NIQE",
            "niqe",
            (known.NIQE,),
            {"test_y_channel": True, "color_space": "yiq", "crop_border": 0, "version": "original"},
            False,
            4,
            "Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 2013",
            declared=2,
            footnote="on full-range Y of the whole image",
        ),
        Variant(
            "pi",
            "Perceptual index",
            "pi",
            (known.NIQE, known.NRQM),
            {"crop_border": 4, "color_space": "ycbcr"},
            False,
            4,
            "Blau et al., PIRM challenge, ECCV Workshops 2018",
            declared=2,
            footnote="(10 - NRQM + NIQE) / 2 on Y of BT.601, 4 pixels shaved",
        ),
        Variant(
            "musiq",
            "MUSIQ (KonIQ-10k)",
            "musiq",
            (known.MUSIQ_KONIQ,),
            {"pretrained": "koniq10k", "longer_side_lengths": [224, 384], "max_seq_len_from_original_res": -1},
            True,
            2,
            "Ke et al., ICCV 2021",
        ),
        Variant(
            "maniqa-koniq",
            "MANIQA (KonIQ-10k)",
            "maniqa",
            (known.MANIQA_KONIQ,),
            {"train_dataset": "koniq", "scale": 0.8, **_MANIQA},
            True,
            4,
            "Yang et al., CVPR Workshops 2022",
            without_backbone="pyiqa.archs.maniqa_arch",
            footnote="20 crops on a grid",
        ),
        Variant(
            "maniqa-pipal",
            "MANIQA (PIPAL)",
            "maniqa-pipal",
            (known.MANIQA_PIPAL,),
            {"train_dataset": "pipal", "scale": 0.13, **_MANIQA},
            True,
            4,
            "Yang et al., CVPR Workshops 2022",
            without_backbone="pyiqa.archs.maniqa_arch",
            footnote="20 crops on a grid",
        ),
        Variant(
            "clipiqa",
            "CLIP-IQA",
            "clipiqa",
            (known.CLIP_RN50,),
            {"model_type": "clipiqa", "backbone": "RN50", "pos_embedding": False},
            True,
            4,
            "Wang, Chan and Loy, AAAI 2023",
            bounds=(0.0, 1.0),
            of_clip=True,
            footnote="CLIP's ResNet-50, mean over pyiqa's five pairs of prompts",
        ),
    )
}


_made: dict[tuple[str, int], Metric] = {}


def get(name: str) -> Metric:
    """The metric of that name in :data:`VARIANTS`."""
    variant = VARIANTS[name]
    # One object as long as the weights are the same, so that a network is loaded once.
    key = (name, variant.version())
    if key not in _made:
        _made[key] = variant.metric()
    return _made[key]
