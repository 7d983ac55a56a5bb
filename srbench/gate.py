"""The gate: do the stored means hold the thresholds of a TOML file?

    [[threshold]]
    method = "bicubic"
    dataset = "set5"
    scale = 4
    protocol = "classic"      # default: basicsr
    degradation = "bicubic"   # default: bicubic
    metric = "psnr"
    min = 28.40               # and / or max

A mean that is missing, NaN or over fewer images than were planned fails: silence is not a pass.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from srbench import metrics, protocol
from srbench.errors import GateError, UnknownNameError


@dataclass(frozen=True)
class Threshold:
    """Bounds on one mean."""

    method: str
    dataset: str
    scale: int
    metric: str
    protocol: str = "basicsr"
    degradation: str = "bicubic"
    min: float = -math.inf
    max: float = math.inf

    def __str__(self) -> str:
        return f"{self.method} {self.dataset} x{self.scale} {self.metric} ({self.protocol}, {self.degradation})"


@dataclass(frozen=True)
class Verdict:
    """Whether one threshold holds; ``reason`` says why not, ``short`` by how much."""

    threshold: Threshold
    measured: float
    holds: bool
    reason: str = ""
    short: float = math.nan


def read(path: Path) -> list[Threshold]:
    """The thresholds of a file.

    Raises:
        GateError: no such file, TOML that does not parse (with line and column), no thresholds, an unknown or
            missing key, a value of the wrong type, bounds that contradict each other.
        UnknownNameError: an unknown metric or protocol.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GateError(f"cannot read thresholds '{path}' ({error.strerror})", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GateError(f"'{path}' is not valid TOML: {error}", "mend that line") from error
    if set(table) - {"threshold"}:
        raise UnknownNameError("key", sorted(set(table) - {"threshold"})[0], ["threshold"])
    entries = table.get("threshold", [])
    if not isinstance(entries, list) or not entries:
        raise GateError(f"'{path}' holds no thresholds", "add a [[threshold]] table (docs/ci.md)")
    return [_parse(entry, f"threshold {i} of '{path}'") for i, entry in enumerate(entries, start=1)]


_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "scale": (int, "whole number"),
    "min": ((int, float), "number"),
    "max": ((int, float), "number"),
}


def _parse(entry: Any, where: str) -> Threshold:
    if not isinstance(entry, dict):
        raise GateError(f"{where} is not a table", "write it as [[threshold]]")
    known = {field.name: field for field in fields(Threshold)}
    for key in entry:
        if key not in known:
            raise UnknownNameError(f"key in {where}", key, known)
    for key in ("method", "dataset", "scale", "metric"):
        if key not in entry:
            raise GateError(f"{where} has no '{key}'", f"add {key} = ...")
    for key, value in entry.items():
        kind, name = _KINDS.get(key, (str, "text"))
        if isinstance(value, bool) or not isinstance(value, kind):
            raise GateError(f"{where}: {key} = {value!r} is not a {name}", "mend the value")
    threshold = Threshold(**entry)
    if math.isinf(threshold.min) and math.isinf(threshold.max):
        raise GateError(f"{where} has neither min nor max", "give at least one")
    if math.isnan(threshold.min) or math.isnan(threshold.max) or threshold.min > threshold.max:
        raise GateError(f"{where}: nothing lies between {threshold.min} and {threshold.max}", "mend the bounds")
    metrics.get(threshold.metric)
    protocol.get(threshold.protocol)
    return threshold


def check(means: pd.DataFrame, thresholds: list[Threshold]) -> list[Verdict]:
    """Hold a table of means (:func:`srbench.leaderboard.means`) against thresholds."""
    return [_judge(means, threshold) for threshold in thresholds]


def _judge(means: pd.DataFrame, threshold: Threshold) -> Verdict:
    own = means[(means["options"] == "") & (means["metric"] == threshold.metric)]
    for column in ("method", "dataset", "scale", "protocol", "degradation"):
        own = own[own[column] == getattr(threshold, column)]
    if own.empty:
        return Verdict(threshold, math.nan, False, "not in the results")
    row = own.iloc[0]
    measured = float(row["mean"])
    if math.isnan(measured):
        return Verdict(threshold, measured, False, "no value")
    if row["n"] < row["planned"]:
        return Verdict(threshold, measured, False, f"only {row['n']} of {row['planned']} images have a value")
    if measured < threshold.min:
        return Verdict(threshold, measured, False, f"below {threshold.min:g}", threshold.min - measured)
    if measured > threshold.max:
        return Verdict(threshold, measured, False, f"above {threshold.max:g}", measured - threshold.max)
    return Verdict(threshold, measured, True)
