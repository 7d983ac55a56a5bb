"""How long a cell is likely to take, by what is the same on every machine: no clock is asked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srbench import paths, tomlfile
from srbench.errors import SrbenchError
from srbench.foreign.contained import contained
from srbench.method.base import Method
from srbench.method.cascade import Cascade
from srbench.method.plugins import is_built_in
from srbench.method.wrappers import bare
from srbench.timing.cost import mult_adds

PER_MULT_ADD = 0.033  # nanoseconds on one core: 30 billion a second
FOREIGN = 4000  # nanoseconds a pixel of a method of which nothing is known
SCORING = 2000  # nanoseconds a pixel of PSNR, SSIM and LPIPS
_ENSEMBLE = 8  # images that a self-ensemble asks for
_LR = 48  # side of the LR image that a network is counted at


@dataclass(frozen=True)
class _Costs:
    nanoseconds: Mapping[str, int]


def of_method(method: Method, scale: float, *, self_ensemble: bool = False) -> int:
    """Nanoseconds a pixel of HR size on one core, scoring included."""
    inner = bare(method)
    if isinstance(inner, Cascade):  # the parts before the last make fewer pixels
        own = round(sum(_of_one(part.method, part.asked) * part.share(scale) for part in inner.parts))
    else:
        own = _of_one(inner, scale)
    return SCORING + own * (_ENSEMBLE if self_ensemble else 1)


def _of_one(method: Method, scale: float) -> int:
    name = method.card.name
    if not is_built_in(type(method)):
        return FOREIGN
    return _known()[name] if name in _known() else _of_network(method, scale)


def _of_network(method: Method, scale: float) -> int:
    """What its network multiplies; as a method of which nothing is known, where that cannot be counted."""
    try:
        with contained():
            counted = mult_adds(method, scale, (_LR, _LR)) if method.supports(scale) else 0
    except SrbenchError:
        counted = None
    return FOREIGN if counted is None else round(counted / (_LR * scale) ** 2 * PER_MULT_ADD)


@functools.cache
def _known() -> Mapping[str, int]:
    return tomlfile.load(Path(paths.search_path("methods")[0], "costs.toml"), "the methods' costs", _Costs).nanoseconds
