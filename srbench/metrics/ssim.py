"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural
similarity, 2004)."""

from __future__ import annotations

import functools
import itertools
import threading

import numpy as np
import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.imaging.banded import Axis, Dim
from srbench.imaging.products import multiply
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.ssim_variants import ssim_of

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
_REACH = WINDOW - 1  # pixels that a filtered image has less than its source
# Windows of a strip, in which images are measured. On a CPU its maps stay in the cache of a processor; else the bound
# is for the sake of memory.
_STRIP_CPU, _STRIP = 1 << 15, 1 << 18
_LOW = 32  # rows that a strip has at least: it reads _REACH more than it has
_SIZES = 100  # of strips that are remembered


@functools.lru_cache(maxsize=512)
def _window(outputs: int, dim: Dim) -> Axis:
    """The Gaussian window, which sums to 1, over all ``outputs`` places of an axis where it fits."""
    offset = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offset**2) / (2 * SIGMA**2))
    return Axis.sliding(window / window.sum(), outputs, dim)


def window_mean(x: Tensor) -> Tensor:
    """Mean of (H, W) doubles in SSIM's Gaussian window, valid region: (H - 10, W - 10), doubles."""
    height, width = (n - _REACH for n in x.shape)
    return _window(width, -1).apply(_window(height, -2).apply(x))


