"""SSIM as a protocol has it: MATLAB's, padded, or scikit-image's default, of one plane and of three."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from srbench import degradation, metrics
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.protocol.base import BASICSR

GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}


def by_srbench(rule, sr, hr, space="luma"):
    protocol = replace(BASICSR, shave=0, ssim=rule, space=space)
    example = Example(HrImage(hr, protocol), 1, degradation.get("bicubic"))
    planes = torch.from_numpy(sr)[None] if sr.ndim == 2 else torch.from_numpy(sr).permute(2, 0, 1)
    return metrics.get("ssim").compute(compare(planes.expand(example.hr.shape[0], -1, -1), example))


def by_scikit_image(rule, x, y):
    if rule == "uniform":
        return structural_similarity(x, y, data_range=255)
    whole = structural_similarity(x, y, data_range=255, **GAUSSIAN)[1]
    return (whole if rule == "gaussian-padded" else whole[5:-5, 5:-5]).mean()


@pytest.mark.parametrize("rule", ["gaussian", "gaussian-padded", "uniform"])
def test_variants_are_scikit_images(make_picture, rule):
    sr, hr = (make_picture(40, 44, seed, channels=1) for seed in (0, 1))
    x, y = (16 + image.astype(float) * 219 / 255 for image in (sr, hr))  # read as RGB: luma is of the studio range
    assert by_srbench(rule, sr, hr) == pytest.approx(by_scikit_image(rule, x, y), abs=1e-9)


@pytest.mark.parametrize("rule", ["gaussian", "gaussian-padded", "uniform"])
def test_of_three_channels_it_is_the_mean_of_theirs(make_picture, rule):
    sr, hr = make_picture(40, 44, 0), make_picture(40, 44, 1)
    planes = [by_scikit_image(rule, sr[..., c].astype(float), hr[..., c].astype(float)) for c in range(3)]
    assert by_srbench(rule, sr, hr, "rgb") == pytest.approx(np.mean(planes), abs=1e-9)


def test_the_rules_differ(make_picture):
    sr, hr = make_picture(40, 44, 0), make_picture(40, 44, 1)
    assert len({round(by_srbench(rule, sr, hr), 6) for rule in ("gaussian", "gaussian-padded", "uniform")}) == 3
