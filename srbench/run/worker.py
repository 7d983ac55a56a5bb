"""Compute one cell: the method's SR image and its scores. Pure work, safe in any worker thread."""

from __future__ import annotations

import functools
import hashlib
import re
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from srbench.dataset.manifest import ImageFacts, ImageFile, facts_of
from srbench.degradation.named import Degradation
from srbench.errors import ImageError, NotSupportedError
from srbench.evaluation.scoring import Example, HrImage, compare, fits, likelihood, measure, super_resolve
from srbench.imaging.images import Pixels, pixel_hash, read_image, write_image
from srbench.machine import available_processors
from srbench.metrics import Measurement, Metric
from srbench.protocol.base import Protocol
from srbench.records import ENTROPY_BITS, Outcome, Score
from srbench.run.executors.local import Later
from srbench.run.plan import Cell

_K = TypeVar("_K")
_V = TypeVar("_V")

_DECODED_BYTES = 96 << 20  # decoded HR images kept in memory: Set5, Set14 and BSD100 together take 58 MB


class _Shared(Generic[_K, _V]):
    """A small cache, least recently used first out, in which each value is made once, also between threads."""

    def __init__(self, make: Callable[[_K], _V], budget: int, cost: Callable[[_V], int] = lambda _: 1) -> None:
        self._make, self._budget, self._cost = make, budget, cost
        self._values: OrderedDict[_K, _V] = OrderedDict()
        self._making: dict[_K, Lock] = {}
        self._lock = Lock()

    def __call__(self, key: _K) -> _V:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            value = self._make(key)
            with self._lock:
                self._values[key] = value
                self._making.pop(key, None)
                while len(self._values) > 1 and sum(map(self._cost, self._values.values())) > self._budget:
                    self._values.popitem(last=False)
            return value


@dataclass(frozen=True)
class Result:
    """What a worker hands back. ``outcome`` is None when only scores were added to a known image."""

    outcome: Outcome | None
    scores: tuple[Score, ...]


def _finished(outcome: Future[Outcome], scores: tuple[Score, ...]) -> Result:
    """Waits for the SR image's file."""
    try:
        return Result(outcome.result(), scores)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Result:
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Result(Outcome("failed", message, "".join(traceback.format_exception(error))), ())


