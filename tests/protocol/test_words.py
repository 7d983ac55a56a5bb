"""A protocol in words says of every field what it decides, and nothing that is not so."""

from dataclasses import fields, replace
from itertools import product
from typing import get_args, get_type_hints

import pytest

from srbench import protocol
from srbench.protocol.base import Protocol
from srbench.protocol.words import describe

HINTS = get_type_hints(Protocol)
NAMING = ("name", "version", "title", "source")
VALUES = {
    field.name: (False, True)
    if HINTS[field.name] is bool
    else (0, 1, 2)
    if HINTS[field.name] is int
    else get_args(HINTS[field.name])
    for field in fields(Protocol)
    if field.name not in NAMING
}


def every():
    """Every combination of fields that a file may have."""
    for values in product(*VALUES.values()):
        rules = Protocol("mine", 1, "Mine", **dict(zip(VALUES, values, strict=True)))
        if not list(rules.faults()):
            yield rules


def test_no_two_that_decide_otherwise_are_described_alike():
    words = {}
    for rules in every():
        words.setdefault(describe(rules), []).append(rules)
    alike = [own for own in words.values() if len(own) > 1]
    assert len(words) > 1000
    assert alike == []


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({"sr_rounded": False}, "SR is clipped to 0..255, not rounded.", "and rounded to 8 bits. PSNR"),
        ({"space": "rgb"}, "PSNR sees all three channels", "PSNR and SSIM see Y"),
        ({"space": "full-range"}, "see Y of 0..255", "16..235"),
        ({"shave_pixels": 6}, "with scale + 6 pixels (the scale rounded up) cut", "up to the border"),
        ({"shave": 0, "shave_pixels": 4}, "with 4 pixels cut", "scale pixels"),
        ({"shave": 0}, "up to the border", "cut from each side"),
        ({"skip_frames": 2}, "Of a clip the first and the last 2 frames are not measured.", "1 frame"),
        ({"cut": "floor"}, "size / scale pixels a side, rounded down", "cut to a multiple"),
        ({"resize": "pillow"}, "Pillow's", "MATLAB's of 8-bit"),
        ({"resize": "opencv", "lr_rounded": False}, "OpenCV's (no antialiasing) in floating point", "8 bits after"),
        ({"ssim": "uniform"}, "uniform 7x7", "Gaussian"),
        ({"ssim": "gaussian-padded"}, "over the padded image", "within the image"),
        ({"grey_as_rgb": False}, "Grey images stay grey", "three equal channels"),
    ],
)
def test_what_a_field_decides_is_said(changes, said, unsaid):
    before, after = describe(protocol.BASICSR), describe(replace(protocol.BASICSR, **changes))
    assert said in after
    assert said not in before
    assert unsaid not in after


def test_classic_in_words():
    assert describe(protocol.CLASSIC) == (
        "MATLAB line (SRCNN, VDSR, LapSRN): rounded Y, LR of Y not rounded, shave = scale. "
        "The HR image is cut to a multiple of the scale (at x2.5 to one of 5 pixels, at x3.1 to one of 31). "
        "Grey images stay grey, and are measured so. "
        "Methods that work on luma, or on each channel alone, are fed the LR image of Y (rounded); others that of RGB. "
        "Bicubic LR images are MATLAB's in floating point, not rounded. "
        "SR is clipped to 0..255 and rounded to 8 bits. "
        "PSNR and SSIM see Y of BT.601 (16..235), rounded, with scale pixels (the scale rounded up) cut from each "
        "side. SSIM's window is MATLAB's, Gaussian 11x11, within the image."
    )
