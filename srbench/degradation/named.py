"""Degradations by name: built in, from an installed package, from a user's file, or by a kernel of one's own.

bicubic          MATLAB's imresize; nearly every published table
blur-down        Gaussian blur 7x7, sigma 1.6, then every third pixel: the literature's BD, at x3
bicubic-noise    bicubic, then Gaussian noise of sigma 30: the literature's DN, there at x3
given            LR images that came with the HR images (--lr): nobody knows how they were made
kernel:FILE.npy  blur by a kernel of one's own, then every scale-th pixel
./mine.py        the :class:`srbench.degradation.base.Pipeline` that the file defines; entry points of the group
                 ``srbench.degradations`` stand for one each
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srbench.degradation import given
from srbench.degradation.base import Degradation, LinearMap, Pipeline, Step
from srbench.degradation.kernels import read_kernel
from srbench.degradation.steps import BicubicDown, Blur, GaussianNoise, Subsample, mark
from srbench.files import expanded
from srbench.foreign import opened
from srbench.foreign.loading import private_name
from srbench.registry import Found, Prefix, Registry, Source
from srbench.sources import source_files

__all__ = ["DEGRADATIONS", "KERNEL", "Bicubic", "Degradation", "LinearMap", "Pipeline", "discover", "get"]

KERNEL = "kernel:"  # what the name of a degradation by a user's kernel begins with
_BICUBIC: tuple[Step, ...] = (BicubicDown(),)


@dataclass(frozen=True)
class Bicubic(Pipeline):
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``: the degradation of nearly every published table."""

    name: str = "bicubic"
    steps: tuple[Step, ...] = _BICUBIC
    facts: str | None = ""


# The facts are those under which results are stored since before degradations had steps.
_BLUR_DOWN = Pipeline("blur-down", (Blur.gaussian(7, 1.6), Subsample()), scales=(3,), facts="gaussian=7,1.6")
_BICUBIC_NOISE = Pipeline("bicubic-noise", (BicubicDown(), GaussianNoise(30.0)), facts="sigma=30")
DEGRADATIONS: dict[str, Pipeline] = {d.name: d for d in (Bicubic(), _BLUR_DOWN, _BICUBIC_NOISE, given.DEGRADATION)}


class _Degradations(Registry[Pipeline]):
    kind = "degradation"
    group = "srbench.degradations"
    required = "a srbench.degradation.Pipeline at the top level"

    def belongs(self, value: object) -> bool:
        return isinstance(value, Pipeline)

    def name_of(self, value: Pipeline) -> str:
        return value.name

    def builtin(self) -> Iterator[Source[Pipeline]]:
        for name, degradation in DEGRADATIONS.items():
            yield Source(name, "built in", functools.partial(list, (degradation,)))

    def prefixes(self) -> Sequence[Prefix[Pipeline]]:
        return (Prefix(KERNEL, "FILE.npy", _by_kernel),)

    def owns(self, module: object, value: Pipeline) -> bool:
        return value not in DEGRADATIONS.values()  # imported to build upon

    def adopt(self, value: Pipeline, path: Path) -> Pipeline:
        digest = hashlib.sha256()
        files = source_files(path)
        for file in files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        # What the file reads while it is imported, such as a kernel; of a package that is not known.
        read = opened.files_of(private_name(path)) - {file.resolve() for file in files}
        for content in sorted(hashlib.sha256(file.read_bytes()).digest() for file in read):
            digest.update(content)
        return replace(value, source=digest.hexdigest()[:16])


REGISTRY = _Degradations()


def discover() -> list[Found[Pipeline]]:
    """Every built-in and installed degradation; broken ones included."""
    return REGISTRY.discover()


def get(name: str, seed: int = 0) -> Pipeline:
    """The degradation called ``name``, the one in a .py file, or the one of ``kernel:FILE.npy``.

    Raises:
        UnknownNameError: no degradation of that name.
        SrbenchError: a file cannot be used.
    """
    return replace(REGISTRY.get(name), seed=seed)


def file_of(name: str) -> str:
    """The absolute path of the file that ``name`` names, of a kernel or of a degradation; empty where it names none."""
    path = expanded(name.removeprefix(KERNEL))
    return str(path.absolute()) if name.startswith(KERNEL) or path.suffix == ".py" else ""


def _by_kernel(file: str) -> Pipeline:
    path = expanded(file)
    kernel = read_kernel(path)
    return Pipeline(f"{KERNEL}{path.stem}", (Blur(kernel), Subsample()), facts=mark(kernel))
