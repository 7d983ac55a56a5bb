"""Autoregressive image models: p(y | x) as a product over sub-pixels in raster order, and how to draw from it fast."""

from srbench.autoregressive.expert import Condition, Expert, to_levels, to_unit
from srbench.autoregressive.layers import Prior

__all__ = ["Condition", "Expert", "Prior", "to_levels", "to_unit"]
