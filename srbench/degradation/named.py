"""Degradations by name: built in, from an installed package, from a user's file, by a kernel of one's own, or a chain.

bicubic          MATLAB's imresize; nearly every published table
blur-down        Gaussian blur 7x7, sigma 1.6, then every third pixel: the literature's BD, at x3
bicubic-noise    bicubic, then Gaussian noise of sigma 30: the literature's DN, there at x3
bd-centre        Gaussian blur 12x12, sigma 1.6, then every fourth pixel on the centred grid: BD of BasicVSR, at x4
bd-first         Gaussian blur 13x13, sigma 1.6, then every fourth pixel from pixel 0: BD of DUF and BasicSR, at x4
realesrgan       the second-order chain of Real-ESRGAN, drawn for each image
bsrgan           the shuffled chain of BSRGAN, drawn for each image
given            LR images that came with the HR images (--lr): nobody knows how they were made
kernel:FILE.npy  blur by a kernel of one's own, then every scale-th pixel
./mine.py        the :class:`srbench.degradation.base.Pipeline` that the file defines; entry points of the group
                 ``srbench.degradations`` stand for one each
./mine.toml      a chain with a name
A > B > C        a chain of steps (:mod:`srbench.degradation.grammar`)
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srbench.degradation import given, grammar
from srbench.degradation.base import Degradation, Pipeline
from srbench.degradation.blind import Bsrgan, RealEsrgan
from srbench.degradation.chain import chain, from_file, kernel_path, parsed_file
from srbench.degradation.grammar import FILES, KERNEL
from srbench.degradation.kernels import read_kernel
from srbench.degradation.step import LinearMap, Step
from srbench.degradation.steps import BicubicDown, Blur, Subsample, mark
from srbench.errors import SrbenchError
from srbench.files import expanded
from srbench.foreign import opened
from srbench.foreign.loading import private_name
from srbench.registry import Found, Prefix, Registry, Source
from srbench.sources import source_files

__all__ = [
    "CHAINS",
    "DEGRADATIONS",
    "KERNEL",
    "Bicubic",
    "Degradation",
    "LinearMap",
    "Pipeline",
    "discover",
    "file_of",
    "get",
    "kernels_of",
    "spelled",
]

_BICUBIC: tuple[Step, ...] = (BicubicDown(),)


@dataclass(frozen=True)
class Bicubic(Pipeline):
    """MATLAB's ``imresize(x, 1/scale, 'bicubic')``: the degradation of nearly every published table."""

    name: str = "bicubic"
    steps: tuple[Step, ...] = _BICUBIC
    facts: str | None = ""


CHAINS = {  # those of the built-in ones that can be written
    "bicubic": "down",
    "blur-down": "blur:1.6:7 > down:nearest:centre",
    "bicubic-noise": "down > noise:30",
    "bd-centre": "blur:1.6:12 > down:nearest:centre",
    "bd-first": "blur:1.6:13:reflect > down:nearest:first",
}
# Those under which results are stored since before degradations had steps.
_FACTS = {"blur-down": "gaussian=7,1.6", "bicubic-noise": "sigma=30"}
_SCALES = {"blur-down": (3,), "bd-centre": (4,), "bd-first": (4,)}


def _built_in(name: str) -> Pipeline:
    if name == "bicubic":
        return Bicubic()
    made = chain(grammar.parse(CHAINS[name]), name, scales=_SCALES.get(name))
    return replace(made, facts=_FACTS.get(name))


_DRAWN = (Pipeline("realesrgan", (RealEsrgan(),)), Pipeline("bsrgan", (Bsrgan(),)))
DEGRADATIONS: dict[str, Pipeline] = {
    **{name: _built_in(name) for name in CHAINS},
    **{own.name: own for own in (*_DRAWN, given.DEGRADATION)},
}
_SPELLED = {text: name for name, text in CHAINS.items() if name not in _SCALES}


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

    def suffixes(self) -> Mapping[str, Callable[[Path], Pipeline]]:
        return {".toml": self._of_file}

    def find(self, spec: str) -> list[Found[Pipeline]]:
        if not grammar.names_chain(spec):
            return super().find(spec)
        parsed = grammar.parse(spec)
        if (name := _SPELLED.get(str(parsed))) is not None:
            return super().find(name)
        made = chain(parsed)
        return [Found(self.kind, made.name, "chain", None, made)]

    def _of_file(self, path: Path) -> Pipeline:
        made = from_file(path)
        if made.name in self.names():
            raise SrbenchError(f"two degradations are called '{made.name}' (one in {path})", "rename one")
        return made

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
    """The degradation called ``name``, the one in a .py or .toml file, that of ``kernel:FILE.npy``, or a chain.

    Raises:
        UnknownNameError: no degradation of that name.
        SrbenchError: a file cannot be used, or a chain is wrong.
    """
    return replace(REGISTRY.get(name), seed=seed)


def file_of(name: str) -> str:
    """The absolute paths of the files that ``name`` names, of kernels or of a degradation, with commas; empty where it
    names none."""
    return ", ".join(part for place, part in enumerate(spelled(name)) if place % 2)


def spelled(name: str) -> tuple[str, ...]:
    """``name`` as texts and the absolute paths of files by turns.

    Raises:
        SrbenchError: it is a chain that is wrong.
    """
    if grammar.names_chain(name):
        parts = [""]
        for step in grammar.parse(name).steps:
            parts[-1] += " > " if len(parts) > 1 or parts[-1] else ""
            if isinstance(step, grammar.KernelStep):
                before, _, after = str(step).partition(step.file)
                parts[-1] += before
                parts += [str(kernel_path(step.file).absolute()), after]
            else:
                parts[-1] += str(step)
        return tuple(parts)
    prefix = KERNEL if name.startswith(KERNEL) else ""
    path = expanded(name.removeprefix(KERNEL))
    return (prefix, str(path.absolute()), "") if prefix or path.suffix in FILES else (name,)


def kernels_of(path: Path) -> list[Path]:
    """The kernels that the chain in a TOML file names."""
    return [kernel_path(file, path.parent) for file in parsed_file(path)[1].files]


def _by_kernel(file: str) -> Pipeline:
    path = expanded(file)
    kernel = read_kernel(path)
    return Pipeline(f"{KERNEL}{path.stem}", (Blur(kernel), Subsample()), facts=mark(kernel))
