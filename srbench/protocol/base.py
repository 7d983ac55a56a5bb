"""Evaluation protocols: how HR and SR images become the arrays that metrics see.

The two protocols below cover nearly every published PSNR/SSIM table on Set5, Set14 and BSD100. They differ by
0.01 to 0.09 dB on the same images, enough to swap two methods, so every score carries its protocol's hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal

from srbench.errors import UnknownNameError


@dataclass(frozen=True)
class Protocol:
    """All decisions that turn a pair of images into numbers. Equal hashes mean comparable scores.

    Every protocol cuts the HR image to a multiple of the scale from the top left, clips SR to 0..255, rounds it to
    uint8, and measures on BT.601 studio-range luma.
    """

    name: str
    version: int
    title: str
    working_space: Literal["luma", "rgb"]  # what methods that treat each channel alone are fed
    lr_rounded: bool  # LR is uint8, rounded after each pass of imresize; else floating point
    luma_rounded: bool  # Y is rounded to uint8 before it is compared
    grey_as_rgb: bool  # a grey image is read as three equal channels
    shave: int  # pixels cut from each side before measuring, in multiples of the scale

    @cached_property
    def hash(self) -> str:
        """16 hex digits over every field but the title."""
        fields = {name: value for name, value in asdict(self).items() if name != "title"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


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
PROTOCOLS = {protocol.name: protocol for protocol in (BASICSR, CLASSIC)}


def get(name: str) -> Protocol:
    """The protocol called ``name``; raises UnknownNameError."""
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
