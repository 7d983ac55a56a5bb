"""HR and LR images as a protocol has them: what methods are fed, and what their images are compared with."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from srbench.degradation.named import Degradation
from srbench.errors import ImageError
from srbench.evaluation.resizers import burst, degraded
from srbench.evaluation.window import Frames, seen
from srbench.imaging.color import full_range, grey, luma, luma_of_levels, round_half_up
from srbench.imaging.images import Pixels
from srbench.method.base import Method
from srbench.protocol.base import Protocol, Resize

_T = TypeVar("_T")


def planes_of(pixels: Pixels) -> Tensor:
    """(H, W) or (H, W, 3) pixels as (1 or 3, H, W): a view where the pixels may be written to, else of a copy."""
    planes = torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy())
    return planes[None] if planes.ndim == 2 else planes.permute(2, 0, 1)


_Make = Callable[[Tensor, float, Degradation, Resize], Tensor]  # HR to LR, or to LR frames


class HrImage:
    """One HR image under one protocol, whole: what all its scales share. Nothing in it changes.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
    """

    def __init__(self, pixels: Pixels, protocol: Protocol) -> None:
        self.protocol = protocol
        self.planes = planes_of(pixels).contiguous()  # (1 or 3, H, W) uint8
        if pixels.ndim == 2 and protocol.grey_as_rgb:
            self.planes = self.planes.repeat(3, 1, 1)
        self._made: dict[tuple[str, torch.device], Tensor] = {}

    def under(self, protocol: Protocol) -> HrImage:
        """The same image under a protocol that differs in nothing but what is done with LR and SR images and the
        border: all that was made of it is shared.

        Raises:
            ValueError: the protocol reads or measures HR images differently.
        """
        if reading(protocol) != reading(self.protocol):
            raise ValueError(f"{protocol.name} does not read an HR image as {self.protocol.name} does")
        other = copy.copy(self)
        other.protocol = protocol
        return other

    @property
    def grey_as_grey(self) -> bool:
        return self.planes.shape[0] == 1

    @cached_property
    def luma(self) -> Tensor:
        """(H, W) double: BT.601 Y; of a grey image read as grey, its pixels."""
        y = self.planes[0].to(torch.float64) if self.grey_as_grey else luma(self.planes)
        return round_half_up(y) if self.protocol.luma_rounded else y

    @cached_property
    def measured(self) -> Tensor:
        """What SR images are compared with: (H, W), or (3, H, W) where all channels are measured, double."""
        if self.grey_as_grey or self.protocol.space == "luma":
            return self.luma
        if self.protocol.space == "rgb":
            return self.planes.to(torch.float64)
        y = full_range(self.planes)
        return round_half_up(y) if self.protocol.luma_rounded else y

    def of_measured(self, key: str, make: Callable[[Tensor], Tensor], device: torch.device) -> Tensor:
        """What ``make`` makes of :attr:`measured` on ``device``, made once for all scales and methods."""
        if (key, device) not in self._made:
            self._made[key, device] = make(self.measured.to(device))
        return self._made[key, device]


def reading(protocol: Protocol) -> tuple[object, ...]:
    """The decisions of a protocol by which HR pixels become what is measured."""
    return protocol.grey_as_rgb, protocol.luma_rounded, protocol.space


class Example:
    """One image at one scale: the HR image as it is measured, and its LR images.

    All tensors are on the 0..255 scale. Made once and shared by all methods; nothing in it changes.

    Raises:
        ImageError: the image is too small to leave a pixel after it is cut and its border shaved.
    """

    def __init__(self, image: HrImage, scale: float, degradation: Degradation) -> None:
        whole_height, whole_width = image.planes.shape[-2:]
        self.image, self.protocol = image, image.protocol
        self.scale, self.degradation = scale, degradation
        height, width = self.cut(whole_height, whole_width)
        self.shave = self.protocol.border(scale)
        if min(height, width) <= 2 * self.shave:
            raise ImageError(
                f"an image of {whole_width}x{whole_height} is too small at x{scale}: "
                f"nothing is left after {self.shave} pixels are shaved from each side",
                "use a larger image or a smaller scale",
            )
        self.hr = image.planes[:, :height, :width]  # (1 or 3, H, W) uint8

    def cut(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of what is measured of an HR image of that size, from the top left."""
        return self.protocol.sizes(self.scale, height, width).hr

    @property
    def grey_as_grey(self) -> bool:
        return self.image.grey_as_grey

    @property
    def picture(self) -> Tensor:
        """(1 or 3, H, W) uint8: what SR images are pictures of."""
        return self.hr

    @property
    def hr_luma(self) -> Tensor:
        """(H, W) double: BT.601 Y of the HR image; of a grey image read as grey, its pixels."""
        return self.image.luma[: self.hr.shape[-2], : self.hr.shape[-1]]

    @property
    def hr_measured(self) -> Tensor:
        """What SR images are compared with: (H, W), or (3, H, W) where all channels are measured, double."""
        return self.image.measured[..., : self.hr.shape[-2], : self.hr.shape[-1]]

    def filtered_hr(self, key: str, window: Callable[[Tensor], Tensor], device: torch.device) -> Tensor:
        """``window(hr_measured)`` with the border shaved, on ``device``; made once for all scales and methods.

        Args:
            window: a filter of windows of n x n pixels, (..., H, W) to (..., H - n + 1, W - n + 1), that ``key`` names.
        """
        whole = self.image.of_measured(key, window, device)
        lost = self.image.planes.shape[-1] - whole.shape[-1]
        height, width = (n - self.shave - lost for n in self.hr.shape[-2:])
        return whole[..., self.shave : height, self.shave : width]

    def beside(self, previous: Any, key: str, make: Callable[[], _T]) -> _T:
        """What ``make`` makes of this HR image and ``previous``, the example of the frame before; made once for all
        methods, as long as both are at hand."""
        kept = self._beside.get(key)
        if kept is None or kept[0]() is not previous:
            # Not the frame before itself: each would keep its own, and a clip all of its frames.
            self._beside[key] = kept = (weakref.ref(previous), make())
        value: _T = kept[1]
        return value

    @cached_property
    def _beside(self) -> dict[str, tuple[Callable[[], Any], Any]]:
        return {}

    def luma_of(self, sr: Tensor) -> Tensor:
        """(H, W) double: Y of an SR image as :func:`super_resolve` returns it, or of the same numbers as uint8."""
        if sr.shape[0] == 1:
            return sr[0].to(torch.float64)  # rounded where the protocol rounds SR images: Y is all there is
        if self.grey_as_grey:
            # A colour method on a grey image: its Y is compared with grey values, so it must be full range too.
            y = grey(sr)
        else:
            y = luma_of_levels(sr) if self.protocol.sr_rounded else luma(sr)
        return self._rounded(y)

    def measured_of(self, sr: Tensor) -> Tensor:
        """What is measured of an SR image as :func:`super_resolve` returns it: as :attr:`hr_measured`."""
        if sr.shape[0] == 1 or self.grey_as_grey or self.protocol.space == "luma":
            return self.luma_of(sr)
        if self.protocol.space == "rgb":
            return sr.to(torch.float64)
        return self._rounded(full_range(sr))

    def _rounded(self, y: Tensor) -> Tensor:
        return round_half_up(y) if self.protocol.luma_rounded else y

    @cached_property
    def lr_luma(self) -> Tensor:
        """(h, w) double: the LR image of Y, for protocols that degrade Y, or of a grey image read as grey. Of a
        degradation that works on RGB, Y of the LR image, rounded.

        Whole numbers where the protocol rounds LR.
        """
        return self._rounded_luma(self.lr_pixels) if self.degradation.on_rgb else self._luma_made(degraded)

    @cached_property
    def lr_pixels(self) -> Tensor:
        """(3, h, w) RGB: uint8 where the protocol rounds LR, or the degradation works on 8 bits, else double."""
        return self._pixels_made(degraded)

    def _rounded_luma(self, pixels: Tensor) -> Tensor:
        return round_half_up((grey if self.grey_as_grey else luma)(pixels))

    def _luma_made(self, make: _Make) -> Tensor:
        y = self.hr_luma
        y = y.to(torch.uint8) if self.protocol.lr_rounded and self.grey_as_grey else y
        return make(y, self.scale, self.degradation, self.protocol.resize).to(torch.float64)

    def _pixels_made(self, make: _Make) -> Tensor:
        rgb = self.hr.expand(3, -1, -1)
        rgb = rgb if self.protocol.lr_rounded or self.degradation.on_rgb else rgb.to(torch.float64)
        return make(rgb, self.scale, self.degradation, self.protocol.resize)

    @cached_property
    def lr_rgb(self) -> Tensor:
        """(3, h, w) double (whole numbers where the protocol rounds LR)."""
        return self.lr_pixels.to(torch.float64)

    @property
    def frames(self) -> int:
        """How many LR frames there are: those of a burst, else 1."""
        return self.degradation.frames

    @cached_property
    def burst_luma(self) -> Tensor:
        """(frames, h, w) double: as :attr:`lr_luma`, which is the first."""
        return self._rounded_luma(self.burst_pixels) if self.degradation.on_rgb else self._luma_made(burst)

    @cached_property
    def burst_pixels(self) -> Tensor:
        """(frames, 3, h, w) RGB: as :attr:`lr_pixels`, which is the first."""
        return self._pixels_made(burst)

    def feeds_luma(self, method: Method) -> bool:
        """Whether ``method`` is fed the LR image of Y that the protocol made, or of a grey image the grey LR image."""
        return (self.protocol.working_space == "luma" or self.grey_as_grey) and method.card.fed("luma") == "luma"

    def frames_of(self, method: Method) -> Frames:
        """The LR frames that ``method`` is given; of a method of one image the LR image alone.

        Raises:
            NotSupportedError: there are fewer frames than it takes.
        """
        taken, as_luma = seen(method.card, self.frames), self.feeds_luma(method)
        if taken == 1:
            return Frames(self.lr_luma[None, None] if as_luma else self.lr_pixels[None])
        planes = self.burst_luma[:, None] if as_luma else self.burst_pixels
        told = method.card.uses_shifts and not self.degradation.blind
        return Frames(planes[:taken], 0, self.degradation.shifts(self.scale)[:taken] if told else None)
