"""What metrics over time share: a pair beside the pair of the frame before, on the part of frames that TecoGAN's
program measures (Chu et al., Learning temporal coherence via self-supervision for GAN-based video generation, ACM TOG
2020; ``metrics.py`` of its repository)."""

from __future__ import annotations

from torch import Tensor

from srbench.errors import ImageError, SrbenchError
from srbench.metrics.base import Comparison

_STEP, _BORDER = 32, 8
MIN_SIZE = _STEP + 2 * _BORDER  # smaller frames have no inner part


def inner(image: Tensor) -> Tensor:
    """The centre of (..., H, W) with sides that are multiples of 32, at least 8 pixels from every border: what
    TecoGAN's program compares, so that borders and a network's padding are no part of a value.

    Raises:
        ImageError: a side is shorter than 48 pixels.
    """
    height, width = image.shape[-2:]
    if min(height, width) < MIN_SIZE:
        raise ImageError(
            f"measuring over time needs at least {MIN_SIZE} pixels a side, this frame has {width}x{height}",
            "use larger frames",
        )
    return image[..., _inner(height), _inner(width)]


def _inner(side: int) -> slice:
    size = (side - 2 * _BORDER) // _STEP * _STEP
    start = (side - size) // 2
    return slice(start, start + size)


def frame_before(pair: Comparison) -> Comparison:
    """The pair of the frame before.

    Raises:
        SrbenchError: it has another size, so that the two are no frames of one clip.
    """
    before = pair.previous
    assert before is not None  # what has none is not measured over time
    if before.sr_luma.shape != pair.sr_luma.shape:
        sizes = [f"{own.sr_luma.shape[-1]}x{own.sr_luma.shape[-2]}" for own in (before, pair)]
        message = f"the frame before has {sizes[0]} pixels and this one {sizes[1]}"
        raise SrbenchError(message, "compare frames of one clip")
    return before
