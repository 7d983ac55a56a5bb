"""A protocol in words, for readers of its scores."""

from __future__ import annotations

from srbench.protocol.base import Protocol
from srbench.wording import counted

_SIZES = {
    "multiple": "The HR image is cut to a multiple of the scale (at x2.5 to one of 5 pixels, at x3.1 to one of 31).",
    "floor": "The LR image has size / scale pixels a side, rounded down; the HR image is cut to as many times the "
    "scale, rounded.",
}
_GREY = {True: "Grey images are read as three equal channels.", False: "Grey images stay grey, and are measured so."}
_FED = {
    "luma": "Methods that work on luma, or on each channel alone, are fed the LR image of Y ({}); others that of RGB.",
    "rgb": "Methods are fed the LR image of RGB; those that work on luma see its Y, and its Cb and Cr are enlarged by "
    "bicubic.",
}
_LR = {
    ("matlab", True): "Bicubic LR images are MATLAB's of 8-bit pixels, rounded to 8 bits after each pass (rows, then "
    "columns).",
    ("matlab", False): "Bicubic LR images are MATLAB's in floating point, not rounded.",
    ("pillow", True): "Bicubic LR images are Pillow's, of 8 bits.",
    ("pillow", False): "Bicubic LR images are Pillow's in floating point, not rounded.",
    ("opencv", True): "Bicubic LR images are OpenCV's (no antialiasing), rounded to 8 bits.",
    ("opencv", False): "Bicubic LR images are OpenCV's (no antialiasing) in floating point, not rounded.",
}
_SR = {True: "SR is clipped to 0..255 and rounded to 8 bits.", False: "SR is clipped to 0..255, not rounded."}
_MEASURED = {
    "luma": "PSNR and SSIM see Y of BT.601 (16..235), {},",
    "full-range": "PSNR and SSIM see Y of 0..255 (the weights of BT.601), {},",
    "rgb": "PSNR sees all three channels together and SSIM is the mean of the three,",
}
_SSIM = {
    "gaussian": "SSIM's window is MATLAB's, Gaussian 11x11, within the image.",
    "gaussian-padded": "SSIM's window is Gaussian 11x11, over the padded image.",
    "uniform": "SSIM's window is scikit-image's, uniform 7x7.",
}


def describe(rules: Protocol) -> str:
    """All its decisions, from its fields."""
    rounded = "rounded" if rules.luma_rounded else "not rounded"
    return " ".join(
        (
            f"{rules.title}.",
            _SIZES[rules.cut],
            _GREY[rules.grey_as_rgb],
            _FED[rules.working_space].format(rounded),
            _LR[rules.resize, rules.lr_rounded],
            _SR[rules.sr_rounded],
            _MEASURED[rules.space].format(rounded),
            f"{_border(rules)}.",
            _SSIM[rules.ssim],
            *_clips(rules),
        )
    )


def _clips(rules: Protocol) -> list[str]:
    if not rules.skip_frames:
        return []
    return [f"Of a clip the first and the last {counted(rules.skip_frames, 'frame')} are not measured."]


def _border(rules: Protocol) -> str:
    if not rules.shave and not rules.shave_pixels:
        return "up to the border"
    if not rules.shave:
        return f"with {rules.shave_pixels} pixels cut from each side"
    times = "scale" if rules.shave == 1 else f"{rules.shave} × scale"  # noqa: RUF001
    width = f"{times} + {rules.shave_pixels}" if rules.shave_pixels else times
    return f"with {width} pixels (the scale rounded up) cut from each side"
