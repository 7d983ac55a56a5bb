"""From the pixels of a picture of one's own, of 8 or 16 bits, to what methods are fed, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from srbench.evaluation.inference import coloured
from srbench.imaging.color import levels, rgb_to_ycbcr
from srbench.imaging.resize import enlarge, rows_around
from srbench.imaging.samples import Deep
from srbench.scale import enlarged


def planes_of(image: Deep) -> Tensor:
    """(1 or 3, h, w) on the 0..255 scale, double."""
    planes = np.atleast_3d(image).transpose(2, 0, 1).astype(np.float64)
    return torch.from_numpy(planes * 255 / np.iinfo(image.dtype).max)


def in_colour(sr: Tensor, image: Deep, first: int, last: int, scale: float) -> Tensor:
    """A method's rows of 0..1, SR of the rows of ``image`` from ``first`` to ``last``; those of luma with the colours
    of a colour ``image``, enlarged by bicubic."""
    if image.ndim == 2 or sr.shape[0] != 1:
        return sr
    rows = rows_around(len(image), first, last, scale)
    chroma = enlarge(rgb_to_ycbcr(planes_of(image[rows]))[1:], scale)
    return coloured(sr, chroma[:, enlarged(first - rows.start, scale) : enlarged(last - rows.start, scale)])


def as_pixels(sr: Tensor, image: Deep) -> Deep:
    """A method's rows of 0..1 as pixels of the kind of ``image``."""
    pixels = rounded(sr, image.dtype)
    if image.ndim == 3:
        return pixels.permute(1, 2, 0).contiguous().cpu().numpy()
    if sr.shape[0] == 3:
        # Rounded as a colour image first: a grey picture gives what its copy in three channels gives.
        mean = pixels.to(torch.float64).mean(dim=0) / np.iinfo(image.dtype).max
        return rounded(mean, image.dtype).cpu().numpy()
    return pixels[0].cpu().numpy()


def rounded(x: Tensor, kind: DTypeLike) -> Tensor:
    """0..1 to the integers of ``kind``, uint8 or uint16, clipped, halves rounded up."""
    if kind == np.uint8:
        return levels(x).to(torch.uint8)
    return (x.to(torch.float64) * 65535 + 0.5).clamp_(0, 65535.5).to(torch.int32).to(torch.uint16)
