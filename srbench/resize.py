"""MATLAB's imresize: the public face of :mod:`srbench.imaging.resize`."""

from srbench.imaging.resize import KERNELS, Downsampler, axis, enlarge, imresize, weights

__all__ = ["KERNELS", "Downsampler", "axis", "enlarge", "imresize", "weights"]
