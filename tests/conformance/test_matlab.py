"""LR images equal MATLAB's own, pixel for pixel: the LR_bicubic folders that come with the published Set5."""

import numpy as np
import pytest

from srbench import dataset, degradation, protocol
from srbench.evaluation.scoring import Example, HrImage
from srbench.imaging.images import as_rgb, read_image
from srbench.resize import imresize

pytestmark = pytest.mark.data("set5")

CASES = [(name, scale) for name in ("baby", "bird", "butterfly", "head", "woman") for scale in (2, 4)]


@pytest.fixture
def pair(request):
    """HR image as srbench finds it, MATLAB's LR image from the folder beside it."""
    name, scale = request.param
    file = next(image for image in dataset.find("set5").images if image.name == name)
    lr = file.path.parent.parent / "LR_bicubic" / f"X{scale}" / f"{name}x{scale}.png"
    if not lr.is_file():
        pytest.fail(f"MATLAB's LR image is not at {lr}")
    return as_rgb(file.read()), as_rgb(read_image(lr)), scale


@pytest.mark.parametrize("pair", CASES, indirect=True, ids=str)
def test_imresize_of_uint8_equals_matlab(pair):
    hr, matlab, scale = pair
    height, width = (length // scale * scale for length in hr.shape[:2])
    assert np.array_equal(imresize(hr[:height, :width], 1 / scale), matlab)


@pytest.mark.parametrize("pair", CASES, indirect=True, ids=str)
def test_lr_of_the_basicsr_protocol_equals_matlab(pair):
    hr, matlab, scale = pair
    example = Example(HrImage(hr, protocol.BASICSR), scale, degradation.get("bicubic"))
    assert np.array_equal(example.lr_rgb.permute(1, 2, 0).numpy(), matlab)


@pytest.mark.parametrize("pair", CASES[2:4], indirect=True, ids=str)
def test_rounding_once_would_not_equal_matlab(pair):
    hr, matlab, scale = pair
    height, width = (length // scale * scale for length in hr.shape[:2])
    once = np.floor(imresize(hr[:height, :width].astype(float), 1 / scale) + 0.5).clip(0, 255)
    assert np.mean(once != matlab) > 0.05
