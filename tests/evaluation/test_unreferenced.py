"""An image without an original is fed as it is, and nothing can look at an original."""

import pytest
import torch

from srbench import protocol
from srbench.errors import SrbenchError
from srbench.evaluation import HrImage, UnreferencedExample, compare, is_black, measure, super_resolve
from srbench.imaging.color import luma, round_half_up
from srbench.imaging.images import read_image
from srbench.method.plugins import find, instantiate
from srbench.metrics import Metric, get
from srbench.metrics.catalog import WITHOUT_REFERENCE
from srbench.resize import imresize


@pytest.fixture
def photo(make_picture):
    return make_picture(29, 31, 1)  # no multiple of any scale


def example(pixels, name="basicsr", scale=3):
    return UnreferencedExample(HrImage(pixels, protocol.get(name)), scale)


def test_methods_are_given_the_image_whole_and_as_it_is(photo):
    own = example(photo)
    assert (own.lr_pixels.permute(1, 2, 0).numpy() == photo).all()
    assert own.lr_pixels.dtype == torch.uint8
    sr = super_resolve(instantiate(find("bicubic")[0]), own)
    assert sr.shape == (3, 87, 93)
    expected = imresize(torch.from_numpy(photo).permute(2, 0, 1).to(torch.float32) / 255, 3)
    assert (sr - 255 * expected.clamp(0, 1)).abs().max() <= 0.501


def test_a_luma_protocol_rounds_the_luma_of_the_image(photo):
    own = example(photo, "classic")
    assert (own.lr_luma == round_half_up(luma(torch.from_numpy(photo).permute(2, 0, 1)))).all()
    assert own.lr_pixels.dtype == torch.float64
    assert super_resolve(instantiate(find("bicubic")[0]), own).shape == (1, 87, 93)


@pytest.mark.parametrize("name", ["classic", "basicsr"])
def test_a_grey_image_is_read_as_its_protocol_reads_them(make_picture, name):
    grey = make_picture(12, 14, 2, channels=1)
    own = example(grey, name)
    assert own.grey_as_grey == (name == "classic")
    assert (own.lr_pixels.numpy() == grey).all()


def test_metrics_see_the_sr_image_alone(photo):
    own = example(photo)
    pair = compare(super_resolve(instantiate(find("nearest")[0]), own), own)
    assert pair.sr_rgb.shape == (3, 87, 93)
    assert pair.sr_luma.shape == (87 - 6, 93 - 6)
    assert pair.hr_luma.numel() == 0
    for look in (lambda: pair.hr_rgb, lambda: own.hr_luma, lambda: own.degradation):
        with pytest.raises(SrbenchError, match=r"this image has no (original|known degradation)"):
            look()
    sly = Metric("sly", "Sly", 1, True, "", (0, 1), 2, ("sr_rgb",), lambda pair: float(pair.hr_rgb.double().mean()))
    score = measure(sly, pair)
    assert score.status == "error"
    assert "no original" in score.extra


def test_a_black_image_of_a_picture_that_is_not_is_noticed(photo):
    own = example(photo)
    assert is_black(torch.zeros(3, 87, 93), own)
    assert not is_black(torch.zeros(3, 87, 93), example(photo * 0))


def test_which_metrics_need_an_original():
    assert [name for name in ("psnr", "ssim", "lpips", "mos", "consistency", "bits") if get(name).needs_reference] == [
        *("psnr", "ssim", "lpips", "mos", "consistency", "bits")
    ]
    assert not [name for name in WITHOUT_REFERENCE if get(name).needs_reference]
    pytest.importorskip("pyiqa")
    assert not get("pyiqa:musiq").needs_reference
    assert get("pyiqa:gmsd").needs_reference


@pytest.mark.data("set5")
def test_an_image_is_fed_as_the_lr_image_of_the_same_pixels_is():
    from srbench.dataset import find as find_dataset
    from srbench.degradation import Bicubic
    from srbench.evaluation import Example

    method = instantiate(find("back-projection")[0])
    for image in find_dataset("set5").images[2:4]:
        low = read_image(image.path.parent.parent / "LR_bicubic" / "X4" / f"{image.name}x4.png")
        degraded = Example(HrImage(image.read(), protocol.get("basicsr")), 4, Bicubic())
        assert (super_resolve(method, example(low, scale=4)) == super_resolve(method, degraded)).all()
