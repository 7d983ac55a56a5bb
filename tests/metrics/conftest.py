"""Pairs of real images, and LPIPS with its weights where they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.metrics import dists, lpips
from srbench.protocol.base import BASICSR
from srbench.resize import imresize


@pytest.fixture(autouse=True)
def fresh_networks():
    """No test finds the networks that another one loaded."""
    for one in (lpips.ALEX, lpips.SQUEEZE, lpips.VGG, dists.DISTS):
        one.forget()


@pytest.fixture(scope="session")
def sample_pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    """(SR, HR) of ten real pictures, uint8 RGB: bicubic x4 of the sample images, and two of them at x2."""
    pairs = []
    images = dataset.find("sample").images
    for image, scale in [*((image, 4) for image in images), (images[0], 2), (images[1], 2)]:
        hr = image.read()
        hr = hr if hr.ndim == 3 else np.repeat(hr[..., None], 3, axis=2)
        hr = np.ascontiguousarray(hr[: hr.shape[0] // scale * scale, : hr.shape[1] // scale * scale])
        pairs.append((imresize(imresize(hr, 1 / scale), scale), hr))
    return pairs


@pytest.fixture
def as_comparison():
    """A pair of uint8 images as a metric sees it under basicsr at scale 1."""

    def make(sr, hr, scale=1):
        planes = torch.from_numpy(sr.copy())
        sr = planes.expand(3, -1, -1) if planes.ndim == 2 else planes.permute(2, 0, 1)
        return compare(sr, Example(HrImage(hr, BASICSR), scale, Bicubic()))

    return make
