"""Pairs of real images, and LPIPS with its weights where they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.imaging.images import read_image
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


@pytest.fixture(scope="session")
def clip_frames(data_folders):
    """The first three frames of a clip of Vid4, cropped to 144 x 176 pixels, uint8 RGB."""

    def frames(clip: str) -> list[np.ndarray]:
        folders = [Path(folder, "Vid4", clip) for folder in data_folders.split(os.pathsep)]
        found = next((folder for folder in folders if folder.is_dir()), None)
        if found is None:
            (pytest.fail if os.environ.get("SRBENCH_REQUIRE_DATA") == "1" else pytest.skip)(f"no Vid4/{clip} here")
        return [np.ascontiguousarray(read_image(path)[200:344, 200:376]) for path in sorted(found.iterdir())[:3]]

    return frames


@pytest.fixture(scope="session")
def tecogans_crop():
    """crop_8x8 of the authors' metrics.py, written anew: sides to multiples of 32, then 32 less until 16 are left."""

    def crop(image):
        sides = []
        for side in image.shape:
            kept = side // 32 * 32
            while kept > side - 16:
                kept -= 32
            sides.append(((side - kept) // 2, kept))
        (y, h), (x, w) = sides
        return image[y : y + h, x : x + w]

    return crop
