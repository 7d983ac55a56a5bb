"""Chains of degradations as text: ``blur:1.6 > down > noise:10 > jpeg:40``.

burst:N[:grid|random][:blind]  first of all: N frames, the HR image moved by parts of an LR pixel
blur:SIGMA[:SIZE][:BORDER]     MATLAB's fspecial('gaussian', SIZE, SIGMA); SIZE: the odd number at or above 6 SIGMA
blur:FILE.npy[:BORDER]         a kernel of one's own
down[:KERNEL][:PHASE]          to 1/scale; alone MATLAB's bicubic; down:nearest is decimation
noise:SIGMA[:grey]             white Gaussian noise in grey levels, on every channel or the same on all
poisson:PEAK                   photon noise; white is PEAK photons
jpeg:QUALITY[:420|444]         Pillow's encoder; chroma halved (420) or whole
clip                           to 0..255

Nothing here computes, so that a command line can be refused before anything large is imported.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from srbench.errors import SrbenchError

Border = Literal["replicate", "reflect"]
Kernel = Literal["bicubic", "bilinear", "area", "nearest"]
Phase = Literal["centre", "first"]
Sampling = Literal["420", "444"]
Shifts = Literal["grid", "random"]

SUMMARY = (
    "burst:N[:grid|random][:blind] (first), blur:SIGMA[:SIZE] or blur:FILE.npy, "
    "down[:bicubic|bilinear|area|nearest][:centre|first], noise:SIGMA[:grey], poisson:PEAK, jpeg:QUALITY[:420|444] and "
    "clip, joined by '>'"
)
KERNEL = "kernel:"  # what the name of a degradation by a user's kernel begins with
FILES = (".py", ".toml")  # of degradations
LARGEST_KERNEL = 501  # pixels a side
MOST_FRAMES = 64  # of a burst
_MOST_GREY = 255.0
_MOST_PHOTONS = 1e9
_SHOWN = 80  # characters of a chain in a message
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FILE = re.compile(r"(.*\.npy)(?::([^:]*))?", re.IGNORECASE | re.DOTALL)


class _WrongError(SrbenchError):
    """What is wrong with a step, before its place is known."""


@dataclass(frozen=True)
class BurstStep:
    frames: int
    shifts: Shifts = "grid"
    blind: bool = False

    def __str__(self) -> str:
        return f"burst:{self.frames}{_unless(self.shifts, 'grid')}{':blind' if self.blind else ''}"


@dataclass(frozen=True)
class BlurStep:
    sigma: float
    size: int
    border: Border = "replicate"

    def __str__(self) -> str:
        size = "" if self.size == default_size(self.sigma) else f":{self.size}"
        return f"blur:{number(self.sigma)}{size}{_unless(self.border, 'replicate')}"


@dataclass(frozen=True)
class KernelStep:
    file: str
    border: Border = "replicate"

    def __str__(self) -> str:
        return f"blur:{self.file}{_unless(self.border, 'replicate')}"


@dataclass(frozen=True)
class DownStep:
    kernel: Kernel = "bicubic"
    phase: Phase = "centre"

    def __str__(self) -> str:
        if self == DownStep():
            return "down"
        return f"down:{self.kernel}{self.phase_shown}"

    @property
    def phase_shown(self) -> str:
        return f":{self.phase}" if self.kernel == "nearest" else _unless(self.phase, "centre")


@dataclass(frozen=True)
class NoiseStep:
    sigma: float
    grey: bool = False

    def __str__(self) -> str:
        return f"noise:{number(self.sigma)}{':grey' if self.grey else ''}"


@dataclass(frozen=True)
class PoissonStep:
    peak: float

    def __str__(self) -> str:
        return f"poisson:{number(self.peak)}"


@dataclass(frozen=True)
class JpegStep:
    quality: int
    sampling: Sampling = "420"

    def __str__(self) -> str:
        return f"jpeg:{self.quality}{_unless(self.sampling, '420')}"


@dataclass(frozen=True)
class ClipStep:
    def __str__(self) -> str:
        return "clip"


ChainStep = BurstStep | BlurStep | KernelStep | DownStep | NoiseStep | PoissonStep | JpegStep | ClipStep


@dataclass(frozen=True)
class ParsedChain:
    """Steps in their order; ``str`` is the chain as text, one for all spellings."""

    steps: tuple[ChainStep, ...]

    def __str__(self) -> str:
        return " > ".join(map(str, self.steps))

    @property
    def burst(self) -> BurstStep | None:
        """The first step where it says that there are several frames."""
        return self.steps[0] if self.steps and isinstance(self.steps[0], BurstStep) else None

    @property
    def shrinks(self) -> bool:
        return any(isinstance(step, DownStep) for step in self.steps)

    @property
    def files(self) -> tuple[str, ...]:
        """The kernels' files, as they are written."""
        return tuple(step.file for step in self.steps if isinstance(step, KernelStep))


