"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural
similarity, 2004)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.metrics.base import Comparison, Metric

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
# At most so many pixels at once, for the sake of memory; smaller strips are slower.
_STRIP = 1 << 18
# Outputs per matrix product of the filter: dense enough for BLAS, small enough to waste little on zeros.
_BLOCK = 8
_REACH = WINDOW - 1  # inputs that a row of the filter needs beyond its own


@functools.cache
def _band(rows: int, device: torch.device) -> Tensor:
    """(rows, rows + _REACH): the Gaussian window, which sums to 1, shifted by one from row to row."""
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    window /= window.sum()
    band = torch.zeros(rows, rows + _REACH, dtype=torch.float64)
    for row in range(rows):
        band[row, row : row + WINDOW] = window
    return band.to(device)


# The Gaussian filter is separable. Both passes are batched products of one banded matrix with overlapping blocks of a
# map, seen through strides: on a CPU twenty times as fast as torch's convolution of doubles. Matrices, inputs and
# outputs each are a list: a tensor for the whole blocks and one for what is left over at the end. A view costs as much
# as the product of two small matrices, so none is made twice.


@functools.lru_cache(maxsize=512)
def _bands(rows: int, device: torch.device) -> list[Tensor]:
    """Matrices (n, outputs, inputs) of a filter with ``rows`` outputs."""
    whole, left = divmod(rows, _BLOCK)
    bands = []
    if whole:
        bands.append(_band(_BLOCK, device).expand(whole, -1, -1))
    if left:
        bands.append(_band(left, device)[None])
    return bands


def _blocks(x: Tensor, reach: int = 0) -> list[Tensor]:
    """Blocks (n, rows + ``reach``, W) of the rows of a map (H, W), with the rows of the next block they reach into."""
    (height, width), (down, across) = x.shape, x.stride()
    whole, left = divmod(height - reach, _BLOCK)
    blocks = []
    if whole:
        blocks.append(x.as_strided((whole, _BLOCK + reach, width), (_BLOCK * down, down, across)))
    if left:
        start = x.storage_offset() + whole * _BLOCK * down
        blocks.append(x.as_strided((1, left + reach, width), (0, down, across), start))
    return blocks


def _filter(bands: list[Tensor], inputs: list[Tensor], outputs: list[Tensor], *, add: bool = False) -> None:
    """Filter from row to row, into ``outputs`` or on top of what is there."""
    for band, x, out in zip(bands, inputs, outputs, strict=True):
        if add:
            out.baddbmm_(band, x)
        else:
            torch.bmm(band, x, out=out)


def window_mean(x: Tensor) -> Tensor:
    """Mean of (H, W) doubles in SSIM's Gaussian window, valid region: (H - 10, W - 10), doubles."""
    height, width = x.shape[0] - _REACH, x.shape[1] - _REACH
    half, mean = x.new_empty((height, x.shape[1])), x.new_empty((width, height))
    _filter(_bands(height, x.device), _blocks(x, _REACH), _blocks(half))
    _filter(_bands(width, x.device), _blocks(half.T, _REACH), _blocks(mean))
    return mean.T


@functools.cache
def _constants(peak: float, device: torch.device) -> tuple[Tensor, ...]:
    """c1 / 2, c1, (c1 + c2) / 2, c1 + c2."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    values = (c1 / 2, c1, (c1 + c2) / 2, c1 + c2)
    return tuple(torch.tensor(value, dtype=torch.float64, device=device) for value in values)


def _sum_of_index(x: Tensor, y: Tensor, mean_y: Tensor, peak: float) -> Tensor:
    """A quarter of the sum of the SSIM map of two images (H, W), doubles; ``mean_y`` is :func:`window_mean` of the
    second."""
    height, width = mean_y.shape
    if height * width > _STRIP and height > 1:
        top, bottom = slice(height // 2), slice(height // 2, None)
        reach = slice(height // 2 + _REACH)
        above = _sum_of_index(x[reach], y[reach], mean_y[top], peak)
        return above + _sum_of_index(x[bottom], y[bottom], mean_y[bottom], peak)
    half_c1, c1, half_c, c = _constants(peak, x.device)
    # Columns are filtered as rows of the transposed map, into maps that stay transposed: that saves copies.
    half, mean_x, mean_y = x.new_empty((height, x.shape[1])), x.new_empty((width, height)), mean_y.T
    down, across = _bands(height, x.device), _bands(width, x.device)
    half_blocks, columns, filtered = _blocks(half), _blocks(half.T, _REACH), _blocks(mean_x)
    _filter(down, _blocks(x, _REACH), half_blocks)
    _filter(across, columns, filtered)
    # The index is (2 mean_x mean_y + c1) (2 cov + c2) / ((mean_x^2 + mean_y^2 + c1) (var_x + var_y + c2)), here with
    # both factors above halved. It needs the variances only as a sum, so that the filtered maps x, y, xy, x^2 + y^2
    # are enough. The products of the last two go on top of what has to be subtracted from them.
    map_ = x * y
    map_blocks = _blocks(map_, _REACH)
    _filter(down, map_blocks, half_blocks)
    product = torch.addcmul(half_c1, mean_x, mean_y)
    power = torch.addcmul(c1, mean_x, mean_x).addcmul_(mean_y, mean_y)
    covariance = torch.sub(half_c, product, out=mean_x)
    _filter(across, columns, filtered, add=True)
    product.mul_(covariance)
    torch.mul(x, x, out=map_).addcmul_(y, y)
    _filter(down, map_blocks, half_blocks)
    variance = torch.sub(c, power, out=covariance)
    _filter(across, columns, filtered, add=True)
    return product.div_(power.mul_(variance)).sum()


def _require_window(x: Tensor) -> None:
    if min(x.shape[-2:]) < WINDOW:
        raise ImageError(
            f"SSIM needs at least {WINDOW}x{WINDOW} pixels after the border is shaved, "
            f"this image has {x.shape[-1]}x{x.shape[-2]}",
            "use a larger image",
        )


def _mean_of_index(x: Tensor, y: Tensor, mean_y: Tensor, peak: float) -> Tensor:
    """SSIM of two images as in :func:`_sum_of_index`."""
    height, width = mean_y.shape
    return _sum_of_index(x, y, mean_y, peak) / (height * width / 4)


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
    """SSIM of a pair; the mean of its HR image is made once."""
    _require_window(pair.sr_luma)

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
)
