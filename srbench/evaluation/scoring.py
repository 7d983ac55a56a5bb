"""One cell: an HR image is degraded, super-resolved and measured, exactly as its protocol says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from srbench.degradation.named import Degradation
from srbench.errors import ImageError, NotSupportedError, OutputError
from srbench.imaging.color import grey, levels, luma, luma_of_levels, rgb_to_ycbcr, round_half_up, ycbcr_to_rgb
from srbench.imaging.images import Pixels
from srbench.imaging.resize import imresize
from srbench.method.base import Likelihood, Method
from srbench.metrics import Comparison, Measurement, Metric
from srbench.protocol.base import Protocol
from srbench.records import Score


class HrImage:
    """One HR image under one protocol, whole: what all its scales share. Nothing in it changes.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
    """

    def __init__(self, pixels: Pixels, protocol: Protocol) -> None:
        self.protocol = protocol
        planes = torch.from_numpy(pixels.copy() if not pixels.flags.writeable else pixels)
        # (1 or 3, H, W) uint8
        self.planes = (planes[None] if planes.ndim == 2 else planes.permute(2, 0, 1)).contiguous()
        if planes.ndim == 2 and protocol.grey_as_rgb:
            self.planes = self.planes.repeat(3, 1, 1)
        self._made: dict[tuple[str, torch.device], Tensor] = {}

    @property
    def grey_as_grey(self) -> bool:
        return self.planes.shape[0] == 1

    @cached_property
    def luma(self) -> Tensor:
        """(H, W) double: BT.601 Y; of a grey image read as grey, its pixels."""
        y = self.planes[0].to(torch.float64) if self.grey_as_grey else luma(self.planes)
        return round_half_up(y) if self.protocol.luma_rounded else y

    def of_luma(self, key: str, make: Callable[[Tensor], Tensor], device: torch.device) -> Tensor:
        """What ``make`` makes of the luma on ``device``, made once for all scales and methods."""
        if (key, device) not in self._made:
            self._made[key, device] = make(self.luma.to(device))
        return self._made[key, device]


class Example:
    """One image at one scale: the HR image as it is measured, and its LR images.

    All tensors are on the 0..255 scale. Made once and shared by all methods; nothing in it changes.

    Raises:
        ImageError: the image is too small to leave a pixel after it is cut and its border shaved.
    """

    def __init__(self, image: HrImage, scale: int, degradation: Degradation) -> None:
        whole_height, whole_width = image.planes.shape[-2:]
        height, width = whole_height // scale * scale, whole_width // scale * scale
        self.image, self.protocol = image, image.protocol
        self.scale, self.degradation = scale, degradation
        self.shave = self.protocol.shave * scale
        if min(height, width) <= 2 * self.shave:
            raise ImageError(
                f"an image of {whole_width}x{whole_height} is too small at x{scale}: "
                f"nothing is left after {self.shave} pixels are shaved from each side",
                "use a larger image or a smaller scale",
            )
        self.hr = image.planes[:, :height, :width]  # (1 or 3, H, W) uint8

    @property
    def grey_as_grey(self) -> bool:
        return self.image.grey_as_grey

    @property
    def hr_luma(self) -> Tensor:
        """(H, W) double: BT.601 Y of the HR image; of a grey image read as grey, its pixels."""
        return self.image.luma[: self.hr.shape[-2], : self.hr.shape[-1]]

    def filtered_hr(self, key: str, window: Callable[[Tensor], Tensor], device: torch.device) -> Tensor:
        """``window(hr_luma)`` with the border shaved, on ``device``; made once for all scales and methods.

        Args:
            window: a filter of windows of n x n pixels, (H, W) to (H - n + 1, W - n + 1), that ``key`` names.
        """
        whole = self.image.of_luma(key, window, device)
        lost = self.image.planes.shape[-1] - whole.shape[-1]
        height, width = (n - self.shave - lost for n in self.hr.shape[-2:])
        return whole[self.shave : height, self.shave : width]

    def luma_of(self, sr: Tensor) -> Tensor:
        """(H, W) double: Y of an SR image as :func:`super_resolve` returns it, or of the same numbers as uint8."""
        if sr.shape[0] == 1:
            y = sr[0].to(torch.float64)
        elif self.grey_as_grey:
            # A colour method on a grey image: its Y is compared with grey values, so it must be full range too.
            y = grey(sr)
        else:
            y = luma_of_levels(sr)
        return round_half_up(y) if self.protocol.luma_rounded else y

    @cached_property
    def lr_luma(self) -> Tensor:
        """(h, w) double: the LR image of Y, for protocols that degrade Y."""
        return self.degradation(self.hr_luma, self.scale)

    @cached_property
    def lr_pixels(self) -> Tensor:
        """(3, h, w) RGB: uint8 where the protocol rounds LR, else double."""
        rgb = self.hr.expand(3, -1, -1)
        return self.degradation(rgb if self.protocol.lr_rounded else rgb.to(torch.float64), self.scale)

    @cached_property
    def lr_rgb(self) -> Tensor:
        """(3, h, w) double (whole numbers where the protocol rounds LR)."""
        return self.lr_pixels.to(torch.float64)


def super_resolve(method: Method, example: Example) -> Tensor:
    """Run ``method`` on an example under its protocol.

    Returns:
        (1, H, W) where the protocol works on luma and the method can, else (3, H, W): the pixels that are measured and
        kept, whole numbers in 0..255 of a floating type.

    Raises:
        NotSupportedError: the scale, or an LR image smaller than the method takes.
        OutputError: wrong size or type, NaN or infinite pixels.
    """
    colour = method.card.colour
    on_luma = example.protocol.working_space == "luma"
    if colour == "luma" and not on_luma:
        return levels(colour_from_luma(method, example.lr_pixels, example.scale))
    lr = example.lr_luma[None] if on_luma and colour != "rgb" else example.lr_pixels
    return levels(output(method, lr, example.scale))


def likelihood(method: Method, example: Example) -> Likelihood:
    """What a probabilistic method says of the HR image of an example, given the LR image that it is fed."""
    colour = method.card.colour
    if colour == "rgb" or (colour == "any" and example.protocol.working_space != "luma"):
        lr, hr = example.lr_rgb, example.hr.expand(3, -1, -1)
    elif example.protocol.working_space == "luma":
        lr, hr = example.lr_luma[None], example.hr_luma[None]
    else:
        hr = example.hr.expand(3, -1, -1).to(torch.float64)
        lr, hr = rgb_to_ycbcr(example.lr_rgb)[:1], rgb_to_ycbcr(hr)[:1]
    method.require_scale(example.scale)
    low, high = ((planes / 255).to(torch.float32)[None].to(method.device) for planes in (lr, hr))
    with torch.no_grad():
        return method.bits(low, high, example.scale)


def fits(metric: Metric, method: Method) -> bool:
    """Whether there is anything that ``metric`` could measure of ``method``: bits take a likelihood."""
    return method.has_likelihood or not metric.needs_likelihood


def colour_from_luma(method: Method, lr_rgb: Tensor, scale: int) -> Tensor:
    """Y by the method, Cb and Cr by bicubic, as the papers of luma methods do: (3, h, w) RGB on the 0..255 scale to
    (3, H, W) double on the 0..1 scale, neither clipped nor rounded."""
    ycbcr = rgb_to_ycbcr(lr_rgb)
    y = call(method, ycbcr[:1], scale)
    chroma = imresize(ycbcr[1:], scale).to(y.device)
    return ycbcr_to_rgb(torch.cat([y.to(torch.float64), chroma])) / 255


def call(method: Method, lr: Tensor, scale: int) -> Tensor:
    """Call ``method`` on one image (C, h, w) of the 0..255 scale, uint8 or double, and hold it to its contract.

    Returns:
        (C, scale * h, scale * w) on the 0..255 scale, neither clipped nor rounded, on the method's device.
    """
    return output(method, lr, scale) * 255


def output(method: Method, lr: Tensor, scale: int) -> Tensor:
    """As :func:`call`, on the 0..1 scale: a tensor that may be the method's own."""
    method.require_scale(scale)
    name = method.card.name
    if min(lr.shape[-2:]) < method.card.min_size:
        raise NotSupportedError(
            f"{name} needs LR images of at least {method.card.min_size} pixels a side, "
            f"this one has {lr.shape[-1]}x{lr.shape[-2]}"
        )
    batch = (lr / 255).to(torch.float32)[None].to(method.device)
    with torch.no_grad():
        result = method.upscale(batch, scale)
    expected = (1, lr.shape[0], scale * lr.shape[1], scale * lr.shape[2])
    if not isinstance(result, Tensor) or not result.is_floating_point():
        kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
        raise OutputError(f"{name} returned {kind}, not a floating-point tensor", "see docs/plugins.md")
    if tuple(result.shape) != expected:
        raise OutputError(f"{name} returned shape {tuple(result.shape)} instead of {expected}", "see docs/plugins.md")
    # The sum is not finite if a value is not; the exact look is only for what seems wrong.
    if not math.isfinite(result.sum()) and not torch.isfinite(result).all():
        bad = int((~torch.isfinite(result)).sum())
        raise OutputError(f"{name} returned {bad} NaN or infinite values", "look for a division or an overflow")
    return result[0].detach()  # a method may have asked for gradients


