"""The HTML leaderboard: one self-contained page from whatever a results folder holds. And a page on two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.report.html.compared import render_comparison
    from srbench.report.html.page import render

__all__ = ["render", "render_comparison"]

# Tables in a terminal, in papers and in pull requests use modules of this folder, and draw nothing.
__getattr__ = lazy.names(__name__, {"render": "page", "render_comparison": "compared"})
