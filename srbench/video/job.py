"""One clip through one method: read, super-resolved and written frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from srbench.machine import resolve_device
from srbench.method.base import Method, MethodContext, prepare
from srbench.video.clip import Clip, Frame, Say
from srbench.video.upscaling import Feeding
from srbench.video.writing import Target


@dataclass(frozen=True)
class Done:
    """How many frames the clip has, how many of them were written before, and the mean share of values of the others
    that were out of range."""

    frames: int
    before: int
    out_of_range: float


def upscale_clip(
    method: Method,
    clip: Clip,
    target: Target,
    scale: float,
    *,
    feeding: Feeding,
    device: str = "auto",
    seed: int = 0,
    say: Say = lambda line: None,
    begin: Callable[[int], None] = lambda before: None,
    frame_done: Callable[[Frame], None] = lambda frame: None,
) -> Done:
    """Super-resolve what ``target`` does not have of ``clip``. What is held does not grow with the clip's length.

    Args:
        say: takes lines on what is wrong with the clip.
        begin: called before the first frame that is super-resolved, with how many before it were there.
        frame_done: called when a frame was written.

    Raises:
        SrbenchError: a frame cannot be used, the method failed, or it does not support the scale.
        OSError: a file cannot be written.
    """
    method.require_scale(scale)
    prepare(method, scale, MethodContext(resolve_device(device), seed))
    seen = before = 0
    share = 0.0
    begun = False

    def wanted(frame: Frame) -> bool:
        nonlocal before, begun
        if target.has(frame):
            before += 1
            return False
        if not begun:
            begin(before)
            begun = True
        return True

    try:
        for result in feeding.upscale(method, clip.frames(say), scale, wanted):
            target.write(result.frame, result.pixels)
            seen += 1
            share += result.out_of_range
            frame_done(result.frame)
        target.finish()
    finally:
        target.close()
    return Done(seen + before, before, share / max(seen, 1))
