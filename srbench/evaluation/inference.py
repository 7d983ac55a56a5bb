"""Feeding methods: by the colour on their card, held to the contract of methods, rounded as a protocol has it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from srbench.errors import NotFiniteError, NotSupportedError, OutputError
from srbench.evaluation.example import Example
from srbench.evaluation.window import Frames
from srbench.foreign.contained import contained
from srbench.imaging.color import levels, rgb_to_ycbcr, ycbcr_to_rgb
from srbench.imaging.resize import enlarge
from srbench.method.base import Likelihood, Method, as_batch
from srbench.method.frames import called
from srbench.scale import enlarged_size

FAR = 0.1  # of [0, 1]: how far outside of it a value has to be to count
BLACK = 1.0  # grey level, of 0..255, below which a pixel is black
# A row and a column of so many are looked at, in images of more pixels: a number that no scale divides.
_SAMPLED, _SMALL = 7, 1 << 14


def super_resolve(method: Method, example: Example) -> Tensor:
    """Run ``method`` on an example under its protocol.

    Returns:
        (1, H, W) where the protocol works on luma and the method can, else (3, H, W): the pixels that are measured and
        kept, in 0..255, of a floating type; whole numbers where the protocol rounds SR.

    Raises:
        NotSupportedError: the scale, or an LR image smaller than the method takes.
        OutputError: wrong size or type, NaN or infinite pixels.
    """
    return rounded(raw(method, example), example)


def raw(method: Method, example: Example) -> Tensor:
    """As :func:`super_resolve`, on the 0..1 scale, neither clipped nor rounded."""
    planes, target, shifts = _alone(example.frames_of(method))
    return infer(method, planes, example.scale, target, shifts)


def given(method: Method, example: Example) -> Tensor:
    """What a method's SR image is made of: the LR image, (1 or 3, h, w), or several LR frames, (T, 1 or 3, h, w).

    Raises:
        NotSupportedError: there are fewer frames than it takes.
    """
    return _alone(example.frames_of(method)).planes


def _alone(frames: Frames) -> Frames:
    """A single frame as an image, without the axis of time."""
    return Frames(frames.planes[0]) if len(frames.planes) == 1 else frames


def raw_together(method: Method, examples: Sequence[Example]) -> list[Tensor]:
    """As :func:`raw` of each example, by one call of the method, which is given one image of each; their LR images have
    one shape. Raises if one of the outputs does not keep the contract."""
    scale = examples[0].scale
    each = [given(method, example) for example in examples]
    fed = [as_fed(method, lr) for lr in each]
    require_size(method, fed[0].shape[-2:], scale)
    with torch.no_grad(), contained():
        result = method.upscale(torch.cat([as_batch(lr, method.device) for lr in fed]), scale)
    channels, height, width = fed[0].shape
    if not isinstance(result, Tensor) or len(result) != len(examples):
        raise OutputError(f"{method.card.name} returned no batch of {len(examples)} images", "see docs/plugins.md")
    expected = (1, channels, *enlarged_size((height, width), scale))
    outputs = [held_to_contract(method, one[None], expected) for one in result]
    return [_in_colour(sr, lr, scale) for sr, lr in zip(outputs, each, strict=True)]


def out_of_range(sr: Tensor) -> float:
    """The share of values of what :func:`raw` returned that are far below black or above white, from a sample.

    Networks overshoot at edges, by little; one that answers in 0..255 or -1..1 is far outside nearly everywhere, or
    wherever the image is dark.
    """
    step = _SAMPLED if sr.shape[-2] * sr.shape[-1] > _SMALL else 1
    sample = sr[..., ::step, ::step]
    outside = (sample - 0.5).abs_() > 0.5 + FAR
    return int(torch.count_nonzero(outside)) / outside.numel()


def is_black(sr: Tensor, example: Example) -> bool:
    """Whether an SR image as :func:`rounded` returns it is black everywhere, and what it is of is not."""
    black = not (sr[..., ::_SAMPLED, ::_SAMPLED] >= BLACK).any() and not (sr >= BLACK).any()
    return black and float(example.picture.to(torch.float32).mean()) >= BLACK


def rounded(sr: Tensor, example: Example) -> Tensor:
    """What :func:`raw` returned as the pixels of 0..255 that the protocol measures, a new tensor."""
    return levels(sr) if example.protocol.sr_rounded else (sr.to(torch.float64) * 255).clamp_(0, 255)


def infer(method: Method, lr: Tensor, scale: float, target: int = 0, shifts: Tensor | None = None) -> Tensor:
    """Super-resolve one LR image, or one of several LR frames, fed as the card says.

    A luma method sees Y of an RGB image and Cb and Cr are enlarged by bicubic, as the papers of luma methods do; an RGB
    method sees a grey image as three equal channels.

    Args:
        lr: (1 or 3, h, w) on the 0..255 scale, uint8 or double, or frames (T, 1 or 3, h, w).
        target, shifts: of frames, as of :meth:`srbench.method.Method.upscale_frames`.

    Returns:
        (1 or 3, round(scale * h), round(scale * w)) on the 0..1 scale, neither clipped nor rounded, on the method's
        device; three channels from an RGB method.
    """
    sr = output(method, as_fed(method, lr), scale, target, shifts)
    return _in_colour(sr, lr if lr.ndim == 3 else lr[target], scale)


def _in_colour(sr: Tensor, lr: Tensor, scale: float) -> Tensor:
    """The SR image as it is, or Y that a luma method made of an RGB image with Cb and Cr enlarged by bicubic."""
    return sr if sr.shape[0] >= lr.shape[0] else coloured(sr, enlarge(rgb_to_ycbcr(lr)[1:], scale))


def coloured(y: Tensor, chroma: Tensor) -> Tensor:
    """RGB (3, H, W) of 0..1, double, of a luma method's output (1, H, W) and chroma (2, H, W) of 0..255."""
    full = torch.cat([(y * 255).to(torch.float64), chroma.to(y.device)])
    return ycbcr_to_rgb(full) / 255


