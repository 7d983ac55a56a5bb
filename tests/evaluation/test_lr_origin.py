"""Which program made LR images: recognised by name, also where it rounds in integers of its own."""

import numpy as np
import pytest
import torch
from PIL import Image

from srbench import dataset
from srbench.degradation import Bicubic
from srbench.evaluation.example import planes_of
from srbench.evaluation.lr_origin import candidates
from srbench.imaging.images import read_image

MATLAB = "MATLAB's imresize, bicubic (srbench's own, under basicsr)"


@pytest.fixture(scope="module")
def photographs():
    return [image.read()[40:137, 30:136] for image in dataset.find("sample").images if image.facts.channels == 3][:2]


def by_opencv(pixels, scale):
    """OpenCV's INTER_CUBIC of uint8: a = -0.75, no antialiasing, coefficients in units of 1/2048, as it documents."""
    a = -0.75

    def weights(length):
        found = np.zeros((length // scale, length))
        for place in range(length // scale):
            centre = (place + 0.5) * (length / (length // scale)) - 0.5
            first = int(np.floor(centre)) - 1
            for tap in range(first, first + 4):
                x = abs(centre - tap)
                near = (a + 2) * x**3 - (a + 3) * x**2 + 1
                weight = near if x <= 1 else a * (x**3 - 5 * x**2 + 8 * x - 4)
                found[place, min(max(tap, 0), length - 1)] += np.rint(weight * 2048) / 2048
        return found

    rows, columns = (weights(side) for side in pixels.shape[:2])
    small = np.einsum("yh,hwc,xw->yxc", rows, pixels.astype(float), columns)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def by_pillow(pixels, scale, kernel=Image.Resampling.BICUBIC):
    height, width = (side // scale for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), kernel))


def by_matlab(pixels, scale):
    return Bicubic()(planes_of(pixels), scale).permute(1, 2, 0).contiguous().numpy()


def by_area(pixels, scale):
    height, width = (side // scale for side in pixels.shape[:2])
    blocks = pixels.reshape(height, scale, width, scale, 3).astype(int)
    sums = blocks.sum(axis=(1, 3))
    return ((sums + 2) >> 2 if scale == 2 else np.rint(sums / scale**2)).astype(np.uint8)


def once(pixels, scale):
    small = Bicubic()(planes_of(pixels).to(torch.float64), scale).clamp(0, 255)
    return (small + 0.5).floor().to(torch.uint8).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (by_matlab, MATLAB),
        (once, "MATLAB's imresize in floating point, rounded once (BasicSR's imresize)"),
        (by_pillow, "Pillow's bicubic"),
        (by_opencv, "OpenCV's INTER_CUBIC, without antialiasing (torch's bicubic)"),
        (by_area, "OpenCV's INTER_AREA, the mean of blocks"),
        (lambda pixels, scale: by_pillow(pixels, scale, Image.Resampling.LANCZOS), "Pillow's Lanczos"),
        (
            lambda pixels, scale: pixels[::scale, ::scale],
            "every pixel that is the first of a block (OpenCV's INTER_NEAREST)",
        ),
    ],
)
def test_the_program_is_recognised_and_named(photographs, make, name, scale):
    cut = [pixels[: pixels.shape[0] // scale * scale, : pixels.shape[1] // scale * scale] for pixels in photographs]
    found = candidates([(hr, make(low, scale)) for hr, low in zip(photographs, cut, strict=True)], scale)
    assert found[0].name == name
    assert found[0].recognised
    assert found[0].identical or make is by_opencv
    assert not found[1].identical


@pytest.mark.parametrize(("make", "name"), [(by_pillow, "Pillow's bicubic"), (by_opencv, "OpenCV's INTER_CUBIC")])
def test_hr_images_that_were_not_cut_to_a_multiple_are_said_to_be(photographs, make, name):
    found = candidates([(hr, make(hr, 4)) for hr in photographs], 4)
    assert found[0].name.startswith(name)
    assert found[0].name.endswith("of HR images that were not cut")
    assert found[0].recognised


def test_noise_is_recognised_as_nothing_and_the_differences_are_measured(photographs):
    hr = photographs[0][:96, :104]
    low = by_matlab(hr, 4)
    low[0, 0, 0] ^= 128
    (best, *_) = candidates([(hr, low)], 4)
    assert (best.name, best.greatest, best.recognised) == (MATLAB, 128, False)
    assert best.equal == pytest.approx(1 - 1 / low.size)
    assert best.mean == pytest.approx(128 / low.size)


@pytest.mark.data("set5")
@pytest.mark.parametrize("scale", [2, 4])
def test_the_published_lr_images_are_matlabs_pixel_for_pixel(scale):
    data = dataset.find("set5")
    low = data.images[0].path.parents[1] / "LR_bicubic" / f"X{scale}"
    found = candidates(((i.read(), read_image(low / f"{i.name}x{scale}.png")) for i in data.images), scale)
    assert found[0].name == MATLAB
    assert found[0].identical
    others = {one.name: one for one in found}
    assert others["OpenCV's INTER_CUBIC, without antialiasing (torch's bicubic)"].mean > 2
