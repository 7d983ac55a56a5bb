"""The HTML leaderboard: one self-contained page from whatever a results folder holds. And a page on two of them."""

from srbench.report.html.compared import render_comparison
from srbench.report.html.page import render

__all__ = ["render", "render_comparison"]
