"""Frames of a clip of one's own through a method of several frames: the pixels of one of them, or of all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from srbench.evaluation.inference import as_fed, held_to_contract, out_of_range, require_size
from srbench.evaluation.pixels import as_pixels, in_colour, planes_of
from srbench.evaluation.strips import Strip
from srbench.foreign.contained import contained
from srbench.imaging.samples import Deep
from srbench.method.base import Method, as_batch
from srbench.scale import enlarged_size


def one_of(method: Method, frames: Sequence[Deep], target: int, scale: float) -> Strip:
    """Super-resolve one of several frames with the help of the others, fed as the card says.

    Args:
        frames: (H, W) or (H, W, 3) each, uint8 or uint16, of one size, in order of time.

    Raises:
        NotSupportedError: the scale, or frames smaller than the method takes.
        OutputError: the method does not keep its contract.
    """
    fed = _fed(method, frames, scale)
    with torch.no_grad(), contained():
        result = method.upscale_frames(fed[None], target, scale)
    sr = held_to_contract(method, result, (1, *_size(fed, scale)))
    return _finished(sr, frames[target], scale)


def all_of(method: Method, frames: Sequence[Deep], scale: float) -> list[Strip]:
    """As :func:`one_of` of each frame, by a recurrent method, which is given them in order."""
    fed = _fed(method, frames, scale)
    with torch.no_grad(), contained():
        result = method.upscale_clip(fed, scale)
    expected = (1, len(frames), *_size(fed, scale))
    sr = held_to_contract(method, result[None] if isinstance(result, Tensor) else result, expected)
    return [_finished(own, frame, scale) for own, frame in zip(sr, frames, strict=True)]


def _fed(method: Method, frames: Sequence[Deep], scale: float) -> Tensor:
    """(T, C, h, w) in [0, 1]: grey frames among those in colour are fed as they are."""
    require_size(method, frames[0].shape[:2], scale)
    colour = any(frame.ndim == 3 for frame in frames)
    fed = [as_fed(method, planes_of(frame)) for frame in frames]
    if colour and method.card.fed("rgb") == "rgb":
        fed = [planes.expand(3, -1, -1) for planes in fed]
    return torch.cat([as_batch(planes, method.device) for planes in fed])


def _size(fed: Tensor, scale: float) -> tuple[int, int, int]:
    height, width = enlarged_size(fed.shape[-2:], scale)
    return fed.shape[1], height, width


def _finished(sr: Tensor, frame: Deep, scale: float) -> Strip:
    sr = in_colour(sr, frame, 0, len(frame), scale)
    return Strip(0, len(frame), as_pixels(sr, frame), out_of_range(sr))
