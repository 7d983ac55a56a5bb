"""What is put around any method and changes its output: overlapping tiles, the self-ensemble of eight views, and the
precision of its network.

Each wraps a method and is one itself, so the evaluation does not know the difference. :mod:`srbench.method.variant`
says which are put around a method, and in which order.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from srbench.errors import NotSupportedError, SrbenchError, SrbenchWarning
from srbench.imaging.memory import out_of_memory
from srbench.method import precision
from srbench.method.base import Likelihood, Method, MethodContext, as_batch
from srbench.method.frames import called, repeated
from srbench.records import TrainingFacts
from srbench.scale import enlarged, enlarged_size, exact
from srbench.weights.files import LoadAudit

SMALLEST_TILE = 16  # LR pixels a side
INFLUENCE = 1e-5  # of [0, 1]: what an output pixel may change without depending on an input pixel
VIEWS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))  # of the self-ensemble
_PROBE = 129  # LR pixels: the largest side on which a receptive field is measured
_thread = threading.local()
_Upscaled = Callable[[Tensor], Tensor]  # images or frames (..., h, w) to SR images


@dataclass
class Watch:
    """What was done inside of :func:`watched`: ``tile`` is the side of the tiles, in LR pixels, in which an image was
    computed because memory ran out; 0 where none was."""

    tile: int = 0


@contextmanager
def watched() -> Iterator[Watch]:
    """Take down what methods of this thread do without being asked."""
    before, _thread.watch = getattr(_thread, "watch", None), Watch()
    try:
        yield _thread.watch
    finally:
        _thread.watch = before


class _Wrapped(Method):
    """A method in place of another; all but what :meth:`_around` does with images, frames and clips is the other's."""

    def __init__(self, inner: Method) -> None:
        self.inner = inner
        self.card = inner.card  # type: ignore[misc]  # the class's own, of another class

    @property
    def context(self) -> MethodContext:
        return self.inner.context

    def prepare(self, scale: float, context: MethodContext) -> None:
        self.inner.prepare(scale, context)

    def load_audits(self) -> list[LoadAudit]:
        return self.inner.load_audits()

    @property
    def chosen_state(self) -> str:
        return self.inner.chosen_state

    @property
    def configuration(self) -> str:
        return self.inner.configuration

    def weight_files(self) -> list[Path]:
        return self.inner.weight_files()

    @property
    def aims_at_pixels(self) -> bool:
        return self.inner.aims_at_pixels

    def training_facts(self) -> dict[float, TrainingFacts]:
        return self.inner.training_facts()

    def bits(self, lr: Tensor, hr: Tensor, scale: float) -> Likelihood:
        return self.inner.bits(lr, hr, scale)

    @property
    def has_likelihood(self) -> bool:
        return self.inner.has_likelihood

    def _around(self, images: Tensor, scale: float, upscaled: _Upscaled) -> Tensor:
        """What comes of ``images`` (..., h, w), which ``upscaled`` super-resolves by the method inside."""
        return upscaled(images)

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return self._around(lr, scale, partial(self.inner.upscale, scale=scale))

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        upscaled = partial(self.inner.upscale_frames, target=target, scale=scale, shifts=shifts)
        return self._around(frames, scale, upscaled)

    def upscale_clip(self, frames: Tensor, scale: float) -> Tensor:
        return self._around(frames, scale, partial(self.inner.upscale_clip, scale=scale))

    @property
    def is_recurrent(self) -> bool:
        return self.inner.is_recurrent

    def supports(self, scale: float) -> bool:
        return self.inner.supports(scale)

    def require_scale(self, scale: float) -> None:
        self.inner.require_scale(scale)


def bare(method: Method) -> Method:
    """The method itself, without what is wrapped around it."""
    while isinstance(method, _Wrapped):
        method = method.inner
    return method


def precision_of(method: Method) -> str:
    """'fp32', or what the network of a wrapped method is cast to."""
    while isinstance(method, _Wrapped):
        if isinstance(method, InPrecision):
            return method.precision
        method = method.inner
    return precision.FULL


class InPrecision(_Wrapped):
    """A method whose network was cast, from :meth:`srbench.method.base.Method.in_precision`."""

    def __init__(self, inner: Method, precision: str) -> None:
        super().__init__(inner)
        self.precision = precision

    @property
    def has_likelihood(self) -> bool:
        return False  # code lengths are those of the probabilities as they were trained

    def _around(self, images: Tensor, scale: float, upscaled: _Upscaled) -> Tensor:
        """As the method's own; NotSupportedError where an operation of its network does not have the type."""
        try:
            return upscaled(images)
        except SrbenchError:
            raise
        except Exception as error:
            if not precision.lacks_type(error):
                raise
            cause = str(error).strip().partition("\n")[0]
            raise NotSupportedError(
                f"{self.card.name} does not compute in {self.precision} on {self.device.type}: {cause}"
            ) from error


