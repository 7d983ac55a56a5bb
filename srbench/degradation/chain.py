"""Degradations that are written as a chain of steps: on the command line, or with a name in a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srbench import tomlfile
from srbench.degradation import grammar
from srbench.degradation.base import Pipeline
from srbench.degradation.burst import Burst
from srbench.degradation.grammar import ChainStep, ParsedChain
from srbench.degradation.kernels import read_kernel
from srbench.degradation.photographs import Clip, Jpeg, PoissonNoise
from srbench.degradation.resampling import Down
from srbench.degradation.step import Step
from srbench.degradation.steps import BicubicDown, Blur, GaussianNoise, Subsample
from srbench.errors import SrbenchError
from srbench.files import expanded
from srbench.scale import checked

_LONGEST = 200  # characters of a name


@dataclass(frozen=True)
class Chain(Pipeline):
    """A pipeline that is written as text.

    Args:
        text: the chain, spelled as :func:`srbench.degradation.grammar.parse` has it.
        shrinks: whether one of its steps makes images smaller.
    """

    text: str = ""
    shrinks: bool = True

    def require_scale(self, scale: float) -> None:
        super().require_scale(scale)
        if scale > 1 and not self.shrinks:
            raise SrbenchError(
                f"'{self.name}' has no step that shrinks images, so it makes no LR images at x{scale}",
                "add 'down', or use --scales 1",
            )


def chain(
    parsed: ParsedChain, name: str = "", *, folder: Path | None = None, scales: tuple[float, ...] | None = None
) -> Chain:
    """The degradation of a chain.

    Args:
        name: by default the chain's text, with kernels by the names of their files.
        folder: from which paths of kernels start; by default the current one.
        scales: at which it is defined; None: at all.

    Raises:
        SrbenchError: a kernel's file cannot be used; the text is too long for a name.
    """
    text = str(parsed)
    shown = name or " > ".join(
        str(step) if not isinstance(step, grammar.KernelStep) else str(_by_file_name(step)) for step in parsed.steps
    )
    if not name and len(shown) > _LONGEST:
        raise SrbenchError(
            f"the chain '{shown[:40]}...' of {len(shown)} characters is too long for a name",
            "write it into a file: name = ... and steps = [...], and give that (docs/degradations.md)",
        )
    burst = parsed.burst
    own = parsed.steps if burst is None else parsed.steps[1:]
    steps = tuple(_step(step, folder) for step in own)
    as_burst = None if burst is None else Burst(burst.frames, burst.shifts, burst.blind)
    return Chain(shown, steps, scales=scales, as_burst=as_burst, text=text, shrinks=parsed.shrinks)


def _by_file_name(step: grammar.KernelStep) -> grammar.KernelStep:
    return grammar.KernelStep(Path(step.file).name, step.border)


def _step(step: ChainStep, folder: Path | None) -> Step:
    match step:
        case grammar.BlurStep():
            return Blur.gaussian(step.size, step.sigma, step.border)
        case grammar.KernelStep():
            return Blur(read_kernel(kernel_path(step.file, folder)), border=step.border)
        case grammar.DownStep(kernel="nearest"):
            return Subsample(step.phase)
        case grammar.DownStep(kernel="bicubic", phase="centre"):
            return BicubicDown()
        case grammar.DownStep():
            return Down(step.kernel, step.phase)
        case grammar.NoiseStep():
            return GaussianNoise(step.sigma, step.grey)
        case grammar.PoissonStep():
            return PoissonNoise(step.peak)
        case grammar.JpegStep():
            return Jpeg(step.quality, step.sampling)
        case grammar.ClipStep():
            return Clip()
        case grammar.BurstStep():
            raise ValueError("a burst is no step of a pipeline, it says of what its steps make LR frames")


def kernel_path(file: str, folder: Path | None = None) -> Path:
    """Where the kernel of a chain lies; a relative path starts from ``folder``."""
    path = expanded(file)
    return path if folder is None else folder / path


# -- files ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    name: str
    chain: str | None = None
    steps: list[str] | None = None
    scales: list[float] | None = None


def parsed_file(path: Path) -> tuple[str, ParsedChain, tuple[float, ...] | None]:
    """Name, chain and scales of a TOML file; kernels' paths in it start from its folder.

    Raises:
        SrbenchError: the file cannot be read, has an unknown key, not exactly one of ``chain`` and ``steps``, or a
            chain that is wrong.
    """
    read = tomlfile.load(path, "degradation", _File)
    where = f"'{path}'"
    if (read.chain is None) == (read.steps is None):
        raise SrbenchError(f"{where} has {'both' if read.chain else 'neither'} of 'chain' and 'steps'", "give one")
    if grammar.is_chain(read.name):
        raise SrbenchError(f"{where}: '{read.name}' is a chain, not a name", "give it a name without '>' and ':'")
    try:
        scales = None if read.scales is None else tuple(map(checked, read.scales))
        parsed = grammar.parse(read.chain) if read.chain is not None else grammar.parse_steps(read.steps or [])
    except SrbenchError as error:
        raise SrbenchError(f"{where}: {error.message}", error.hint) from error
    return read.name, parsed, scales


def from_file(path: Path) -> Chain:
    """The degradation of a TOML file; raises as :func:`parsed_file` and :func:`chain`."""
    name, parsed, scales = parsed_file(path)
    return chain(parsed, name, folder=path.parent, scales=scales)
