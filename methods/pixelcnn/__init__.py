"""Pixel Recursive Super Resolution: p(y | x) as a product over sub-pixels in raster order, drawn from fast."""

from srbench.methods.pixelcnn.expert import Condition, Expert, to_levels, to_unit
from srbench.methods.pixelcnn.layers import Prior
from srbench.methods.pixelcnn.method import PixelCnn, PixelCnnConditioning, PixelCnnGreedy, PixelCnnMean

__all__ = [
    "Condition",
    "Expert",
    "PixelCnn",
    "PixelCnnConditioning",
    "PixelCnnGreedy",
    "PixelCnnMean",
    "Prior",
    "to_levels",
    "to_unit",
]
