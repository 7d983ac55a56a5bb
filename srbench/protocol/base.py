"""Evaluation protocols: how HR and SR images become the arrays that metrics see.

The protocols below cover nearly every published PSNR/SSIM table on Set5, Set14 and BSD100. They differ by 0.01 to
0.09 dB on the same images, enough to swap two methods, so every score carries its protocol's hash.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple

from srbench.errors import UnknownNameError
from srbench.scale import enlarged, exact

Resize = Literal["matlab", "pillow", "opencv"]
Space = Literal["luma", "full-range", "rgb"]
Ssim = Literal["gaussian", "gaussian-padded", "uniform"]
Cut = Literal["multiple", "floor"]

_STEPS = (1, 2, 5, 10, 20)


class Sizes(NamedTuple):
    """(height, width) of what is measured of an HR image, cut from the top left, and of its LR image."""

    hr: tuple[int, int]
    lr: tuple[int, int]


@dataclass(frozen=True)
class Protocol:
    """All decisions that turn a pair of images into numbers. Equal hashes mean comparable scores.

    Every protocol cuts the HR image from the top left to sizes that its LR image explains (:meth:`sizes`). Fields with
    a default came later: they enter the hash only where they differ from it, so the hashes of older scores stay.
    """

    name: str
    version: int
    title: str
    working_space: Literal["luma", "rgb"]  # what methods that treat each channel alone are fed
    lr_rounded: bool  # LR is uint8, rounded after each pass of imresize; else floating point
    luma_rounded: bool  # Y is rounded to uint8 before it is compared
    grey_as_rgb: bool  # a grey image is read as three equal channels
    shave: int  # pixels cut from each side before measuring, in multiples of the scale
    shave_pixels: int = 0  # pixels cut from each side beyond those
    resize: Resize = "matlab"  # whose bicubic makes the LR images
    space: Space = "luma"  # what is measured: Y of BT.601 (16..235), Y of 0..255, or all three channels
    sr_rounded: bool = True  # SR, clipped to 0..255, is rounded to uint8 before it is measured
    ssim: Ssim = "gaussian"  # MATLAB's; the same over the padded image; scikit-image's default, 7x7
    cut: Cut = "multiple"  # the rule of sizes: the HR image is cut first, or the LR image is what fits in it

    @cached_property
    def hash(self) -> str:
        """16 hex digits over every field but the title."""
        decisions = {name: value for name, value in self.described().items() if name != "title"}
        return hashlib.sha256(json.dumps(decisions, sort_keys=True).encode()).hexdigest()[:16]

    def described(self) -> dict[str, Any]:
        """The fields by name, without those that have their default."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def border(self, scale: float) -> int:
        """Pixels cut from each side of an HR image at ``scale``, whose fractions are rounded up."""
        return self.shave * math.ceil(scale) + self.shave_pixels

    def sizes(self, scale: float, height: int, width: int) -> Sizes:
        """What is measured of an HR image of that size at ``scale``, and the size of its LR image.

        At whole scales both rules cut the HR image to a multiple of the scale. At others 'multiple' cuts it to a
        multiple of the smallest whole number of pixels that steps of 1, 2, 5, 10 or 20 LR pixels make (ArbSR's
        gen_LR_img.m), and 'floor' has an LR image of floor(size / scale) and cuts the HR image to that size times the
        scale, rounded (LIIF's test code). An image may be too small to leave anything: then sizes are 0.
        """
        ratio = exact(scale)

        def side(length: int) -> tuple[int, int]:
            if self.cut == "floor":
                low = math.floor(length / ratio)
                return enlarged(low, scale), low
            step = next((n for n in _STEPS if (n * ratio).denominator == 1), ratio.denominator)
            # Divided as the script does, in floating point: at x1.6 it cuts 280 pixels to 272.
            whole = math.floor(length / step / scale)
            return int(whole * step * ratio), whole * step

        (hr_height, lr_height), (hr_width, lr_width) = side(height), side(width)
        return Sizes((hr_height, hr_width), (lr_height, lr_width))


CLASSIC = Protocol(
    name="classic",
    version=1,
    title="MATLAB line (SRCNN, VDSR, LapSRN): rounded Y, LR of Y not rounded, shave = scale",
    working_space="luma",
    lr_rounded=False,
    luma_rounded=True,
    grey_as_rgb=False,
    shave=1,
)
BASICSR = Protocol(
    name="basicsr",
    version=1,
    title="Python line (EDSR, RCAN, SwinIR): uint8 RGB, Y not rounded, shave = scale",
    working_space="rgb",
    lr_rounded=True,
    luma_rounded=False,
    grey_as_rgb=True,
    shave=1,
)
MATLAB_RGB = Protocol(
    name="matlab-rgb",
    version=1,
    title="MATLAB line in colour (LapSRN's script): LR of RGB not rounded, uint8 RGB, Y not rounded, shave = scale",
    working_space="rgb",
    lr_rounded=False,
    luma_rounded=False,
    grey_as_rgb=False,
    shave=1,
)
PROTOCOLS = {protocol.name: protocol for protocol in (BASICSR, CLASSIC, MATLAB_RGB)}


def get(name: str) -> Protocol:
    """The protocol called ``name``; raises UnknownNameError."""
    if not isinstance(name, str) or name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
