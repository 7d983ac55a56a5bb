"""A campaign in a file: the options of ``srbench run`` as TOML, for one run or several.

    methods = ["all"]                # what all runs share
    scales = [2, 3, 4]

    [[run]]
    datasets = ["set5", "set14"]
    protocol = "classic"

    [[run]]
    datasets = ["bsd100"]

Keys are the long options, with ``-`` or ``_``; values are as on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from srbench import tomlfile
from srbench.errors import SrbenchError

Names = Annotated[Sequence[str], Meta(min_length=1)] | str | None
Scales = Annotated[Sequence[float | int], Meta(min_length=1)] | float | int | str | None


@dataclass(frozen=True)
class Options:
    """The options of one run as a file sets them; None for what it does not say."""

    methods: Names = None
    datasets: Names = None
    scales: Scales = None
    metrics: Names = None
    protocol: Names = None
    degradation: str | None = None
    frames: int | None = None
    clips: Names = None
    lr: Names = None
    no_reference: bool | None = None
    device: str | None = None
    threads: int | None = None
    out: str | None = None
    no_images: bool | None = None
    force: bool | None = None
    skip_unreadable: bool | None = None
    tile: int | None = None
    self_ensemble: bool | None = None
    precision: str | None = None
    batch: int | None = None
    time: bool | None = None
    seed: int | None = None
    state: str | None = None
    cell_timeout: float | None = None
    max_failures: int | None = None
    cluster: str | None = None
    exclusive: bool | None = None
    shard: str | None = None
    verify_pixels: bool | None = None


@dataclass(frozen=True)
class Campaign(Options):
    """A file: what its runs share, and the runs."""

    run: Annotated[Sequence[Options], Meta(min_length=1)] = (Options(),)


def read(path: Path) -> list[dict[str, Any]]:
    """The options of every run of a file, by name with ``_``, as the command line has them: lists of names, scales as
    one text with commas.

    Raises:
        SrbenchError: the file cannot be read or is not TOML; an unknown key (with its line and the nearest one), a
            value of the wrong kind.
    """
    campaign = tomlfile.load(path, "config", Campaign, dashes=True)
    return [{**_given(campaign), **_given(run)} for run in campaign.run]


def _given(options: Options) -> dict[str, Any]:
    values = {field.name: getattr(options, field.name) for field in fields(Options)}
    return {name: _as_on_the_command_line(name, value) for name, value in values.items() if value is not None}


def _as_on_the_command_line(name: str, value: Any) -> Any:
    if value == "":
        raise SrbenchError(f'{name} = "" is empty', "give a value, or leave it out")
    if name in ("scales", "protocol"):
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return [value] if name in ("methods", "datasets", "metrics", "clips") and isinstance(value, str) else value
