"""Which slice of a run is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from srbench.errors import SrbenchError

MOST = 100_000  # slices of a run


@dataclass(frozen=True)
class Shard:
    """Slice ``index`` of ``count``; the first is 1.

    Raises:
        SrbenchError: there is no such slice.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise SrbenchError(f"a run is cut into 1 to {MOST:,} slices, not {self.count}", "as in --shard 3/16")
        if not 1 <= self.index <= self.count:
            hint = f"--shard 1/{self.count} is the first and --shard {self.count}/{self.count} the last"
            raise SrbenchError(f"there is no slice {self.index} of {self.count}", hint)

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Of '3/16'.

        Raises:
            SrbenchError: it is something else.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip(), re.ASCII)
        if found is None:
            raise SrbenchError(f"--shard takes a slice and their number, not '{text}'", "as in --shard 3/16")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"
