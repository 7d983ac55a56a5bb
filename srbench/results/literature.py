"""Values that papers and repositories report of methods, to be shown below measured ones and never to be ranked or
tested with them: other code, other weights, means alone.

``literature.toml`` holds them with their sources; docs/scripts/make_literature.py makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

from srbench import tomlfile
from srbench.errors import SrbenchError, UnknownNameError
from srbench.results.facts import PublishedValue, closest

FILE = Path(__file__).with_name("literature.toml")
METRICS = ("psnr", "ssim", "lpips")


@dataclass(frozen=True)
class Entry:
    """A method and all that is reported of it."""

    name: str
    title: str
    year: int
    values: tuple[PublishedValue, ...] = field(repr=False)

    def value(self, dataset: str, scale: float, metric: str, protocol: str) -> PublishedValue | None:
        """What is reported under a protocol, else under another, which the value names; None if nothing is. LR images
        are by bicubic downscaling."""
        return closest(self.values, dataset, scale, metric, protocol)


@dataclass(frozen=True)
class _Row:
    dataset: str
    scale: float | int  # msgspec would make a float of every whole number
    protocol: str
    source: str
    psnr: float | None = None
    ssim: float | None = None
    lpips: float | None = None


@dataclass(frozen=True)
class _Method:
    name: str
    title: str
    year: int
    values: list[_Row]


@dataclass(frozen=True)
class _Literature:
    sources: dict[str, str]
    method: list[_Method]


@cache
def entries() -> dict[str, Entry]:
    """All methods by name, the oldest first."""
    content = tomlfile.load(FILE, "the literature's values", _Literature)
    return {own.name: _entry(own, content.sources) for own in content.method}


def _entry(method: _Method, sources: dict[str, str]) -> Entry:
    values = tuple(
        PublishedValue(row.dataset, row.scale, metric, value, sources[row.source], row.protocol)
        for row in method.values
        for metric in METRICS
        if (value := getattr(row, metric)) is not None
    )
    return Entry(method.name, method.title, method.year, values)


def reported_on(entry: Entry, images: pd.DataFrame) -> bool:
    """Whether anything is reported of a method on the datasets, scales and metrics of some rows of
    :func:`srbench.results.leaderboard.per_image`; LR images by bicubic downscaling alone."""
    places = images.loc[images["degradation"] == "bicubic", ["dataset", "scale", "metric"]]
    return not {(v.dataset, v.scale, v.metric) for v in entry.values}.isdisjoint(
        places.itertuples(index=False, name=None)
    )


def find(names: Sequence[str]) -> list[Entry]:
    """The methods of these names, each once. A name before a '-' stands for all of its variants where it is none
    itself: 'swinir' for 'swinir-df2k', 'swinir-div2k' and 'swinir-light'. Case does not matter.

    Args:
        names: several may stand in one text, with commas between.

    Raises:
        UnknownNameError: with the nearest names, or all.
        SrbenchError: there is no name among the commas.
    """
    known = entries()
    found: dict[str, Entry] = {}
    for name in (part.strip().lower() for text in names for part in text.split(",")):
        variants = [name] if name in known else [own for own in known if own.startswith(f"{name}-")]
        if name and not variants:
            raise UnknownNameError("method of the literature", name, known)
        found |= {own: known[own] for own in variants if name}
    if names and not found:
        raise SrbenchError("an empty list of methods of the literature", "give a name, or leave the option out")
    return list(found.values())
