"""What fits printed numbers: one row a setting, the likeliest first, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from srbench.explain.settings import Grid, Setting
from srbench.explain.targets import Target
from srbench.protocol.base import Protocol

_FAR = 1e9  # units of the last digit; PSNR may be infinite


@dataclass(frozen=True)
class Row:
    """A setting, with its mean for every target."""

    protocol: Protocol
    setting: Setting
    feeding: str  # how the method was fed otherwise than it says; empty: as it says
    values: tuple[float, ...]  # as the targets
    units: tuple[float, ...]  # how far each is from its target, in units of the last printed digit; 0: it fits
    nearest: str  # the named protocol
    departures: tuple[str, ...]  # in what it is not that protocol; empty: it is
    script: str  # a public script with this setting, where it is no named protocol
    alike: tuple[str, ...] = ()  # named protocols that decide alike here, besides ``nearest``
    rank: int = 0  # of ``nearest`` among the named protocols, which are listed as most papers use them

    @property
    def fits(self) -> bool:
        """Whether all targets would be printed so."""
        return not any(self.units)

    @property
    def name(self) -> str:
        """The named protocol or script that it is; empty for a setting that is not known to be in use."""
        return self.script if self.departures else self.nearest

    @property
    def in_words(self) -> str:
        if not self.departures:
            return self.nearest
        what = f"{self.nearest}, but {' and '.join(self.departures)}"
        return f"{what} ({self.script})" if self.script else what

    @property
    def order(self) -> tuple[float, ...]:
        """What is likelier comes first: what fits or is nearest, in printed digits; of these what is in use; of these
        what departs least from it, and from the protocol that is listed first."""
        use = 0 if not self.departures else 1 if self.script else 2
        worst = round(min(max(self.units), _FAR))
        return (not self.fits, worst, use, len(self.departures), min(sum(self.units), _FAR), self.rank)


@dataclass(frozen=True)
class Answer:
    """All settings that were tried.

    Args:
        rows: the likeliest first.
        feedings: how many other ways to feed the method were tried, on a few images first.
    """

    targets: tuple[Target, ...]
    rows: tuple[Row, ...]
    feedings: int = 0

    @property
    def best(self) -> Row:
        return self.rows[0]

    @property
    def fitting(self) -> tuple[Row, ...]:
        """Those that fit all targets; they come first."""
        return tuple(row for row in self.rows if row.fits)

    @property
    def in_use(self) -> tuple[Row, ...]:
        """Of :attr:`fitting` those that are a named protocol or a known script."""
        return tuple(row for row in self.fitting if row.name)

    def alone(self, target: Target) -> int:
        """How many settings fit one of the targets."""
        index = self.targets.index(target)
        return sum(row.units[index] == 0 for row in self.rows)


def row_of(
    grid: Grid, targets: Sequence[Target], protocol: Protocol, values: Iterable[float], feeding: str = ""
) -> Row:
    """A row with everything that can be said of a setting."""
    setting, values = grid.setting(protocol), tuple(values)
    nearest, departures = grid.nearest(setting)
    return Row(
        protocol,
        setting,
        feeding,
        values,
        tuple(target.units(value) for target, value in zip(targets, values, strict=True)),
        nearest,
        (feeding, *departures) if feeding else departures,
        "" if feeding or not departures else grid.script(setting),
        () if departures else tuple(name for name in grid.alike(setting) if name != nearest),
        list(grid.named).index(nearest),
    )