def number(value: float) -> str:
    """A number as short as can be while it is read back as the same.

    >>> number(1.6), number(30.0), number(1 / 3)
    ('1.6', '30', '0.3333333333333333')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def default_size(sigma: float) -> int:
    """The odd number at or above 6 sigma.

    >>> default_size(1.6), default_size(0.5)
    (11, 3)
    """
    size = math.ceil(6 * sigma)
    return size + 1 - size % 2


def is_chain(text: str) -> bool:
    """Whether a text is to be read as a chain: it has a '>' or a ':', or is a step by itself."""
    return ">" in text or ":" in text or text.strip() in _STEPS


def names_chain(spec: str) -> bool:
    """Whether what is given as a degradation is a chain, and not a file or a kernel."""
    return not spec.startswith(KERNEL) and Path(spec).suffix not in FILES and is_chain(spec)


def parse(text: str) -> ParsedChain:
    """A chain from its text.

    Raises:
        SrbenchError: an empty or unknown step, an argument that it does not take, two steps 'down', an even kernel
            whose phase is not said. The message has the step's place, the hint the nearest name.
    """
    return parse_steps(text.split(">"), text)


def parse_steps(parts: Sequence[str], text: str = "") -> ParsedChain:
    """As :func:`parse`, of steps that are written one by one."""
    text = text or " > ".join(parts)
    written = [part.strip() for part in parts]
    if not any(written):
        raise SrbenchError("a chain of degradations has no step", f"the steps are {SUMMARY}")
    steps = []
    for place, part in enumerate(written, start=1):
        try:
            steps.append(_step(part))
        except _WrongError as error:
            raise _placed(error, place, text) from None
    for place in range(1, len(steps) + 1):
        try:
            _require_fitting(steps, place - 1, written)
        except _WrongError as error:
            raise _placed(error, place, text) from None
    return ParsedChain(tuple(steps))


def _placed(error: _WrongError, place: int, text: str) -> SrbenchError:
    shown = text.strip() if len(text.strip()) <= _SHOWN else f"{text.strip()[: _SHOWN - 3]}..."
    return SrbenchError(f"step {place} of '{shown}' {error.message}", error.hint)


def _require_fitting(steps: Sequence[ChainStep], at: int, written: Sequence[str]) -> None:
    """Hold a step to those around it."""
    step = steps[at]
    if isinstance(step, BurstStep) and at:
        raise _WrongError("is a 'burst', which is no first step", "put it first: the HR image is moved, then degraded")
    if isinstance(step, BurstStep) and len(steps) == 1:
        raise _WrongError("is a 'burst' alone", f"say how its frames are made: {step} > down")
    if isinstance(step, DownStep) and any(isinstance(other, DownStep) for other in steps[:at]):
        first = next(place for place, other in enumerate(steps, start=1) if isinstance(other, DownStep))
        raise _WrongError(
            f"is a second 'down' (the first is step {first})", "a chain shrinks images once: leave one out"
        )
    if isinstance(step, BlurStep) and step.size % 2 == 0:
        following = written[at + 1].split(":") if at + 1 < len(steps) else []
        if following[:2] != ["down", "nearest"] or following[2:] not in (["centre"], ["first"]):
            raise _WrongError(
                f"has a kernel of {step.size}x{step.size}: an even size has no middle pixel",
                f"write blur:{number(step.sigma)}:{step.size + 1}, or let 'down:nearest:centre' or "
                "'down:nearest:first' follow, which says where it lies",
            )


# -- one step ------------------------------------------------------------------------------------------------------


def _step(text: str) -> ChainStep:
    if not text:
        raise _WrongError("is empty", "leave out a '>'")
    name, colon, rest = text.partition(":")
    if name not in _STEPS:
        near = difflib.get_close_matches(name.lower(), _STEPS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"the steps are {SUMMARY}"
        raise _WrongError(f"is '{name[:40]}', which is no step", hint)
    if name == "blur" and (match := _FILE.fullmatch(rest)):
        return KernelStep(match[1], _border(match[2]) if match[2] is not None else "replicate")
    step: ChainStep = _STEPS[name]([part.strip() for part in rest.split(":")] if colon else [])
    return step


def _burst(arguments: list[str]) -> BurstStep:
    _require_count("burst:N[:grid|random][:blind]", arguments, 1, 3)
    frames = _whole("number of frames", arguments[0], 1, MOST_FRAMES)
    kinds, words = get_args(Shifts), arguments[1:]
    for word in words:
        _one_of("burst", word, (*kinds, "blind"))
    shifts = words.pop(0) if words and words[0] in kinds else "grid"
    if words not in ([], ["blind"]):
        raise _WrongError(f"has '{words[-1]}' too many", "write burst:N[:grid|random][:blind]")
    return BurstStep(frames, cast(Shifts, shifts), blind=bool(words))


def _blur(arguments: list[str]) -> BlurStep:
    border: Border = "replicate"
    if len(arguments) > 1 and not _NUMBER.fullmatch(arguments[-1]):
        border = _border(arguments.pop())
    _require_count("blur:SIGMA[:SIZE][:BORDER]", arguments, 1, 2)
    most = LARGEST_KERNEL / 6
    sigma = _positive("sigma", arguments[0], most, "pixels")
    size = default_size(sigma) if len(arguments) == 1 else _whole("size", arguments[1], 1, LARGEST_KERNEL)
    return BlurStep(sigma, size, border)


def _down(arguments: list[str]) -> DownStep:
    _require_count("down[:KERNEL][:PHASE]", arguments, 0, 2)
    kernels, phases = get_args(Kernel), get_args(Phase)
    if len(arguments) == 1 and arguments[0] in phases:
        return DownStep(phase=cast(Phase, arguments[0]))
    known = kernels if len(arguments) == 2 else (*kernels, *phases)
    kernel = _one_of("down", arguments[0], known) if arguments else "bicubic"
    phase = _one_of("down", arguments[1], phases) if len(arguments) == 2 else "centre"
    return DownStep(cast(Kernel, kernel), cast(Phase, phase))


def _noise(arguments: list[str]) -> NoiseStep:
    _require_count("noise:SIGMA[:grey]", arguments, 1, 2)
    sigma = _positive("sigma", arguments[0], _MOST_GREY, "grey levels")
    return NoiseStep(sigma, bool(arguments[1:] and _one_of("noise", arguments[1], ("grey",))))


def _poisson(arguments: list[str]) -> PoissonStep:
    _require_count("poisson:PEAK", arguments, 1, 1)
    return PoissonStep(_positive("peak", arguments[0], _MOST_PHOTONS, "photons"))


def _jpeg(arguments: list[str]) -> JpegStep:
    _require_count("jpeg:QUALITY[:420|444]", arguments, 1, 2)
    quality = _whole("quality", arguments[0], 1, 100)
    sampling = _one_of("jpeg", arguments[1], get_args(Sampling)) if arguments[1:] else "420"
    return JpegStep(quality, cast(Sampling, sampling))


def _clip(arguments: list[str]) -> ClipStep:
    _require_count("clip", arguments, 0, 0)
    return ClipStep()


_STEPS: dict[str, Callable[[list[str]], Any]] = {
    "burst": _burst,
    "blur": _blur,
    "down": _down,
    "noise": _noise,
    "poisson": _poisson,
    "jpeg": _jpeg,
    "clip": _clip,
}


def _require_count(usage: str, arguments: Sequence[str], least: int, most: int) -> None:
    if len(arguments) < least or not all(arguments[:least]):
        raise _WrongError("lacks an argument", f"write {usage}")
    if len(arguments) > most:
        raise _WrongError(f"has an argument too many, '{arguments[most][:40]}'", f"write {usage}")


def _positive(what: str, text: str, most: float, unit: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not 0 < value <= most:
        raise _WrongError(f"has a {what} of '{text[:40]}'", f"give a number above 0, up to {most:g} {unit}")
    return value


def _whole(what: str, text: str, least: int, most: int) -> int:
    value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
    if not least <= value <= most:
        raise _WrongError(f"has a {what} of '{text[:40]}'", f"give a whole number from {least} to {most}")
    return value


def _one_of(step: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        raise _WrongError(f"has '{text[:40]}', which '{step}' does not take", hint)
    return text


def _border(text: str) -> Border:
    return cast(Border, _one_of("blur", text.strip(), get_args(Border)))


def _unless(value: str, default: str) -> str:
    return "" if value == default else f":{value}"
