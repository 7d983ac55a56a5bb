"""Evaluation protocols: how HR and SR images become the arrays that metrics see.

The protocols below cover nearly every published PSNR/SSIM table on Set5, Set14 and BSD100. They differ by 0.01 to
0.09 dB on the same images, enough to swap two methods, so every score carries its protocol's hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from srbench.errors import UnknownNameError

Resize = Literal["matlab", "pillow", "opencv"]
Space = Literal["luma", "full-range", "rgb"]
Ssim = Literal["gaussian", "gaussian-padded", "uniform"]


@dataclass(frozen=True)
class Protocol:
    """All decisions that turn a pair of images into numbers. Equal hashes mean comparable scores.

    Every protocol cuts the HR image to a multiple of the scale from the top left. Fields with a default came later:
    they enter the hash only where they differ from it, so the hashes of older scores stay.
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

    @cached_property
    def hash(self) -> str:
        """16 hex digits over every field but the title."""
        decisions = {name: value for name, value in self.described().items() if name != "title"}
        return hashlib.sha256(json.dumps(decisions, sort_keys=True).encode()).hexdigest()[:16]

    def described(self) -> dict[str, Any]:
        """The fields by name, without those that have their default."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def border(self, scale: int) -> int:
        """Pixels cut from each side of an HR image at ``scale``."""
        return self.shave * scale + self.shave_pixels


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
