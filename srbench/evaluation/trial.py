"""A network whose weights are new here, on one picture beside bicubic: a wrong range, order of channels, mean or scale
shows before a run of hours.

What a weight file does not say is guessed by whoever writes the method, and a wrong guess runs all the same. So the
guess is tried. A network that is hardly above bicubic is fed in every way in which networks are trained, any other with
red and blue exchanged, and what brings it up is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from srbench import dataset, protocol
from srbench.degradation.named import Bicubic
from srbench.errors import SrbenchError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.reference import bicubic, psnr_of
from srbench.foreign.contained import contained
from srbench.method.base import Method
from srbench.method.feeding import Feeding, fed, feeding_of, others
from srbench.scale import ScaleSet

IMAGE = "motorcycle"  # of the embedded pictures: detail, and colours that are not grey
GAIN = 0.5  # dB from which on another feeding is worth a line
ORDER_GAIN = 0.05  # the same where red and blue alone are exchanged, which costs a network that little
LEAST = 0.3  # dB that a network trained for PSNR has over bicubic, at any scale, whatever its size
ALIKE = 0.2  # dB between feedings of which the one that differs less is meant
FAR = 3.0  # dB below bicubic: further than networks fall that are not trained for PSNR


@dataclass(frozen=True)
class Trial:
    """A network on one picture at one scale. All values are PSNR on Y in dB.

    Args:
        better: another feeding that gives more by as much as is worth a line; None where there is none.
        with_better: its PSNR.
        attributes: what says so in a plugin.
    """

    scale: float
    psnr: float
    bicubic: float
    better: Feeding | None = None
    with_better: float = 0.0
    attributes: str = ""

    @property
    def gain(self) -> float:
        """Over bicubic."""
        return self.psnr - self.bicubic


class _Other(NamedTuple):
    psnr: float
    feeding: Feeding


def trial(method: Method, scale: float) -> Trial:
    """Try ``method``, which is prepared for ``scale``.

    Raises:
        SrbenchError: it fails.
    """
    example = _example(method, scale)
    own = Trial(scale, psnr_of(method, example), psnr_of(bicubic(), example))
    feeding = feeding_of(method)
    if feeding is None:
        return own
    exchanged = [other for other in others(method) if (other.range, other.mean) == (feeding.range, feeding.mean)]
    tried, gain = _psnr(method, exchanged, example), ORDER_GAIN
    if own.gain < LEAST:
        tried, gain = _psnr(method, others(method), example), GAIN
    most = max((other.psnr for other in tried), default=-math.inf)
    if most < own.psnr + gain:
        return own
    best = next(other for other in tried if other.psnr >= most - ALIKE)  # that which differs least
    return replace(own, better=best.feeding, with_better=best.psnr, attributes=best.feeding.attributes(feeding))


def _psnr(method: Method, feedings: Sequence[Feeding], example: Example) -> list[_Other]:
    found = []
    for feeding in feedings:
        try:
            with contained():
                found.append(_Other(psnr_of(fed(method, feeding), example), feeding))
        except SrbenchError:  # NaN, where a network is fed far outside of what it knows
            continue
    return found


def _example(method: Method, scale: float) -> Example:
    image = next(image for image in dataset.find("sample").images if image.name == IMAGE)
    rules = protocol.get("basicsr" if method.card.fed("luma") == "rgb" else "classic")
    return Example(HrImage(image.read(), rules), scale, Bicubic())


def lines(name: str, trials: Sequence[Trial]) -> list[str]:
    """What there is to say of the trials of a method at several scales: of each what would bring it up, or that it is
    far below bicubic; nothing where all is well."""
    best = max((own for own in trials if own.better), key=lambda own: own.with_better - own.psnr, default=None)
    found = [] if best is None else [_line(name, best)]
    good = tuple(own.scale for own in trials if own.gain > 0)
    low = [own for own in trials if own.better is None and own.gain < (0 if good else -FAR)]
    if not low:
        return found
    worst = ", ".join(f"x{own.scale}: {own.psnr:.1f} dB (bicubic {own.bicubic:.1f})" for own in low)
    cause = (
        f"the weights may be of {ScaleSet.of(good)} alone"
        if good
        else "no range, order of channels or mean helps; they may be of another network, or trained for other LR images"
    )
    return [*found, f"{name} is below bicubic on the picture '{IMAGE}', {worst}: {cause}"]


def _line(name: str, own: Trial) -> str:
    assert own.better is not None
    digits = 1 if own.with_better - own.psnr >= GAIN else 2
    return (
        f"{name} x{own.scale}, tried on the picture '{IMAGE}': {own.better.words}: {own.with_better:.{digits}f} dB "
        f"instead of {own.psnr:.{digits}f} (bicubic {own.bicubic:.{digits}f}); {own.attributes} in a plugin says so "
        "(docs/checkpoints.md)"
    )