class Workshop:
    """Everything workers share during a run: decoded images, LR images, where SR images are kept."""

    def __init__(
        self, protocol: Protocol, degradation: Degradation, folder: Path, *, keep_images: bool, workers: int
    ) -> None:
        self.protocol, self.degradation = protocol, degradation
        self.folder, self.keep_images = folder, keep_images
        decoded: _Shared[ImageFile, _Decoded] = _Shared(_decode, _DECODED_BYTES, lambda x: x.pixels.nbytes)
        # None of these knows the workshop, or all its images would stay until Python looks for cycles.
        images: _Shared[ImageFile, HrImage] = _Shared(
            lambda image: HrImage(decoded(image).pixels, protocol), workers + 1
        )
        self._decoded = decoded
        self._examples: _Shared[tuple[ImageFile, int], Example] = _Shared(
            lambda key: Example(images(key[0]), key[1], degradation), 2 * workers + 1
        )

    def look_at(self, images: Sequence[ImageFile]) -> Callable[[], dict[ImageFile, ImageFacts]]:
        """Begin to decode images. The function that comes back waits for them and returns size and pixel hash of each,
        as it is on this machine; it raises ImageError."""
        pool = ThreadPoolExecutor(available_processors())
        # Not the pixels: the cache alone decides which of them stay in memory.
        facts = {image: pool.submit(self._facts, image) for image in images}

        def looked() -> dict[ImageFile, ImageFacts]:
            try:
                return {image: future.result() for image, future in facts.items()}
            finally:  # no thread is left when workers are forked
                pool.shutdown(cancel_futures=True)

        return looked

    def _facts(self, image: ImageFile) -> ImageFacts:
        return self._decoded(image).facts

    def example(self, image: ImageFile, scale: int) -> Example:
        return self._examples((image, scale))

    def compute(
        self,
        cell: Cell,
        metrics: Sequence[Metric],
        *,
        kept: Outcome | None = None,
        broken: Exception | None = None,
    ) -> Result:
        """Run the method and score its image; with ``kept``, score the image of that earlier outcome if it is
        still there. Never raises for what a method or an image does: that is the outcome.

        Args:
            broken: why the method could not be prepared for this scale.
        """
        begun = self.begin(cell, metrics, kept=kept, broken=broken)
        return begun.finish() if isinstance(begun, Later) else begun

    def begin(
        self, cell: Cell, metrics: Sequence[Metric], *, kept: Outcome | None = None, broken: Exception | None = None
    ) -> Result | Later:
        """As :meth:`compute`, but without waiting for the file of the SR image: that leads to the result later."""
        try:
            if broken is not None:
                raise broken
            cell.method.require_scale(cell.scale)
            example = self.example(cell.image, cell.scale)
            sr = None if kept is None else self._read_kept(kept)
            if sr is not None:
                return Result(None, self._scores(cell, sr, example, metrics))
            start = time.perf_counter()
            sr = super_resolve(cell.method, example)
            seconds = time.perf_counter() - start
            if not self.keep_images:
                return Result(Outcome("ok", seconds=seconds), self._scores(cell, sr, example, metrics))
            writer = ThreadPoolExecutor(1)  # compressing the image takes as long as PSNR and SSIM
            outcome = writer.submit(self._keep, cell, _to_pixels(sr), seconds)
            writer.shutdown(wait=False)
            scores = self._scores(cell, sr, example, metrics)
            return Later(functools.partial(_finished, outcome, scores))
        except NotSupportedError as error:
            return Result(Outcome("not supported", str(error)), ())
        except Exception as error:
            return _failed(error)

    def psnr(self, cell: Cell, metric: Metric) -> float | None:
        """One metric of one cell, nothing kept, for the canary. None if the image cannot be measured."""
        try:
            example = self.example(cell.image, cell.scale)
            return metric.compute(compare(super_resolve(cell.method, example), example))
        except (ImageError, RuntimeError):  # RuntimeError: the device is gone or full
            return None

    def _keep(self, cell: Cell, pixels: Pixels, seconds: float) -> Outcome:
        path = image_path(cell)
        write_image(self.folder / path, pixels)
        return Outcome("ok", seconds=seconds, sr_path=path.as_posix(), sr_sha256=pixel_hash(pixels))

    def _scores(self, cell: Cell, sr: Tensor, example: Example, metrics: Sequence[Metric]) -> tuple[Score, ...]:
        pair = replace(compare(sr, example), likelihood=lambda: self._bits(cell, example))
        return tuple(measure(metric, pair) for metric in metrics if fits(metric, cell.method))

    def _bits(self, cell: Cell, example: Example) -> float:
        """Bits per sub-pixel, with the map of the entropy, which is kept beside the SR image."""
        found = likelihood(cell.method, example)
        if not self.keep_images:
            return found.bits
        path = image_path(cell).with_suffix(".entropy.png")
        levels = (found.entropy[0] * (255 / ENTROPY_BITS) + 0.5).clamp(0, 255).to(torch.uint8)
        write_image(self.folder / path, np.ascontiguousarray(levels.cpu().numpy()))
        return Measurement(found.bits, {"entropy": path.as_posix()})

    def _read_kept(self, outcome: Outcome) -> Tensor | None:
        """The SR image of an earlier outcome, if its file still holds exactly those pixels."""
        if not outcome.sr_path:
            return None
        try:
            pixels = read_image(self.folder / outcome.sr_path)
        except ImageError:
            return None
        if pixel_hash(pixels) != outcome.sr_sha256:
            return None
        planes = torch.from_numpy(np.array(pixels))
        return planes[None] if planes.ndim == 2 else planes.permute(2, 0, 1)


@dataclass(frozen=True)
class _Decoded:
    """An HR image. Its pixels (H, W[, 3]) lie in memory channel by channel, as every use at every scale wants them."""

    pixels: Pixels
    facts: ImageFacts


def _decode(image: ImageFile) -> _Decoded:
    pixels = image.read()
    facts = facts_of(pixels, image.path.name)
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1)).transpose(1, 2, 0)
    return _Decoded(pixels, facts)


def image_path(cell: Cell) -> Path:
    """Where a cell's SR image is kept, below the results folder."""
    facts = cell.facts
    variant = f"{facts.degradation}|{facts.options}|{facts.method_hash}"
    method = f"{_safe(facts.method)}-{_mark(variant)}"
    return Path("images", facts.protocol, _safe(facts.dataset), f"x{facts.scale}", method, f"{_safe(facts.image)}.png")


def _safe(name: str) -> str:
    """``name`` as a file name; names that had to be changed get a mark, so that two do not become one."""
    safe = re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:80]
    return safe if safe == name else f"{safe}-{_mark(name)}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _to_pixels(sr: Tensor) -> Pixels:
    sr = sr.to(torch.uint8).cpu()
    pixels = sr[0] if sr.shape[0] == 1 else sr.permute(1, 2, 0)
    return np.ascontiguousarray(pixels.numpy())
