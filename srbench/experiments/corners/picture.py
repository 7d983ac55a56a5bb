"""The grid of outputs: a row for each network, several outputs of each of a few inputs beside one another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from srbench.experiments.corners.study import DRAWS, Study
from srbench.experiments.corners.task import CANVAS, CORNERS, SIDE, place, to_image
from srbench.files import replace_file

INPUTS = 4
_GAP, _WIDE = 2, 6  # canvas pixels between outputs, and between inputs
_ZOOM = 5  # screen pixels a canvas pixel


def write_picture(path: Path, study: Study, digits: Tensor) -> None:
    """Write a PNG: the inputs with their two answers, then the outputs of every network for them.

    Args:
        digits: the held-out digits (N, 8, 8), grey levels, in the order of ``study.outputs``.
    """
    from matplotlib.figure import Figure  # late: it takes a second

    shown = _spread(len(digits))
    grid = [_row([_task(digits[i]) for i in shown])]
    grid += [_row([study.outputs[row.name][i].numpy() for i in shown]) for row in study.rows]
    gap = np.ones((_GAP, grid[0].shape[1]))
    image = np.concatenate([part for row in grid for part in (row, gap)][:-1])
    height, width = image.shape
    left, dpi = 30, 100
    figure = Figure(figsize=((left + width + 2) * _ZOOM / dpi, (height + 4) * _ZOOM / dpi), dpi=dpi)
    box = (left / (left + width + 2), 2 / (height + 4), width / (left + width + 2), height / (height + 4))
    axes = figure.add_axes(box)
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    labels = ["input, two answers", *(row.title for row in study.rows)]
    axes.set_yticks([(CANVAS + _GAP) * i + CANVAS / 2 - 0.5 for i in range(len(labels))], labels)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    with replace_file(path) as stream:
        figure.savefig(stream, format="png", metadata={"Software": None})


def _spread(count: int) -> list[int]:
    """``INPUTS`` of ``count``, evenly spaced; all if there are fewer."""
    return [int(i) for i in np.linspace(0, count - 1, min(INPUTS, count)).round()]


def _task(digit: Tensor) -> NDArray[np.float32]:
    """(1 + answers, 16, 16): the digit in the middle of grey, and its answers."""
    image, margin = to_image(digit), (CANVAS - SIDE) // 2
    given = np.full((CANVAS, CANVAS), 0.5, np.float32)
    given[margin : margin + SIDE, margin : margin + SIDE] = image.numpy()
    answers = [place(image[None], corner)[0].numpy() for corner in range(len(CORNERS))]
    return np.stack([given, *answers])


def _row(groups: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Groups of canvases (K, 16, 16) to one strip (16, W) with white between them, a place for each of DRAWS."""
    return np.concatenate([np.pad(_group(group), ((0, 0), (0, _WIDE)), constant_values=1) for group in groups], axis=1)


def _group(canvases: NDArray[np.float32]) -> NDArray[np.float32]:
    blank = np.ones((DRAWS - len(canvases), CANVAS, CANVAS), np.float32)
    spaced = np.pad(np.concatenate([canvases, blank]), ((0, 0), (0, 0), (0, _GAP)), constant_values=1)
    return np.concatenate(list(spaced), axis=1)
