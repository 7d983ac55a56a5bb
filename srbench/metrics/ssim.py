"""Structural similarity (Wang et al., Image quality assessment: from error visibility to structural
similarity, 2004)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from srbench.errors import ImageError
from srbench.metrics.base import Metric

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
# At most so many rows at once: the working set stays in a processor's cache, and memory small.
_STRIP = 160
# Outputs per matrix product of the filter: dense enough for BLAS, small enough to waste little on zeros.
_BLOCK = 8
_REACH = _BLOCK + WINDOW - 1


@functools.cache
def _band(device: torch.device) -> Tensor:
    """(_BLOCK, _REACH): the Gaussian window, which sums to 1, shifted by one from row to row."""
    offset = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offset.square() / (2 * SIGMA**2))
    window /= window.sum()
    band = torch.zeros(_BLOCK, _REACH, dtype=torch.float64)
    for row in range(_BLOCK):
        band[row, row : row + WINDOW] = window
    return band.to(device)


class _Buffers:
    """Memory for one strip after the other: a map, its four filtered maps, and what becomes of them.

    The valid region of a strip is ``rows`` by ``columns``, multiples of _BLOCK.
    """

    def __init__(self, like: Tensor, rows: int, columns: int) -> None:
        self.rows, self.columns, self.width = rows, columns, columns + WINDOW - 1
        self.map = like.new_zeros((rows + WINDOW - 1, self.width))
        self.half = like.new_empty((4, rows, self.width))
        self.filtered = like.new_empty((columns, 4, rows))
        self.product = like.new_empty((columns, rows))

    # The Gaussian filter is separable. Both passes are batched products of one banded matrix with overlapping blocks
    # of a map, seen through strides: on a CPU twenty times as fast as torch's convolution of doubles.

    def filter_rows(self, number: int) -> None:
        """Filter the map, from row to row, into half[number]."""
        blocks = self.map.as_strided((self.rows // _BLOCK, _REACH, self.width), (_BLOCK * self.width, self.width, 1))
        _products(blocks, self.half[number].view(-1, _BLOCK, self.width))

    def filter_columns(self) -> None:
        """Filter the four halves, from column to column; the result is transposed, which saves a copy."""
        lines = 4 * self.rows
        blocks = self.half.as_strided((self.columns // _BLOCK, _REACH, lines), (_BLOCK, 1, self.width))
        _products(blocks, self.filtered.view(-1, _BLOCK, lines))


def _products(blocks: Tensor, out: Tensor) -> None:
    torch.bmm(_band(out.device).expand(len(out), -1, -1), blocks, out=out)


def _sum_of_index(x: Tensor, y: Tensor, peak: float, buffers: _Buffers) -> Tensor:
    """The sum of the SSIM map of two images (H, W), doubles, valid region, no larger than the buffers."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    height, width = x.shape
    inner = buffers.map[:height, :width]
    # SSIM needs the variances only as a sum, so that four maps serve: x, y, xy, x^2 + y^2.
    inner.copy_(x)
    buffers.filter_rows(0)
    inner.copy_(y)
    buffers.filter_rows(1)
    torch.mul(x, y, out=inner)
    buffers.filter_rows(2)
    torch.mul(x, x, out=inner).addcmul_(y, y)
    buffers.filter_rows(3)
    buffers.filter_columns()
    mu_x, mu_y, xy, squares = buffers.filtered.unbind(1)
    # (2 mu_x mu_y + c1) (2 cov + c2) / ((mu_x^2 + mu_y^2 + c1) (var_x + var_y + c2)), both factors above halved.
    product = torch.mul(mu_x, mu_y, out=buffers.product).add_(c1 / 2)
    covariance = xy.sub_(product).add_((c1 + c2) / 2)
    power = mu_x.square_().addcmul_(mu_y, mu_y).add_(c1)
    variance = squares.sub_(power).add_(c1 + c2)
    index = product.mul_(covariance).div_(power.mul_(variance))
    total: Tensor = index[: width - WINDOW + 1, : height - WINDOW + 1].sum()
    return total * 4


def ssim(sr: Tensor, hr: Tensor, peak: float = 255.0) -> Tensor:
    """Mean SSIM index, one value per image, as MATLAB's ``ssim_index`` defines it.

    11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, biased covariance, valid region only (no
    padding), no downsampling.

    Args:
        sr, hr: (..., H, W) of one shape, on the 0..peak scale; computed in double precision on their device.

    Returns:
        shape (...,); 1 for identical images.

    Raises:
        ImageError: a side is shorter than the window.

    >>> ssim(torch.ones(16, 16), torch.ones(16, 16)).item()
    1.0
    """
    if min(sr.shape[-2:]) < WINDOW:
        raise ImageError(
            f"SSIM needs at least {WINDOW}x{WINDOW} pixels after the border is shaved, "
            f"this image has {sr.shape[-1]}x{sr.shape[-2]}",
            "use a larger image",
        )
    height, width = sr.shape[-2] - WINDOW + 1, sr.shape[-1] - WINDOW + 1
    pairs = zip(sr.reshape(-1, *sr.shape[-2:]), hr.reshape(-1, *hr.shape[-2:]), strict=True)
    count = -(-height // _STRIP)
    rows, columns = (-(-n // _BLOCK) * _BLOCK for n in (-(-height // count), width))
    strips = [slice(start, start + rows + WINDOW - 1) for start in range(0, height, rows)]
    buffers = _Buffers(sr.new_empty(0, dtype=torch.float64), rows, columns)
    totals = []
    for x, y in pairs:
        x, y = x.to(torch.float64), y.to(torch.float64)
        totals.append(torch.stack([_sum_of_index(x[strip], y[strip], peak, buffers) for strip in strips]).sum())
    return torch.stack(totals).reshape(sr.shape[:-2]) / (height * width)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    version=1,
    higher_is_better=True,
    unit="",
    bounds=(-1.0, 1.0),
    digits=4,
    needs=("sr_luma", "hr_luma"),
    compute=lambda pair: float(ssim(pair.sr_luma, pair.hr_luma)),
    min_size=WINDOW,
)
