"""SSIM as papers and tools other than MATLAB's compute it, by scikit-image: for protocols that say so."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from torch import Tensor


def ssim_of(rule: Literal["gaussian-padded", "uniform"], sr: Tensor, hr: Tensor) -> float:
    """Mean SSIM of images (H, W), or of the planes of (C, H, W), on the 0..255 scale.

    Args:
        rule: 'gaussian-padded' is MATLAB's window over the mirrored image, none of whose border is left out; 'uniform'
            is scikit-image's default, a mean of 7x7 with the unbiased covariance.
    """
    from skimage.metrics import structural_similarity

    similarity: Any = structural_similarity  # it has no types
    pairs = zip(*(image.reshape(-1, *image.shape[-2:]).cpu().numpy() for image in (sr, hr)), strict=True)
    if rule == "uniform":
        return float(np.mean([similarity(x, y, data_range=255) for x, y in pairs]))
    # The map of the whole image, where scikit-image's own mean cuts its border.
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    return float(np.mean([similarity(x, y, data_range=255, **window)[1].mean() for x, y in pairs]))
