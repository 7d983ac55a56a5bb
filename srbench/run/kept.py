"""The SR images of a results folder: where they are kept, written and read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.evaluation.example import planes_of
from srbench.files import safe_name
from srbench.imaging.images import Pixels, below, pixel_hash, read_image, write_image
from srbench.records import BESIDE, ENTROPY_BITS, NO_DEGRADATION, CellFacts, Outcome


def image_path(facts: CellFacts) -> Path:
    """Where a cell's SR image is kept, below the results folder."""
    variant = f"{facts.degradation}|{facts.options}|{facts.method_hash}"
    method = f"{safe_name(facts.method)}-{_mark(variant)}"
    name = safe_name(facts.image)
    if facts.given_lr and facts.degradation != NO_DEGRADATION:
        name += f"-{facts.given_lr[:8]}"  # an HR image may be given with several LR images
    if beside := facts.lr_sha256.partition(BESIDE)[2]:
        name += f"-{beside[:8]}"  # a frame may be super-resolved from several windows
    return Path("images", facts.protocol, safe_name(facts.dataset), f"x{facts.scale}", method, f"{name}.png")


def entropy_path(facts: CellFacts) -> Path:
    """Where the map of a cell's entropy is kept, below the results folder."""
    return image_path(facts).with_suffix(".entropy.png")


def keep(folder: Path, facts: CellFacts, pixels: Pixels, seconds: float = 0.0) -> Outcome:
    """Write a cell's SR image, uint8 (H, W) or (H, W, 3), into a results folder; ``seconds`` are the method's."""
    path = image_path(facts)
    write_image(folder / path, pixels)
    return Outcome("ok", seconds=seconds, sr_path=path.as_posix(), sr_sha256=pixel_hash(pixels))


def keep_entropy(folder: Path, facts: CellFacts, entropy: Tensor) -> str:
    """Write the map (H, W) of bits per sub-pixel that belongs to an SR image; returns its path below the folder."""
    path = entropy_path(facts)
    levels = (entropy * (255 / ENTROPY_BITS) + 0.5).clamp(0, 255).to(torch.uint8)
    write_image(folder / path, np.ascontiguousarray(levels.cpu().numpy()))
    return path.as_posix()


def read(folder: Path, outcome: Outcome) -> Tensor | None:
    """The SR image of an outcome, (1 or 3, H, W) uint8, if its file still holds exactly those pixels."""
    if not outcome.sr_path:
        return None
    try:
        pixels = read_image(below(folder, outcome.sr_path))
    except ImageError:
        return None
    if pixel_hash(pixels) != outcome.sr_sha256:
        return None
    return planes_of(pixels)


def to_pixels(sr: Tensor) -> Pixels:
    """(1 or 3, H, W), whole numbers in 0..255, to uint8 (H, W) or (H, W, 3)."""
    sr = sr.to(torch.uint8).cpu()
    pixels = sr[0] if sr.shape[0] == 1 else sr.permute(1, 2, 0)
    return np.ascontiguousarray(pixels.numpy())


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
