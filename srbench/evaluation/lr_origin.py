"""Which program made given LR images of their HR images: the first question where a published value is not reproduced.

Every known way of shrinking an image is tried on the HR images, and its LR images are compared with the given ones.
Programs compute in integers of their own, so LR images that differ from those made here by a grey level at most are
theirs all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from srbench import degradation
from srbench.degradation.named import Bicubic
from srbench.evaluation.example import planes_of
from srbench.evaluation.resizers import opencv, pillow
from srbench.imaging.color import to_uint8
from srbench.imaging.images import Pixels, as_rgb

_Shrink = Callable[[Tensor, int], Tensor]  # uint8 (3, H, W) to (3, H // scale, W // scale)
ROUNDING = 1  # grey levels by which two programs differ in rounding alone


@dataclass(frozen=True)
class Candidate:
    """A way of shrinking, and how its LR images differ from the given ones, over all sub-pixels of all images.

    Args:
        name: in words.
        equal: the share of equal sub-pixels, 0 to 1.
        mean: mean absolute difference in grey levels.
        greatest: greatest absolute difference in grey levels.
    """

    name: str
    equal: float
    mean: float
    greatest: int

    @property
    def identical(self) -> bool:
        return self.greatest == 0

    @property
    def recognised(self) -> bool:
        """Whether the given LR images are its own, but for rounding."""
        return self.greatest <= ROUNDING


def candidates(pairs: Iterable[tuple[Pixels, Pixels]], scale: int) -> list[Candidate]:
    """All ways of shrinking, the one whose LR images are most like the given ones first.

    Args:
        pairs: HR images (H, W[, 3]) and their LR images (h, w[, 3]), uint8, with h <= H / scale and w <= W / scale.
    """
    ways = _ways(scale)
    counts = np.zeros((len(ways), 4))  # sub-pixels, equal ones, sum of differences, greatest difference
    for hr, lr in pairs:
        whole, given = (planes_of(as_rgb(pixels)) for pixels in (hr, lr))
        height, width = (side * scale for side in given.shape[-2:])
        for row, (_, of_whole, shrink) in zip(counts, ways, strict=True):
            made = shrink(whole if of_whole else whole[:, :height, :width], scale)
            made = made[:, : given.shape[1], : given.shape[2]]
            difference = (made.to(torch.int16) - given.to(torch.int16)).abs()
            row[:3] += difference.numel(), int((difference == 0).sum()), int(difference.sum(dtype=torch.int64))
            row[3] = max(row[3], int(difference.max()))
    found = [
        Candidate(name, equal / total, differences / total, int(greatest))
        for (name, *_), (total, equal, differences, greatest) in zip(ways, counts, strict=True)
    ]
    distinct = {(one.equal, one.mean, one.greatest): one for one in reversed(found)}  # the first of equal ones
    return sorted(distinct.values(), key=lambda one: (-one.equal, one.mean))


def _ways(scale: int) -> Sequence[tuple[str, bool, _Shrink]]:
    """Names, whether the HR image is shrunk whole instead of cut to a multiple of the scale, and what shrinks it."""
    ways: list[tuple[str, bool, _Shrink]] = [
        ("MATLAB's imresize, bicubic (srbench's own, under basicsr)", False, Bicubic()),
        ("MATLAB's imresize in floating point, rounded once (BasicSR's imresize)", False, _rounded_once),
    ]
    for name, shrink in (
        ("Pillow's bicubic", pillow),
        ("OpenCV's INTER_CUBIC, without antialiasing (torch's bicubic)", opencv),
        ("torch's bicubic with antialiasing", _antialiased),
    ):
        ways += [(name, False, shrink), (f"{name}, of HR images that were not cut", True, shrink)]
    ways += [
        ("OpenCV's INTER_AREA, the mean of blocks", False, _area),
        ("OpenCV's INTER_LINEAR, without antialiasing", False, partial(opencv, mode="bilinear")),
        ("Pillow's bilinear", False, partial(pillow, kernel=Image.Resampling.BILINEAR)),
        ("Pillow's Lanczos", False, partial(pillow, kernel=Image.Resampling.LANCZOS)),
        ("every pixel that is the first of a block (OpenCV's INTER_NEAREST)", False, lambda hr, s: hr[:, ::s, ::s]),
        (
            "every pixel in the middle of a block (Pillow's nearest)",
            False,
            lambda hr, s: hr[:, s // 2 :: s, s // 2 :: s],
        ),
    ]
    for name, pipeline in degradation.DEGRADATIONS.items():
        if not any(step.random for step in pipeline.steps) and pipeline.scales is not None and scale in pipeline.scales:
            ways.append((f"srbench's {name}", False, pipeline))
    return ways


def _rounded_once(hr: Tensor, scale: int) -> Tensor:
    return to_uint8(Bicubic()(hr.to(torch.float64), scale))


def _antialiased(hr: Tensor, scale: int) -> Tensor:
    size = [side // scale for side in hr.shape[-2:]]
    planes = hr.to(torch.float32)[None]
    return to_uint8(functional.interpolate(planes, size=size, mode="bicubic", align_corners=False, antialias=True)[0])


def _area(hr: Tensor, scale: int) -> Tensor:
    """Halves are rounded up at x2, for which OpenCV has code of its own, else to the even number."""
    mean = functional.avg_pool2d(hr.to(torch.float64)[None], scale)[0]
    return to_uint8(mean) if scale == 2 else mean.round().to(torch.uint8)
