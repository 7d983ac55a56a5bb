"""The images that cells share: decoded HR images, and what is made of them for each scale."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from torch import Tensor

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts, facts_of
from srbench.degradation.named import Degradation
from srbench.errors import ImageError
from srbench.evaluation import Example, GivenExample, HrImage, UnreferencedExample
from srbench.imaging.images import Pixels
from srbench.machine import available_processors
from srbench.protocol.base import Protocol
from srbench.run.known_images import KnownImages

_K = TypeVar("_K")
_V = TypeVar("_V")

_LARGE = 8 << 20  # pixels of all images together that a worker is at
_DECODED_BYTES = 96 << 20  # decoded HR images kept in memory: Set5, Set14 and BSD100 together take 58 MB


class _Cache(Generic[_K, _V]):
    """A small cache, least recently used first out, in which each value is made once, also between threads."""

    def __init__(self, make: Callable[[_K], _V], budget: float, cost: Callable[[_V], float] = lambda _: 1) -> None:
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

    def at_least(self, budget: float) -> None:
        """Keep no less than so much from now on."""
        self._budget = max(self._budget, budget)


class UnusableImagesError(ImageError):
    """Images of a run that cannot be used. ``reasons`` says why of each; ``facts`` are those of the others."""

    def __init__(self, facts: Mapping[ImageFile, ImageFacts], reasons: Mapping[ImageFile, ImageError]) -> None:
        self.facts, self.reasons = dict(facts), dict(reasons)
        (first, *others) = self.reasons.values()
        hint = first.hint
        if others:
            listed = "; ".join(error.message for error in self.reasons.values())
            message = f"{len(reasons)} of {len(facts) + len(reasons)} images cannot be used: {listed}"
            hint = "repair or remove them"
        else:
            message = first.message
        if not any(image.facts for image in self.reasons):
            hint += ", or leave such images out with srbench run --skip-unreadable"
        super().__init__(message, hint)


class ImageCache:
    """Decoded images and their LR images, for ``workers`` threads at once, each at so many images: those that are at
    hand still when the next method is computed on them."""

    def __init__(
        self, protocols: Sequence[Protocol], degradation: Degradation, workers: int, images_at_once: int = 1
    ) -> None:
        expected: dict[ImageFile, ImageFacts] = {}
        decoded: _Cache[ImageFile, _Decoded] = _Cache(
            lambda image: _decode(image, expected.get(image)), _DECODED_BYTES, lambda x: x.pixels.nbytes
        )
        # None of these knows this object, or all its images would stay until Python looks for cycles.
        share = functools.partial(_share, images_at_once)
        self._several = several = images_at_once * workers * len(protocols)
        images: _Cache[tuple[ImageFile, Protocol], HrImage] = _Cache(
            lambda key: HrImage(decoded(key[0]).pixels, key[1]), several + 1, lambda x: share(x.planes)
        )
        self._decoded, self._expected, self._images = decoded, expected, images

        def made(key: tuple[ImageFile, Protocol, float, ImageFile | None]) -> Example:
            file, _, scale, lr = key
            image = images(key[:2])
            if lr is not None:
                return GivenExample(image, scale, degradation, decoded(lr).pixels)
            return Example(image, scale, degradation) if file.reference else UnreferencedExample(image, scale)

        self._examples: _Cache[tuple[ImageFile, Protocol, float, ImageFile | None], Example] = _Cache(
            made, 2 * several + 1, lambda x: share(x.picture)
        )

    def example(self, image: ImageFile, scale: float, protocol: Protocol, lr: ImageFile | None = None) -> Example:
        """One image at one scale under one of the protocols, with the LR image that is given of it, if one is; raises
        ImageError."""
        return self._examples((image, protocol, scale, lr))

    def hold(self, frames: int) -> None:
        """Keep so many images at hand for each of those that a worker is at: frames of a clip are given several times,
        to one cell after the other."""
        for cache in (self._images, self._examples):
            cache.at_least(frames * self._several + 1)

    def start_decoding(
        self, images: Sequence[ImageFile], *, verify: bool = False
    ) -> Callable[[], dict[ImageFile, ImageFacts]]:
        """Begin to decode those images whose pixels are not known from an earlier run, with ``verify`` all of them. The
        function that comes back waits for them and returns size and pixel hash of each, as it is on this machine; it
        raises UnusableImagesError, which names every image that cannot be used."""
        known = KnownImages()
        remembered = {image: facts for image in images if not verify and (facts := known.facts(image)) is not None}
        pool = ThreadPoolExecutor(available_processors())
        # Not the pixels: the cache alone decides which of them stay in memory.
        marks = {image: known.mark(image) for image in images if image not in remembered}
        decoding = {image: pool.submit(self._facts, image) for image in marks}

        def image_facts() -> dict[ImageFile, ImageFacts]:
            decoded, reasons = {}, {}
            try:
                for image, future in decoding.items():
                    try:
                        decoded[image] = future.result()
                    except ImageError as error:
                        reasons[image] = error
            finally:  # no thread is left when workers are forked
                pool.shutdown(cancel_futures=True)
            known.keep({image: (marks[image], facts) for image, facts in decoded.items()})
            self._expected.update(remembered)
            usable = {image: found for image in images if (found := remembered.get(image) or decoded.get(image))}
            if reasons:
                raise UnusableImagesError(usable, reasons)
            return usable

        return image_facts

    def _facts(self, image: ImageFile) -> ImageFacts:
        return self._decoded(image).facts


def _share(images_at_once: int, planes: Tensor) -> float:
    """What an image counts in a cache: 1, more for large ones, of which a worker is not at many at once."""
    return 1.0 if images_at_once == 1 else max(1.0, images_at_once * planes[0].numel() / _LARGE)


@dataclass(frozen=True)
class _Decoded:
    """An HR image. Its pixels (H, W[, 3]) lie in memory channel by channel, as every use at every scale wants them."""

    pixels: Pixels
    facts: ImageFacts


def _decode(image: ImageFile, expected: ImageFacts | None = None) -> _Decoded:
    pixels = image.read()
    facts = facts_of(pixels, image.path.name)
    if expected is not None and facts.sha256 != expected.sha256:
        raise ImageError(f"'{image.path}' holds other pixels than when it was last read", "run with --verify-pixels")
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1)).transpose(1, 2, 0)
    return _Decoded(pixels, facts)