def as_fed(method: Method, planes: Tensor) -> Tensor:
    """What ``method`` sees of an image (1 or 3, h, w) of the 0..255 scale: Y of RGB, RGB of grey, or the image. Of
    frames (T, 1 or 3, h, w) likewise."""
    channels = planes.shape[-3]
    if method.card.fed("luma" if channels == 1 else "rgb") == "rgb":
        return planes.expand(*planes.shape[:-3], 3, -1, -1)
    return rgb_to_ycbcr(planes)[..., :1, :, :] if channels == 3 else planes


def lr_of(method: Method, example: Example) -> Tensor:
    """(1 or 3, h, w) on the 0..255 scale: the LR image that ``method`` is fed of an example; of several frames the
    target frame."""
    return example.lr_luma[None] if example.feeds_luma(method) else as_fed(method, example.lr_pixels)


def likelihood(method: Method, example: Example) -> Likelihood:
    """What a probabilistic method says of the HR image of an example, given the LR image that it is fed."""
    hr = example.hr_luma[None] if example.feeds_luma(method) else as_fed(method, example.hr.expand(3, -1, -1))
    method.require_scale(example.scale)
    low, high = (as_batch(planes, method.device) for planes in (lr_of(method, example), hr))
    with torch.no_grad(), contained():
        return method.bits(low, high, example.scale)


def output(method: Method, lr: Tensor, scale: float, target: int = 0, shifts: Tensor | None = None) -> Tensor:
    """Call ``method`` on one image (C, h, w) of the 0..255 scale, uint8 or double, or on frames (T, C, h, w) of which
    one is super-resolved, and hold it to its contract.

    Returns:
        (C, round(scale * h), round(scale * w)) on the 0..1 scale, neither clipped nor rounded, on the method's device:
        a tensor that may be the method's own.

    Raises:
        NotSupportedError: the scale, or an LR image smaller than the method takes.
        OutputError: wrong size or type, NaN or infinite pixels.
        PluginError: the method raised anything else.
    """
    require_size(method, lr.shape[-2:], scale)
    batch = as_batch(lr, method.device)
    with torch.no_grad(), contained():
        result = called(method, batch, scale, target, None if shifts is None else shifts.to(method.device))
    expected = (1, lr.shape[-3], *enlarged_size(lr.shape[-2:], scale))
    return held_to_contract(method, result, expected)


def require_size(method: Method, size: Sequence[int], scale: float) -> None:
    """Raise NotSupportedError unless ``method`` takes LR images of ``size`` (h, w) at ``scale``."""
    method.require_scale(scale)
    if min(size) < method.card.min_size:
        raise NotSupportedError(
            f"{method.card.name} needs LR images of at least {method.card.min_size} pixels a side, "
            f"this one has {size[1]}x{size[0]}"
        )


def held_to_contract(method: Method, result: object, expected: tuple[int, ...]) -> Tensor:
    """What a method returned, without the axis of the batch, if it is finite, floating and has the shape ``expected``.

    Raises:
        OutputError: it is not.
    """
    name = method.card.name
    if not isinstance(result, Tensor) or not result.is_floating_point() or result.layout != torch.strided:
        kind = f"{result.dtype}, {result.layout}" if isinstance(result, Tensor) else type(result).__name__
        raise OutputError(f"{name} returned {kind}, not a floating-point tensor", "see docs/plugins.md")
    if tuple(result.shape) != expected:
        raise OutputError(f"{name} returned shape {tuple(result.shape)} instead of {expected}", "see docs/plugins.md")
    # The sum is not finite if a value is not; the exact look is only for what seems wrong.
    if not math.isfinite(result.sum()) and not torch.isfinite(result).all():
        raise NotFiniteError(name, int(torch.isnan(result).sum()), int(torch.isinf(result).sum()))
    return result[0].detach()  # a method may have asked for gradients
