"""Evaluation protocols: how HR and SR images become the arrays that metrics see.

Each is a file of TOML in ``srbench/protocols`` or a user's own (:mod:`srbench.protocol.named`). They differ by 0.01 to
0.09 dB on the same images, those on RGB by more, enough to swap two methods: every score carries its protocol's hash.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from srbench.scale import enlarged, exact

Resize = Literal["matlab", "pillow", "opencv"]
Space = Literal["luma", "full-range", "rgb"]
Ssim = Literal["gaussian", "gaussian-padded", "uniform"]
Cut = Literal["multiple", "floor"]

FOLDER = Path(__file__).resolve().parents[1] / "protocols"
"""Where the files of the protocols that come with srbench are."""

_STEPS = (1, 2, 5, 10, 20)
_FOR_PEOPLE = ("title", "source")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST = {"shave": 16, "shave_pixels": 1024, "skip_frames": 100}


class Sizes(NamedTuple):
    """(height, width) of what is measured of an HR image, cut from the top left, and of its LR image."""

    hr: tuple[int, int]
    lr: tuple[int, int]


@dataclass(frozen=True)
class Protocol:
    """All decisions that turn a pair of images into numbers. Equal hashes mean comparable scores.

    ``version`` is increased by one where a decision changes under one name. ``title`` and ``source`` (who evaluates so:
    a paper, or a file of its code) are for people.

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
    skip_frames: int = 0  # frames at both ends of a clip that are not measured
    source: str = ""

    @cached_property
    def hash(self) -> str:
        """16 hex digits over every field but title and source."""
        decisions = {name: value for name, value in self.described().items() if name not in _FOR_PEOPLE}
        return hashlib.sha256(json.dumps(decisions, sort_keys=True).encode()).hexdigest()[:16]

    def decisions(self) -> dict[str, Any]:
        """Every field by name but those that say what the protocol is called."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "version", *_FOR_PEOPLE)}

    def described(self) -> dict[str, Any]:
        """The fields by name, without those that have their default."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """What is out of range or contradicts itself: the field, what is wrong with it, and what to do."""
        if not _NAME.fullmatch(self.name):
            yield "name", f"'{self.name[:64]}' is no name of a protocol", "use letters, digits, - and _"
        if not 1 <= self.version < 10**9:
            yield "version", f"version = {self.version} is not a number from 1", "count versions: 1, 2, 3"
        if not self.title.strip():
            yield "title", "the title is empty", "say in a line what the protocol is"
        for name, most in _MOST.items():
            if not 0 <= getattr(self, name) <= most:
                yield name, f"{name} = {getattr(self, name)} is not from 0 to {most}", "fix the value"
        if self.working_space == "luma" and self.space != "luma":
            what = f'space = "{self.space}" contradicts working_space = "luma", under which SR images are Y alone'
            yield "space", what, 'write working_space = "rgb"'
        if self.working_space == "luma" and self.lr_rounded:
            what = 'lr_rounded = true contradicts working_space = "luma", whose LR images of Y are not rounded'
            yield "lr_rounded", what, 'write lr_rounded = false, or working_space = "rgb"'
        if self.space == "rgb" and self.luma_rounded:
            what = 'luma_rounded = true contradicts space = "rgb", under which no Y is measured'
            yield "luma_rounded", what, "write luma_rounded = false"

    def border(self, scale: float) -> int:
        """Pixels cut from each side of an HR image at ``scale``, whose fractions are rounded up."""
        return self.shave * math.ceil(scale) + self.shave_pixels

    def measures(self, number: int, frames: int) -> bool:
        """Whether the frame ``number``, from 0, of a clip of so many ``frames`` is measured."""
        return self.skip_frames <= number < frames - self.skip_frames

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
            # Divided as the script does, in floating point: at x1.6 it cuts 344 pixels to 336.
            whole = math.floor(length / step / scale)
            return int(whole * step * ratio), whole * step

        (hr_height, lr_height), (hr_width, lr_width) = side(height), side(width)
        return Sizes((hr_height, hr_width), (lr_height, lr_width))


def shipped(name: str) -> Protocol:
    """One that comes with srbench. Its file is known to be right, and is read without msgspec, which `srbench train`
    and `srbench time` do without."""
    return Protocol(**tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


BASICSR, CLASSIC, MATLAB_RGB = map(shipped, ("basicsr", "classic", "matlab-rgb"))
