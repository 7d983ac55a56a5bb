"""Two curves beside each other: PSNR against the number of frames, and against the error of the shifts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.experiments.burst.study import ALONE, SCALE, Measured, Point, Settings
from srbench.files import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")  # Okabe and Ito: told apart by all eyes
_MARKS = "osD^vP"


def write_picture(path: Path, settings: Settings, titles: Mapping[str, str], measured: Measured) -> None:
    """Write a PNG.

    Args:
        titles: of the methods, by name, in the order of their curves; the method of one frame is a dashed line.
    """
    from matplotlib.figure import Figure  # late: it takes a second

    figure = Figure(figsize=(10, 4.4), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for place, name in enumerate(name for name in titles if name != ALONE):
        style = {"color": _COLOURS[place % 6], "marker": _MARKS[place % 6], "markersize": 4, "label": titles[name]}
        _draw(left, {p.frames: psnr for p, psnr in _of(measured, name).items() if p.error == 0}, style)
        _draw(right, {p.error: psnr for p, psnr in _of(measured, name).items() if p.frames == settings.at}, style)
    for axes in (left, right):
        for point, psnr in measured.items():
            if point.method == ALONE:
                axes.axhline(psnr, color="0.3", linestyle="--", label=f"{titles[ALONE]} of one frame")
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    left.set(xlabel="frames", ylabel="PSNR (dB)", title="more frames, shifts known")
    right.set(xlabel="error of the shifts (LR pixels)", title=f"{settings.at} frames, shifts wrong")
    left.legend(frameon=False, fontsize="small")
    figure.suptitle(f"burst > {settings.chain}, x{SCALE}, {settings.images} images of {settings.data}")
    with replace_file(path) as stream:
        figure.savefig(stream, format="png", metadata={"Software": None})


def _of(measured: Measured, method: str) -> dict[Point, float]:
    return {point: psnr for point, psnr in measured.items() if point.method == method}


def _draw(axes: Axes, curve: Mapping[float, float], style: Mapping[str, Any]) -> None:
    """A curve; nothing where no more than one point is known, as of a method that is not told the shifts."""
    if len(curve) > 1:
        axes.plot(sorted(curve), [curve[at] for at in sorted(curve)], **style)
