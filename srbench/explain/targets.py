"""Printed numbers to explain, as they stand on a command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from srbench.errors import SrbenchError, UnknownNameError
from srbench.scale import Scale

METRICS = ("psnr", "ssim")
_SCALE = re.compile(r"(?:(?P<data>.+):)?[xX](?P<scale>[0-9]+(?:\.[0-9]+|/[0-9]+)?)")
_NUMBER = re.compile(r"-?(\d+(\.(?P<decimals>\d*))?|\.(?P<bare>\d+))", re.ASCII)
_MOST_DECIMALS = 12
_HIGHEST = 60.0  # dB: far above what is printed of SR images, and below every SSIM in percent
_HINT = "give it as printed, for example --expect 28.42, or --expect x2=37.53/.9587,x3=33.66/.9213"
_ROUNDING = 1e-12  # what sums of doubles may differ by


@dataclass(frozen=True)
class Target:
    """A printed mean over a dataset."""

    dataset: str
    scale: float
    metric: str  # 'psnr' or 'ssim'
    value: float
    decimals: int
    text: str  # as it was printed

    def units(self, value: float) -> float:
        """How far ``value`` is from it, in units of the last printed digit; 0 where it would be printed so."""
        off = abs(value - self.value) * 10.0**self.decimals
        return 0.0 if off <= 0.5 + _ROUNDING * 10.0**self.decimals else off

    def fits(self, value: float) -> bool:
        return self.units(value) == 0


def parse(texts: Iterable[str], dataset: str, scale: float, metric: str = "") -> tuple[Target, ...]:
    """Targets as ``[[DATASET:]xN=]PSNR[/SSIM]``, several with commas between them.

    Args:
        texts: each is such a list; a dataset holds for those behind it in the list, until another one is named.
        dataset, scale: of targets that name none.
        metric: of single values; without it a value of at most 1 is an SSIM.

    Raises:
        SrbenchError: what is no such target, a value that cannot be that, two targets for one mean.
    """
    if metric not in ("", *METRICS):
        raise UnknownNameError("metric", metric, METRICS)
    found: dict[tuple[str, float, str], Target] = {}
    for text in texts:
        data = dataset
        for item in text.split(","):
            key, equals, values = item.strip().rpartition("=")
            own = scale
            if equals:
                data, own = _place(key.strip(), data, scale)
            for target in _targets(values.strip(), data, own, metric):
                mean = (target.dataset, target.scale, target.metric)
                if mean in found:
                    raise SrbenchError(
                        f"two numbers for {target.metric} of {target.dataset} at x{target.scale}: "
                        f"{found[mean].text} and {target.text}",
                        "give one for each dataset, scale and metric",
                    )
                found[mean] = target
    return tuple(found.values())


def _place(key: str, data: str, scale: float) -> tuple[str, float]:
    """Dataset and scale of what stands before an equals sign: 'set14', 'x3', 'set14:x3'."""
    if not key:
        raise SrbenchError("'=' without a scale or a dataset before it", _HINT)
    match = _SCALE.fullmatch(key)
    if match is None:
        return key, scale
    return match["data"] or data, Scale.parse(match["scale"]).number


def _targets(text: str, data: str, scale: float, metric: str) -> Iterator[Target]:
    """The one or two targets of '28.42', '.8104' or '28.42/.8104'."""
    parts = [part.strip() for part in text.split("/")]
    both = len(parts) == 2
    if len(parts) > 2:
        raise SrbenchError(f"'{text}' is more than a PSNR and an SSIM", _HINT)
    kinds = METRICS if both else (metric,)
    for part, kind in zip(parts, kinds, strict=True):
        match = _NUMBER.fullmatch(part)
        value = float(part) if match else math.nan
        if match is None or not math.isfinite(value):
            raise SrbenchError(f"'{part[:40]}' is not a number", _HINT)
        decimals = len(match["decimals"] or match["bare"] or "")
        if decimals > _MOST_DECIMALS:
            raise SrbenchError(f"'{part[:40]}' has more decimals than a mean is known to", f"give {_MOST_DECIMALS}")
        _require(part, value, kind)
        yield Target(data, scale, kind or ("ssim" if value <= 1 else "psnr"), value, decimals, part)


def _require(text: str, value: float, kind: str) -> None:
    """Raise SrbenchError for what no PSNR or SSIM can be."""
    percent = f"{value / 100:.4f}".rstrip("0")
    if kind == "ssim" and value > 1:
        hint = f"give {percent}" if value <= 100 else "an SSIM is between -1 and 1"
        raise SrbenchError(f"an SSIM of {text} is above 1", hint)
    if kind == "ssim" and value < -1:
        raise SrbenchError(f"an SSIM of {text} is below -1", "an SSIM is between -1 and 1")
    if kind == "psnr" and value < 0:
        raise SrbenchError(f"a PSNR of {text} dB is below 0", "images of 8 bits have at least 0 dB")
    if kind == "" and value < 0:
        raise SrbenchError(f"{text} is no PSNR and no usual SSIM", "say which with --metric psnr or --metric ssim")
    if kind == "" and value > _HIGHEST:
        raise SrbenchError(
            f"{text} dB is far above what is printed of SR images",
            f"an SSIM of {text} percent is {percent}; if it is a PSNR, add --metric psnr"
            if value <= 100
            else "if it is a PSNR, add --metric psnr",
        )
