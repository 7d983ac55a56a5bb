"""What another frame says beyond the target, at the places of the HR grid where it says so.

A frame that has moved by parts of a pixel samples the scene between the target's pixels. Resampled onto the target's
own grid, as motion compensation mostly does, it is interpolated twice and no longer tells where its samples were taken.
Laid down where they belong on the HR grid (forward; Tao, Gao, Liao, Wang, Jia, Detail-Revealing Deep Video
Super-Resolution, ICCV 2017, section 3.2) it does. What is laid down here is not the frame but how much it differs from
what the target lets expect there, the error that iterated back-projection sends back (Irani and Peleg 1991).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pixel_unshuffle

from srbench.imaging.flow import warped


def laid_down(target: Tensor, other: Tensor, flow: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """Errors and shares, (N, scale^2, H, W) each: of every LR pixel of the target the ``scale`` x ``scale`` HR pixels.

    Interpolated (bicubic) where a pixel of the other frame lies, the target comes near its value. The difference is
    shared out between the four HR pixels around this place; the shares, which add up to 1 for each pixel of the other
    frame, are given beside it. What lies outside the image is left out.

    Args:
        target, other: frames (N, 1, H, W).
        flow: (N, 2, H, W): what is at (y, x) in ``other`` is at (y + dy, x + dx) in ``target``, LR pixels.
        scale: a whole number.
    """
    error = other.float() - warped(target.float(), flow, "bicubic")
    height, width = target.shape[-2:]
    rows = (torch.arange(height, device=flow.device)[:, None] + flow[:, 0] + 0.5) * scale - 0.5
    columns = (torch.arange(width, device=flow.device) + flow[:, 1] + 0.5) * scale - 0.5
    top, left = rows.floor(), columns.floor()
    laid = error.new_zeros(len(error), 2, scale * height * scale * width)
    for down in (0, 1):
        for right in (0, 1):
            y, x = top + down, left + right
            share = (1 - (rows - y).abs()) * (1 - (columns - x).abs())
            share = share * ((y >= 0) & (y < scale * height) & (x >= 0) & (x < scale * width))
            place = y.clamp(0, scale * height - 1) * (scale * width) + x.clamp(0, scale * width - 1)
            values = torch.stack([share * error[:, 0], share], dim=1)
            laid.scatter_add_(2, place.long().flatten(1)[:, None].expand(-1, 2, -1), values.flatten(2))
    fine = pixel_unshuffle(laid.view(len(laid), 2, scale * height, scale * width), scale)
    return fine[:, : scale**2], fine[:, scale**2 :]
