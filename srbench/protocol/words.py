"""A protocol in words, for readers of its scores."""

from __future__ import annotations

from srbench.protocol.base import Protocol


def describe(rules: Protocol) -> str:
    """All its decisions, from its fields."""
    parts = [
        f"{rules.title}.",
        "The original is cut to a multiple of the scale.",
        "Grey images are read as three equal channels." if rules.grey_as_rgb else "Grey images stay grey.",
        {
            "luma": "Methods that treat each channel alone are fed Y.",
            "rgb": "Methods that treat each channel alone are fed RGB.",
        }[rules.working_space],
        "The small image is rounded to 8 bits" if rules.lr_rounded else "The small image is not rounded",
        "(rows first, then columns, as MATLAB does)." if rules.lr_rounded else "(floating point).",
        "The output is clipped to 0..255 and rounded to 8 bits.",
        f"PSNR and SSIM see BT.601 studio-range Y, {'rounded' if rules.luma_rounded else 'not rounded'},",
        f"without {rules.shave} × scale pixels at each border.",  # noqa: RUF001
    ]
    return " ".join(parts)