def compare(sr: Tensor, example: Example) -> Comparison:
    """What metrics see, from an SR image as :func:`super_resolve` returns it."""
    cut = slice(example.shave, -example.shave or None)
    hr_luma = example.hr_luma.to(sr.device)
    return Comparison(example.luma_of(sr)[cut, cut], hr_luma[cut, cut], sr, example)


def measure(metric: Metric, pair: Comparison) -> Score:
    """The score of one pair; values that cannot be averaged, and errors, are marked, not raised."""
    size = pair.sr.shape[-2:] if metric.needs_colour and pair.sr is not None else pair.sr_luma.shape
    if min(size) < metric.min_size:
        have = f"this image has {size[1]}x{size[0]}"
        return _without_value(metric, "too small", f"needs at least {metric.min_size} pixels a side, {have}")
    try:
        result = metric.compute(pair)
        extra = json.dumps(dict(result.extra)) if isinstance(result, Measurement) else ""
        value = float(result)
    except ImageError as error:
        return _without_value(metric, "too small", str(error))
    except Exception as error:
        return _without_value(metric, "error", " ".join(f"{type(error).__name__}: {error}".split()))
    if math.isnan(value):
        return Score(metric.name, metric.version, value, "nan")
    return Score(metric.name, metric.version, value, "identical" if math.isinf(value) else "ok", extra)


def _without_value(metric: Metric, status: str, reason: str) -> Score:
    return Score(metric.name, metric.version, math.nan, status, json.dumps({"message": reason}))
