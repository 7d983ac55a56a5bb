"""Run all cells of a plan and store every score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.run.observer import Observer, Silent, Summary
    from srbench.run.options import RunOptions
    from srbench.run.plan import CellResult, CellTask, RunContext
    from srbench.run.runner import run

__all__ = ["CellResult", "CellTask", "Observer", "RunContext", "RunOptions", "Silent", "Summary", "run"]

__getattr__ = lazy.names(
    __name__,
    {
        "CellResult": "plan",
        "CellTask": "plan",
        "Observer": "observer",
        "RunContext": "plan",
        "RunOptions": "options",
        "Silent": "observer",
        "Summary": "observer",
        "run": "runner",
    },
)
