"""Bicubic at scales that are no whole numbers, under both rules of sizes in use (ArbSR's and LIIF's), against values
that were measured apart from this code on the published images; and what every method must keep there."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench import dataset, protocol
from srbench.degradation.named import Bicubic, get
from srbench.errors import ImageError, NotSupportedError, SrbenchError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import super_resolve
from srbench.evaluation.reference import bicubic, mean_psnr
from srbench.evaluation.strips import strips
from srbench.method import Method, MethodCard, MethodContext, ScaleRange, plugins
from srbench.method.base import prepare
from srbench.method.wrappers import SelfEnsemble, Tiled
from srbench.protocol.base import CLASSIC
from srbench.scale import Scale, enlarged, exact, reduced

RULES = {name: protocol.get(name) for name in ("arbsr", "liif")}
SCALES = (1.5, 1.6, 2.4, 2.5, 3.1, 6, 8, 12)
# PSNR on Y in dB, the LR image in uint8.
MEASURED = {
    ("set5", "arbsr"): (36.818, 36.112, 32.143, 31.790, 30.092, 25.930, 24.398, 22.564),
    ("set5", "liif"): (36.841, 36.141, 32.177, 31.801, 30.153, 25.931, 24.399, 22.564),
    ("set14", "arbsr"): (33.094, 32.434, 29.042, 28.771, 27.421, 24.334, 23.184, 21.723),
    ("set14", "liif"): (33.109, 32.450, 29.055, 28.770, 27.466, 24.335, 23.185, 21.723),
}
OF_BSD100 = {
    "arbsr": {1.5: 32.173, 2.5: 28.157, 3.5: 26.480, 6: 24.541, 8: 23.668, 12: 22.502},
    "liif": {1.5: 32.177, 2.5: 28.158, 3.5: 26.502, 6: 24.542, 8: 23.669, 12: 22.503},
}
ANY_SCALE = ("bicubic", "bilinear", "lanczos", "nearest", "fourier", "back-projection", "tv-map")


@cache
def _pixels(name: str) -> list[np.ndarray]:
    return [image.read() for image in dataset.find(name).images]


def _mean(name: str, rule: str, scale: float) -> float:
    return mean_psnr(bicubic(), (Example(HrImage(own, RULES[rule]), scale, Bicubic()) for own in _pixels(name)))


@pytest.mark.data
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("name", "rule"), MEASURED)
def test_bicubic_gives_what_was_measured(data_folders, name, rule, scale):
    assert abs(_mean(name, rule, scale) - MEASURED[name, rule][SCALES.index(scale)]) < 0.006


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("rule", "scale"), [(rule, scale) for rule, own in OF_BSD100.items() for scale in own])
def test_bicubic_gives_what_was_measured_on_bsd100(data_folders, rule, scale):
    assert abs(_mean("bsd100", rule, scale) - OF_BSD100[rule][scale]) < 0.006


def test_the_rule_of_arbsr_divides_in_floating_point():
    """As gen_LR_img.m: floor(h / step / scale) * step * scale, where 344 / 5 / 1.6 is a little less than 43."""
    assert RULES["arbsr"].sizes(1.6, 344, 256) == ((336, 256), (210, 160))
    assert RULES["liif"].sizes(1.6, 344, 256) == ((344, 256), (215, 160))


REAL = st.integers(1, 40).flatmap(lambda q: st.integers(q, 12 * q).map(lambda p: p / q))


@settings(max_examples=200, deadline=None)
@given(scale=REAL, height=st.integers(1, 400), width=st.integers(1, 400), rule=st.sampled_from(sorted(RULES)))
def test_sizes_fit(scale, height, width, rule):
    (hr_height, hr_width), (low_height, low_width) = RULES[rule].sizes(scale, height, width)
    assert 0 <= hr_height <= height
    assert 0 <= hr_width <= width
    for high, low in ((hr_height, low_height), (hr_width, low_width)):
        assert enlarged(low, scale) == high
        assert reduced(high, scale) == low
        if rule == "arbsr":
            assert low * exact(scale) == high


@cache
def _method(name: str) -> Method:
    return plugins.instantiate(plugins.find(name)[0])


@pytest.mark.parametrize("name", ANY_SCALE)
@settings(max_examples=15, deadline=None)
@given(scale=st.integers(1, 40).flatmap(lambda q: st.integers(q, 4 * q).map(lambda p: p / q)), data=st.data())
def test_the_output_has_the_promised_size(name, scale, data):
    height, width = data.draw(st.integers(3, 14)), data.draw(st.integers(3, 14))
    method = _method(name)
    assert method.supports(scale)
    prepare(method, scale, MethodContext())
    lr = torch.rand((1, 1, height, width), generator=torch.Generator().manual_seed(height * width))
    sr = method.upscale(lr, scale)
    assert sr.shape == (1, 1, enlarged(height, scale), enlarged(width, scale))
    assert torch.isfinite(sr).all()
    assert abs(float(sr.mean() - lr.mean())) < 0.1


@pytest.mark.parametrize("rules", [*RULES.values(), CLASSIC], ids=lambda rules: rules.name)
def test_back_projection_and_tv_map_invert_the_operator_at_any_scale(rules):
    image = HrImage(dataset.find("sample").images[0].read(), rules)
    for scale in (1.5, 10 / 3):
        example = Example(image, scale, Bicubic())
        psnr = {name: mean_psnr(_method(name), [example]) for name in ("bicubic", "back-projection", "tv-map")}
        assert psnr["bicubic"] + 0.3 < min(psnr["back-projection"], psnr["tv-map"])


def test_networks_do_not_support_them():
    for name in ("fsrcnn", "vdsr"):
        with pytest.raises(NotSupportedError, match=r"does not support x2\.5; it supports x2, x3, x4"):
            _method(name).require_scale(2.5)


class Whole(Method):
    """Written when every scale was an int."""

    card = MethodCard(name="whole", title="Whole", year=0, family="", paper="", colour="any")

    def upscale(self, lr, scale):
        return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


class UpTo4(Whole):
    card = replace(Whole.card, scales=ScaleRange(1, 4))


def test_what_a_card_says_of_scales():
    whole, up_to_4 = Whole(), UpTo4()
    assert [scale for scale in (1, 2, 2.5, 7) if whole.supports(scale)] == [1, 2, 7]
    assert [scale for scale in (1, 2.5, 4, 4.1) if up_to_4.supports(scale)] == [1, 2.5, 4]
    with pytest.raises(NotSupportedError, match=r"whole does not support x2\.5; it supports whole numbers"):
        whole.require_scale(2.5)
    with pytest.raises(NotSupportedError, match=r"does not support x4\.1; it supports x1 to x4"):
        up_to_4.require_scale(4.1)


def test_what_is_left_of_a_small_image_is_nothing():
    image = HrImage(np.zeros((5, 64), np.uint8), RULES["liif"])
    with pytest.raises(ImageError, match=r"an image of 64x5 is too small at x2\.5: nothing is left"):
        Example(image, 2.5, Bicubic())


@pytest.mark.parametrize("scale", [1.5, 2.5, 4])
def test_tiles_give_what_the_whole_image_gives(scale):
    whole = _method("bicubic")
    tiled = Tiled(whole, 24)
    prepare(tiled, scale, MethodContext())
    lr = torch.rand((1, 1, 62, 50), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(tiled.upscale(lr, scale), whole.upscale(lr, scale), atol=1e-6)


def test_tiles_that_begin_between_pixels_are_refused():
    tiled = Tiled(_method("bicubic"), 24)
    prepare(tiled, 2.5, MethodContext())
    with pytest.raises(NotSupportedError, match=r"in tiles at x2\.5 needs LR images whose sides are multiples of 2"):
        tiled.upscale(torch.rand(1, 1, 61, 50), 2.5)


def test_a_self_ensemble_of_bicubic_is_bicubic():
    method = SelfEnsemble(_method("bicubic"))
    prepare(method, 3.1, MethodContext())
    lr = torch.rand((1, 3, 17, 22), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(method.upscale(lr, 3.1), _method("bicubic").upscale(lr, 3.1), atol=1e-5)


class Luma(Method):
    card = MethodCard(name="y", title="Y", year=0, family="", paper="", colour="luma", scales=ScaleRange())

    def upscale(self, lr, scale):
        return _method("bicubic").upscale(lr, scale)


@pytest.mark.parametrize("tile", [0, 24])
def test_a_picture_in_strips_is_the_picture_with_its_colours(tile):
    pixels = dataset.find("sample").images[0].read()[:60, :50]
    method = Tiled(Luma(), tile)
    prepare(method, 2.5, MethodContext())
    found = list(strips(method, pixels, 2.5))
    together = np.concatenate([strip.pixels for strip in found])
    direct = np.concatenate([strip.pixels for strip in strips(_method("bicubic"), pixels, 2.5)])
    assert (len(found) > 1) == (tile > 0)
    assert together.shape == (150, 125, 3)
    assert np.abs(together.astype(int) - direct).max() <= 1


def test_a_degradation_of_whole_scales_says_so():
    with pytest.raises(SrbenchError, match=r"blur-down is defined at x3 alone, not at x2\.5"):
        get("blur-down").require_scale(2.5)


def test_a_scale_that_is_a_fraction_is_the_number_it_stands_for():
    assert super_resolve(_method("bicubic"), _thirds()).shape[-2:] == (190, 190)


def _thirds() -> Example:
    image = HrImage(dataset.find("sample").images[0].read()[:192, :192], RULES["arbsr"])
    return Example(image, Scale.parse("10/3").number, Bicubic())
