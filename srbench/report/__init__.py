"""The HTML leaderboard: one self-contained page from whatever a results folder holds. And a page on two of them."""

from srbench.report.compared import render_comparison
from srbench.report.page import render

__all__ = ["render", "render_comparison"]
