"""Where the pixels of one frame lie in another: frames resampled along an optical flow, and a flow by Lucas and Kanade.

A flow (N, 2, H, W) holds (dy, dx) in pixels: what is at (y, x) in the target frame is at (y + dy, x + dx) in the other.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from srbench.imaging.single import in_single_precision


def warped(frames: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Frames (N, C, H, W) as they look from the target: at each pixel the value at the place that ``flow`` names.

    Places outside are those of the border. Differentiable in both arguments.

    Args:
        flow: (N, 2, H, W), in pixels.
        mode: 'bilinear', or 'bicubic' (Keys' kernel with a = -0.75, torch's).
    """
    height, width = frames.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 0]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 1]
    # From pixels to torch's [-1, 1], the centres of the first and the last pixel.
    places = torch.stack([_normal(columns, width), _normal(rows, height)], dim=-1)
    return F.grid_sample(frames, places.to(frames.dtype), mode, padding_mode="border", align_corners=True)


def _normal(places: Tensor, length: int) -> Tensor:
    return places * (2 / (length - 1)) - 1 if length > 1 else torch.zeros_like(places)


def lucas_kanade(
    target: Tensor,
    other: Tensor,
    sigma: float = 2.5,
    levels: int = 3,
    iterations: int = 3,
    noise: float = 1e-4,
    start: Tensor | None = None,
) -> Tensor:
    """The flow (N, 2, H, W) from frames (N, 1, H, W) to others, by iterated least squares in windows, coarse to fine.

    Lucas and Kanade 1981 at every pixel, in a pyramid (Bouguet 2000), with the gradients of the target, which do not
    change between iterations (Baker and Matthews 2004), and without a gradient for training. Where nothing is to be
    seen in a window, the flow of the coarser level stays.

    Args:
        target, other: in [0, 1].
        sigma: of the Gaussian window, in pixels of each level.
        levels: sizes, each half of the one before; none is smaller than six sigma.
        noise: variance of the gradient below which it counts for nothing, in units of the image's squared.
        start: a flow to begin with, instead of none; it is refined at the frames' own size alone.
    """
    with torch.no_grad(), in_single_precision(target.device.type):
        if start is not None:
            return _refined(target.float(), other.float(), start.float(), sigma, iterations, noise)
        pyramid = [(target.float(), other.float())]
        while len(pyramid) < levels and min(pyramid[-1][0].shape[-2:]) >= 12 * sigma:
            pyramid.append((_halved(pyramid[-1][0]), _halved(pyramid[-1][1])))
        flow = torch.zeros_like(pyramid[-1][0]).expand(-1, 2, -1, -1)
        for small, moved in reversed(pyramid):
            size = small.shape[-2:]
            if flow.shape[-2:] != size:
                flow = 2 * F.interpolate(flow, size=size, mode="bilinear", align_corners=False)
            flow = _refined(small, moved, flow, sigma, iterations, noise)
        return flow


def _refined(target: Tensor, other: Tensor, flow: Tensor, sigma: float, iterations: int, noise: float) -> Tensor:
    padded = F.pad(target, (1, 1, 1, 1), mode="replicate")
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    window = _gaussian(sigma).to(target)
    yy, yx, xx = _filtered(torch.cat([dy * dy, dy * dx, dx * dx], dim=1), window).chunk(3, dim=1)
    yy, xx = yy + noise, xx + noise
    determinant = yy * xx - yx * yx
    for _ in range(iterations):
        error = target - warped(other, flow, "bicubic")
        y, x = _filtered(torch.cat([dy * error, dx * error], dim=1), window).chunk(2, dim=1)
        step = torch.cat([xx * y - yx * x, yy * x - yx * y], dim=1) / determinant
        flow = flow + step.clamp(-1, 1)  # beyond a pixel the linear model does not hold
    return flow


def _gaussian(sigma: float) -> Tensor:
    taps = torch.arange(-round(2.5 * sigma), round(2.5 * sigma) + 1)
    window = torch.exp(-(taps**2) / (2 * sigma**2))
    return window / window.sum()


def _filtered(planes: Tensor, window: Tensor) -> Tensor:
    """(N, C, H, W) by the same window along both axes, borders replicated."""
    n, c, h, w = planes.shape
    half = len(window) // 2
    flat = F.pad(planes.reshape(n * c, 1, h, w), (half, half, half, half), mode="replicate")
    flat = F.conv2d(F.conv2d(flat, window[None, None, None]), window[None, None, :, None])
    return flat.view(n, c, h, w)


def _halved(planes: Tensor) -> Tensor:
    """Smoothed, then every 2 x 2 pixels their mean; an odd row or column is repeated first."""
    height, width = planes.shape[-2:]
    planes = F.pad(planes, (0, width % 2, 0, height % 2), mode="replicate")
    return F.avg_pool2d(_filtered(planes, _gaussian(0.7).to(planes)), 2)