class SelfEnsemble(_Wrapped):
    """The mean over the image's eight mirrored and turned views ("+" in the tables of EDSR and later papers)."""

    @property
    def has_likelihood(self) -> bool:
        return False  # the mean of eight models' images is none of them

    def _around(self, images: Tensor, scale: float, upscaled: _Upscaled) -> Tensor:
        return self._mean(images, scale, lambda view, *_: upscaled(view))

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        def upscaled(view: Tensor, turns: int, mirrored: bool) -> Tensor:
            moved = None if shifts is None else shifts_seen_from(shifts, turns, mirrored)
            return self.inner.upscale_frames(view, target, scale, moved)

        return self._mean(frames, scale, upscaled)

    def _mean(self, images: Tensor, scale: float, upscaled: Callable[[Tensor, int, bool], Tensor]) -> Tensor:
        self.require_symmetry(scale)
        total: Tensor | None = None
        for turns, mirrored in VIEWS:
            sr = seen_back(upscaled(seen_from(images, turns, mirrored), turns, mirrored), turns, mirrored)
            total = sr if total is None else total + sr
        assert total is not None
        return total / len(VIEWS)

    def require_symmetry(self, scale: float) -> None:
        """Raise NotSupportedError where views are not degraded as the image is."""
        if not self.degradation.symmetric(scale):
            raise NotSupportedError(
                f"self-ensemble under {self.degradation.name} at x{scale}: the views were not made by the same kernel"
            )


def seen_from(image: Tensor, turns: int, mirrored: bool) -> Tensor:
    """A view of an image (..., H, W): mirrored, then turned by quarter turns."""
    return torch.rot90(image.flip(-1) if mirrored else image, turns, (-2, -1)).contiguous()


def shifts_seen_from(shifts: Tensor, turns: int, mirrored: bool) -> Tensor:
    """Shifts (T, 2) as (dy, dx) in the view that :func:`seen_from` makes."""
    down, right = shifts.unbind(-1)
    right = -right if mirrored else right
    for _ in range(turns % 4):
        down, right = -right, down
    return torch.stack((down, right), dim=-1)


def seen_back(image: Tensor, turns: int, mirrored: bool) -> Tensor:
    """The image of which ``image`` is the view."""
    upright = torch.rot90(image, -turns, (-2, -1))
    return upright.flip(-1) if mirrored else upright


