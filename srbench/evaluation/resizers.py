"""Bicubic LR images as programs other than MATLAB make them, for protocols that say so."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from srbench.degradation.named import Degradation
from srbench.errors import NotSupportedError
from srbench.imaging.color import to_uint8
from srbench.protocol.base import Resize
from srbench.scale import reduced


def pillow(hr: Tensor, scale: float, kernel: Image.Resampling = Image.Resampling.BICUBIC) -> Tensor:
    """Pillow's ``resize(..., kernel)`` of every channel: it widens its kernel as MATLAB does, in integer arithmetic.

    Args:
        hr: (C, H, W) uint8 or floating (computed in single precision), of any size.
    """
    height, width = (reduced(n, scale) for n in hr.shape[-2:])
    arrays = (hr if hr.dtype == torch.uint8 else hr.to(torch.float32)).cpu().numpy()
    small = [Image.fromarray(a.copy()).resize((width, height), kernel) for a in arrays]
    return torch.from_numpy(np.stack([np.array(image) for image in small])).to(device=hr.device, dtype=hr.dtype)


def opencv(hr: Tensor, scale: float, mode: str = "bicubic") -> Tensor:
    """OpenCV's ``INTER_CUBIC`` (a = -0.75) or ``INTER_LINEAR`` (``mode`` 'bilinear'), without antialiasing; their
    kernels, grids and borders are torch's too.

    Args:
        hr: (C, H, W) uint8 or floating, of any size.
    """
    size = tuple(reduced(n, scale) for n in hr.shape[-2:])
    planes = hr.to(torch.float64)[None]
    small = functional.interpolate(planes, size=size, mode=mode, align_corners=False, antialias=False)[0]
    return to_uint8(small) if hr.dtype == torch.uint8 else small.to(hr.dtype)


def degraded(hr: Tensor, scale: float, degradation: Degradation, resize: Resize) -> Tensor:
    """The LR image of ``hr`` (C, H, W) or (H, W), of its type.

    Raises:
        NotSupportedError: ``resize`` is another program's than MATLAB's, and the degradation is not bicubic.
    """
    if resize == "matlab":
        return degradation(hr, scale)
    if degradation.name != "bicubic":
        raise NotSupportedError(
            f"{degradation.name} has no {resize} variant", "only bicubic is made by other programs than MATLAB"
        )
    small = (pillow if resize == "pillow" else opencv)(hr if hr.ndim == 3 else hr[None], scale)
    return small if hr.ndim == 3 else small[0]


def burst(hr: Tensor, scale: float, degradation: Degradation, resize: Resize) -> Tensor:
    """The LR frames (frames, C, h, w) or (frames, h, w) of ``hr``, of which the first is that of :func:`degraded`.

    Raises:
        NotSupportedError: as of :func:`degraded`; no other program makes frames of a burst.
    """
    if resize == "matlab":
        return degradation.burst(hr, scale)
    if degradation.frames > 1:
        raise NotSupportedError(f"{degradation.name} has no {resize} variant", "use a protocol that shrinks as MATLAB")
    return degraded(hr, scale, degradation, resize)[None]