@functools.cache
def _constants(peak: float, device: torch.device) -> tuple[Tensor, ...]:
    """c1 / 2, c1, (c1 + c2) / 2, c1 + c2."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    values = (c1 / 2, c1, (c1 + c2) / 2, c1 + c2)
    return tuple(torch.tensor(value, dtype=torch.float64, device=device) for value in values)


class _Strip:
    """The maps of a strip of windows (height, width), in memory that is used again and again."""

    def __init__(self, memory: Tensor, height: int, width: int) -> None:
        rows, columns = height + _REACH, width + _REACH
        sizes = [(rows, columns), (height, columns), *[(height, width)] * 4]
        ends = list(itertools.accumulate(h * w for h, w in sizes))
        maps = [memory[end - h * w : end].view(h, w) for end, (h, w) in zip(ends, sizes, strict=True)]
        self.map, self.half, self.mean, self.variance, self.product, self.power = maps
        self.rows, across = _window(height, -2), _window(width, -1)
        self.half_to_mean = across.products(self.half, self.mean)
        self.map_to_variance = self.rows.products(self.map, self.half) + across.products(self.half, self.variance)


def _doubles(height: int, width: int) -> int:
    """How much memory a strip takes."""
    return (2 * height + _REACH) * (width + _REACH) + 4 * height * width


class _Memory(threading.local):
    """Memory of this thread for one strip, and the strips of all sizes that it was used for."""

    def __init__(self) -> None:
        self.doubles: dict[torch.device, Tensor] = {}
        self.strips: dict[tuple[torch.device, int, int], _Strip] = {}

    def strip(self, height: int, width: int, device: torch.device) -> _Strip:
        key = (device, height, width)
        if key not in self.strips:
            size = _doubles(height, width)
            if device not in self.doubles or len(self.doubles[device]) < size or len(self.strips) >= _SIZES:
                self.strips.clear()
                # A tensor that is made in inference mode could not be written to outside of it.
                with torch.inference_mode(False):
                    self.doubles[device] = torch.empty(size, dtype=torch.float64, device=device)
            self.strips[key] = _Strip(self.doubles[device], height, width)
        return self.strips[key]


_memory = _Memory()


def _sum_over(strip: _Strip, x: Tensor, y: Tensor, mean_y: Tensor, peak: float) -> Tensor:
    """A quarter of the sum of the SSIM map over a strip."""
    half_c1, c1, half_c, c = _constants(peak, x.device)
    # The index is (2 mean_x mean_y + c1) (2 cov + c2) / ((mean_x^2 + mean_y^2 + c1) (var_x + var_y + c2)), here with
    # both factors above halved. It needs the variances only as a sum, so that the filtered maps x, y, xy, x^2 + y^2
    # are enough. A constant that is added to a map is added to its mean: the window sums to 1.
    map_, mean_x, product, power = strip.map, strip.mean, strip.product, strip.power
    multiply([*strip.rows.products(x, strip.half), *strip.half_to_mean])
    torch.addcmul(half_c1, mean_x, mean_y, out=product)
    torch.addcmul(c1, mean_x, mean_x, out=power).addcmul_(mean_y, mean_y)
    torch.addcmul(half_c, x, y, out=map_)
    multiply(strip.map_to_variance)
    covariance = strip.variance.sub_(product)
    product.mul_(covariance)
    torch.addcmul(c, x, x, out=map_).addcmul_(y, y)
    multiply(strip.map_to_variance)
    variance = strip.variance.sub_(power)
    index = product.div_(power.mul_(variance))
    return index.sum()


def _mean_of_index(x: Tensor, y: Tensor, mean_y: Tensor, peak: float) -> Tensor:
    """SSIM of two images (H, W), doubles; ``mean_y`` is :func:`window_mean` of the second."""
    x = x if x.stride(-1) == 1 else x.contiguous()
    height, width = mean_y.shape
    windows = _STRIP_CPU if x.device.type == "cpu" else _STRIP
    rows = max(windows // width // 8 * 8, _LOW)
    sums = []
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = _memory.strip(bottom - top, width, x.device)
        reach = slice(top, bottom + _REACH)
        sums.append(_sum_over(strip, x[reach], y[reach], mean_y[top:bottom], peak))
    return torch.stack(sums).sum().div(height * width / 4)


def _require_window(x: Tensor) -> None:
    if min(x.shape[-2:]) < WINDOW:
        raise ImageError(
            f"SSIM needs at least {WINDOW}x{WINDOW} pixels after the border is shaved, "
            f"this image has {x.shape[-1]}x{x.shape[-2]}",
            "use a larger image",
        )


def ssim(sr: Tensor, hr: Tensor, peak: float = 255.0, *, hr_mean: Tensor | None = None) -> Tensor:
    """Mean SSIM index, one value per image, as MATLAB's ``ssim_index`` defines it.

    11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, biased covariance, valid region only (no
    padding), no downsampling.

    Args:
        sr, hr: (..., H, W) of one shape, on the 0..peak scale; computed in double precision on their device.
        hr_mean: (..., H - 10, W - 10), :func:`window_mean` of ``hr``, if it is at hand.

    Returns:
        shape (...,); 1 for identical images.

    Raises:
        ImageError: a side is shorter than the window.

    >>> ssim(torch.ones(16, 16), torch.ones(16, 16)).item()
    1.0
    """
    _require_window(sr)
    xs, ys = (image.to(torch.float64).reshape(-1, *image.shape[-2:]) for image in (sr, hr))
    means = map(window_mean, ys) if hr_mean is None else hr_mean.reshape(-1, *hr_mean.shape[-2:])
    values = [_mean_of_index(x, y, mean, peak) for x, y, mean in zip(xs, ys, means, strict=True)]
    return torch.stack(values).reshape(sr.shape[:-2])


def compute(pair: Comparison) -> float:
    """SSIM of a pair, the mean over what the protocol measures; the filtered HR image is made once."""
    _require_window(pair.sr_luma)
    rule = "gaussian" if pair.reference is None else pair.reference.protocol.ssim
    if rule != "gaussian":
        return pair.once("ssim", lambda: ssim_of(rule, pair.sr_luma, pair.hr_luma))
    if pair.sr_luma.ndim > 2:
        return pair.once("ssim", lambda: float(ssim(pair.sr_luma, pair.hr_luma).mean()))

    def measure() -> float:
        with torch.inference_mode():  # calling small operations costs less
            hr_mean = pair.hr_window("ssim mean", window_mean)
            return float(_mean_of_index(pair.sr_luma, pair.hr_luma, hr_mean, 255.0))

    return pair.once("ssim", measure)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    needs=("sr_luma", "hr_luma"),
    compute=compute,
    min_size=WINDOW,
    source="Wang et al., IEEE Transactions on Image Processing 2004",
)