class Tiled(_Wrapped):
    """Overlapping tiles of ``tile`` LR pixels a side, overlap included; of each only the middle is kept.

    The overlap is the method's reach (:func:`reach`), so a convolutional method gives what it gives on the whole
    image. A tile that is smaller than the receptive field has an overlap of a quarter, and the seams may show.
    With ``tile`` = 0 the image is taken whole, unless memory runs out.
    """

    def __init__(self, inner: Method, tile: int) -> None:
        super().__init__(inner)
        self.tile = tile
        self._margins: dict[tuple[int, float], tuple[int, bool]] = {}
        self._warned: set[float] = set()

    def prepare(self, scale: float, context: MethodContext) -> None:
        super().prepare(scale, context)
        if self.tile and scale not in self._warned:  # before workers start, so that it is measured once
            self._warned.add(scale)
            if not self.margin(self.tile, scale)[1]:
                warnings.warn(
                    f"--tile {self.tile} is smaller than the receptive field of {self.card.name} at x{scale}: seams "
                    "are possible",
                    SrbenchWarning,
                    stacklevel=2,
                )

    def margin(self, tile: int, scale: float) -> tuple[int, bool]:
        """Overlap in LR pixels on each side of a tile, and whether it covers the receptive field."""
        key = (tile, scale)
        if key not in self._margins:
            found = reach(self.inner, scale, min(tile, _PROBE))
            covered = found is not None and 2 * found < tile
            self._margins[key] = (found if covered and found is not None else tile // 4, covered)
        return self._margins[key]

    def spans(self, length: int, scale: float) -> list[tuple[int, int, int]]:
        """Tiles along an axis of ``length`` LR pixels as (start of the tile, start and end of what is kept of it)."""
        if not self.tile or length <= self.tile:
            return [(0, 0, length)]
        return _spans(length, *self._aligned(self.tile, self.margin(self.tile, scale)[0], (length,), scale))

    def _aligned(self, tile: int, margin: int, sides: Sequence[int], scale: float) -> tuple[int, int]:
        """Side and overlap of tiles that begin and end between pixels of the SR image, as at every whole scale all do.

        Raises:
            NotSupportedError: the LR image's sides are no such multiples, or no tile of that size is.
        """
        step = exact(scale).denominator
        tile, margin = tile // step * step, -(-margin // step) * step
        if any(side > tile and side % step for side in sides) or tile <= 2 * margin:
            raise NotSupportedError(
                f"{self.card.name} in tiles at x{scale} needs LR images whose sides are multiples of {step}, and tiles "
                f"larger than {2 * margin}",
                "leave out --tile" if self.tile else "cut the image, or use a machine with more memory",
            )
        return tile, margin

    def _around(self, images: Tensor, scale: float, upscaled: _Upscaled) -> Tensor:
        if self.tile:
            return self._in_tiles(images, scale, self.tile, upscaled)
        try:
            return upscaled(images)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
        tile = max(images.shape[-2:])
        while True:
            tile //= 2
            if images.is_cuda:
                torch.cuda.empty_cache()
            try:
                result = self._in_tiles(images, scale, tile, upscaled)
            except (RuntimeError, MemoryError) as error:
                if tile // 2 < SMALLEST_TILE or not out_of_memory(error):
                    raise
                continue
            if (watch := getattr(_thread, "watch", None)) is not None:
                watch.tile = tile
            warnings.warn(
                f"{self.card.name}: not enough memory for {images.shape[-1]}x{images.shape[-2]} pixels at x{scale} at "
                f"once; computed in tiles of {tile} (--tile)",
                SrbenchWarning,
                stacklevel=2,
            )
            return result

    def _in_tiles(self, images: Tensor, scale: float, tile: int, upscaled: _Upscaled) -> Tensor:
        height, width = images.shape[-2:]
        if max(height, width) <= tile:
            return upscaled(images)
        margin, _ = self.margin(tile, scale)
        at = partial(enlarged, scale=scale)
        result: Tensor | None = None
        tile, margin = self._aligned(tile, margin, (height, width), scale)
        for top, upper, lower in _spans(height, tile, margin):
            for left, begin, end in _spans(width, tile, margin):
                piece = images[..., top : top + tile, left : left + tile].contiguous()
                sr = upscaled(piece)
                # (N, C, h, w), or (N, T, C, h, w) of which one frame comes out.
                expected = (len(piece), piece.shape[-3], *enlarged_size(piece.shape[-2:], scale))
                if not isinstance(sr, Tensor) or tuple(sr.shape) != expected:
                    return sr  # the caller says what is wrong with it
                if result is None:
                    result = sr.new_empty((*expected[:2], at(height), at(width)))
                result[..., at(upper) : at(lower), at(begin) : at(end)] = sr[
                    ..., at(upper - top) : at(lower - top), at(begin - left) : at(end - left)
                ]
        assert result is not None
        return result


def _spans(length: int, tile: int, margin: int) -> list[tuple[int, int, int]]:
    """Tiles along one axis as (start of the tile, start and end of what is kept of it)."""
    if length <= tile:
        return [(0, 0, length)]
    spans, done = [], 0
    while done < length:
        start = min(max(done - margin, 0), length - tile)
        end = length if start + tile == length else start + tile - margin
        spans.append((start, done, end))
        done = end
    return spans


def reach(method: Method, scale: float, side: int) -> int | None:
    """How far one LR pixel's influence reaches, in LR pixels, measured on noise of ``side`` x ``side``.

    None if it reaches the border of that image, so is not known. An influence under INFLUENCE is none: for a
    convolutional network this is the radius of its receptive field, for an iterative method an approximation. A method
    of several frames is given the same noise in all of them.
    """
    generator = torch.Generator().manual_seed(0)
    channels = 3 if method.card.fed("luma") == "rgb" else 1
    noise = torch.rand((1, channels, side, side), generator=generator).to(method.device)
    changed = noise.clone()
    middle = side // 2
    changed[..., middle, middle] = (changed[..., middle, middle] + 0.5) % 1
    with torch.no_grad():
        after, before = (_of_repeated(method, image, scale) for image in (changed, noise))
        difference = (after - before).abs().amax(dim=(0, 1))
    rows, columns = torch.nonzero(difference > INFLUENCE, as_tuple=True)
    if len(rows) == 0:
        return 0
    positions = torch.cat([rows, columns]).double() / scale
    found = int(torch.ceil((positions - middle).abs().max()).item())
    return None if found >= middle else found


def _of_repeated(method: Method, image: Tensor, scale: float) -> Tensor:
    frames, target = repeated(method, image)
    return called(method, frames, scale, target)


def seams(method: Tiled, lr: Tensor, scale: float, target: int = 0, shifts: Tensor | None = None) -> float | None:
    """The largest difference, in grey levels, between ``lr`` (C, h, w) of 0..255, or frames (T, C, h, w), in tiles and
    taken whole.

    None if there is not enough memory to take it whole.
    """
    batch = as_batch(lr, method.device)
    with torch.no_grad():
        try:
            whole = called(method.inner, batch, scale, target, shifts)
        except (RuntimeError, MemoryError) as error:
            if out_of_memory(error):
                return None
            raise
        return float((called(method, batch, scale, target, shifts) - whole).abs().max().item() * 255)
