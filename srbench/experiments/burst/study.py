"""PSNR of methods of several frames, against the number of frames and against the error of the shifts they are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from srbench import dataset
from srbench.degradation import get
from srbench.errors import SrbenchError
from srbench.imaging.color import luma
from srbench.imaging.images import Pixels
from srbench.method import Method, MethodContext, plugins
from srbench.method.base import prepare

CLASSICAL = ("frame-average", "shift-and-add", "multi-frame-back-projection", "multi-frame-tv")
LEARNT = ("vespcn", "rbpn")  # measured where they are installed and have weights
ALONE = "back-projection"  # of the target frame: what several frames have to beat
SCALE = 2


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a study, beside its methods.

    Attributes:
        data: a dataset's name or folder; its first ``images`` images are taken.
        chain: what the moved HR images go through, such as 'down > noise:5'.
        seed: of the shifts, the noise, and the directions of the errors.
        frames: the numbers of frames of the first curve.
        errors: of the second curve, in LR pixels.
        at: frames, where the shifts are told wrongly; at most the largest of ``frames``.
        side: of the middle of an image, HR pixels.
    """

    data: str = "sample"
    images: int = 3
    chain: str = "down > noise:2"
    seed: int = 0
    frames: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16)
    errors: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
    at: int = 8
    side: int = 96


@dataclass(frozen=True)
class Point:
    """One method, with a number of frames whose shifts are told wrongly by ``error`` LR pixels. ``frames`` is 1 for a
    method of one frame."""

    method: str
    frames: int
    error: float


Measured = Mapping[Point, float]  # mean PSNR of Y in dB over the images


def chosen() -> dict[str, tuple[Method, str]]:
    """The methods that are measured and the hash of each (:func:`srbench.method.plugins.identity`), by name; those of
    several frames first. Learnt ones are left out where they are not there."""
    found = {}
    for name in (*CLASSICAL, *LEARNT, ALONE):
        if name in LEARNT and name not in {plugin.name for plugin in plugins.discover()}:
            continue
        (plugin,) = plugins.find(name)
        method = plugins.instantiate(plugin)
        if method.supports(SCALE):
            found[name] = method, plugins.identity(plugin, method)
    return found


def points(settings: Settings, methods: Mapping[str, Method]) -> list[Point]:
    """All that a study measures, those of few frames first; a point of both curves once."""
    wanted = [Point(ALONE, 1, 0.0)]
    several = {name: method.card for name, method in methods.items() if method.card.multi_frame}
    wanted += [
        Point(name, frames, 0.0) for frames in settings.frames for name, card in several.items() if card.takes(frames)
    ]
    wanted += [
        Point(name, settings.at, error)
        for error in settings.errors
        for name, card in several.items()
        if card.takes(settings.at) and card.uses_shifts
    ]
    return list(dict.fromkeys(wanted))


def measure(
    settings: Settings, methods: Mapping[str, Method], wanted: Sequence[Point], on_point: Callable[[Point, float], None]
) -> None:
    """Measure points, and tell each as soon as it is known.

    Raises:
        SrbenchError: the dataset or the chain cannot be used; an image is too small; a method fails.
    """
    degradation = get(f"burst:{max(settings.frames)}:random > {settings.chain}", seed=settings.seed)
    images = list(_parts(settings))
    bursts = [(degradation.burst(image, SCALE) / 255).float()[None] for image in images]
    shifts = degradation.shifts(SCALE)
    directions = np.random.default_rng(settings.seed).uniform(0, 2 * math.pi, len(shifts))
    away = torch.from_numpy(np.stack([np.sin(directions), np.cos(directions)], axis=1))
    away[0] = 0  # the target frame lies where it lies
    for point in wanted:
        method = methods[point.method]
        # A burst of so many frames has the shifts of the first of a longer one, and so has its context.
        prepare(method, SCALE, MethodContext(seed=settings.seed, degradation=degradation))
        told = (shifts + point.error * away)[: point.frames]
        values = [
            _psnr(_upscaled(method, frames[:, : point.frames], told), luma(image))
            for image, frames in zip(images, bursts, strict=True)
        ]
        on_point(point, sum(values) / len(values))


def _parts(settings: Settings) -> Iterator[Tensor]:
    """The middle of every image, (3, side, side) double, 0..255."""
    side = settings.side
    found = dataset.find(settings.data).images
    if len(found) < settings.images:
        raise SrbenchError(f"{settings.data} has {len(found)} images, not {settings.images}", "take fewer: --images")
    for image in found[: settings.images]:
        pixels: Pixels = image.read()
        if min(pixels.shape[:2]) < side:
            raise SrbenchError(
                f"'{image.name}' of {pixels.shape[1]}x{pixels.shape[0]} is too small for this experiment",
                f"take images of at least {side}x{side}",
            )
        top, left = ((length - side) // 2 for length in pixels.shape[:2])
        part = torch.from_numpy(pixels[top : top + side, left : left + side].copy())
        yield (part[None].expand(3, -1, -1) if part.ndim == 2 else part.permute(2, 0, 1)).double()


def _upscaled(method: Method, frames: Tensor, shifts: Tensor) -> Tensor:
    """(H, W) Y of the SR image, 0..255, of frames (1, T, 3, h, w) in [0, 1]."""
    on_luma = method.card.fed("luma") == "luma"
    fed = (luma(frames * 255) / 255)[:, :, None].float() if on_luma else frames
    with torch.no_grad():
        if method.card.multi_frame:
            sr = method.upscale_frames(fed, 0, SCALE, shifts if method.card.uses_shifts else None)
        else:
            sr = method.upscale(fed[:, 0], SCALE)
    levels = (sr[0].double() * 255).clamp(0, 255)
    return levels[0] if on_luma else luma(levels)


def _psnr(sr: Tensor, hr: Tensor) -> float:
    """Of Y, without ``SCALE`` pixels at the border."""
    error = (sr - hr)[SCALE:-SCALE, SCALE:-SCALE].square().mean()
    return float(10 * torch.log10(255**2 / error))
