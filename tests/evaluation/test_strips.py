"""A picture upscaled strip by strip is the picture upscaled at once."""

import itertools

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.errors import NotSupportedError, OutputError
from srbench.evaluation import strips as module
from srbench.evaluation.inference import infer
from srbench.evaluation.strips import bicubic, strips
from srbench.imaging.color import levels
from srbench.method import Method, MethodCard, MethodContext, plugins
from srbench.method.variant import Variant
from srbench.resize import imresize


def fed(colour, body=None, **fields):
    """A method of that colour which sees 2 LR pixels to each side, and knows up from down and left from right."""

    class Mine(Method):
        card = MethodCard(name="mine", title="", year=0, family="", paper="", colour=colour, **fields)

        def upscale(self, lr, scale):
            if body is not None:
                return body(lr, scale)
            ramp = torch.linspace(0.9, 1.1, scale * lr.shape[-1])
            sr = imresize(lr, scale)
            return sr * 0.7 + 0.2 * sr.roll(1, -2) * ramp

    return Mine()


def at_once(method, image, scale):
    """As it was computed before there were strips."""
    white = np.iinfo(image.dtype).max
    planes = torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1).astype(np.float64) * 255 / white)

    def rounded(x):
        if white == 255:
            return levels(x).to(torch.uint8)
        return (x.to(torch.float64) * 65535 + 0.5).clamp_(0, 65535.5).to(torch.int32).to(torch.uint16)

    sr = rounded(infer(method, planes, scale))
    if image.ndim == 3:
        return sr.permute(1, 2, 0).numpy()
    return (rounded(sr.to(torch.float64).mean(dim=0) / white) if sr.shape[0] == 3 else sr[0]).numpy()


@pytest.fixture(scope="module")
def photograph():
    images = dataset.find("sample").images
    return images[0].read()


def as_kind(image, grey, deep):
    image = image[..., 1] if grey else image
    return image.astype(np.uint16) * 256 + image if deep else np.ascontiguousarray(image)


@pytest.mark.parametrize(("tile", "ensemble"), [*itertools.product((0, 24, 40), (False, True))])
@pytest.mark.parametrize("colour", ["any", "luma", "rgb"])
@pytest.mark.sampled(3)
def test_strips_are_the_whole_picture_to_the_last_bit(photograph, monkeypatch, colour, tile, ensemble):
    monkeypatch.setattr(module, "_PIXELS", 2000)
    method = Variant(tile, ensemble).apply(fed(colour))
    for scale, grey, deep in [(2, False, False), (3, False, True), (4, True, False), (1, True, True), (5, False, True)]:
        for size in ((97, 60), (30, 110), (24, 24)):
            image = as_kind(photograph[: size[0], : size[1]], grey, deep)
            method.prepare(scale, MethodContext())
            found = list(strips(method, image, scale))
            assert [strip.first for strip in found] == [0, *(strip.last for strip in found[:-1])]
            pixels = np.concatenate([strip.pixels for strip in found])
            assert np.array_equal(pixels, at_once(method, image, scale)), (scale, grey, deep, size)


@pytest.mark.parametrize("name", ["srcnn", "bicubic"])
@pytest.mark.parametrize("tile", [0, 48])
def test_real_methods_are_as_they_were(photograph, monkeypatch, name, tile):
    monkeypatch.setattr(module, "_PIXELS", 5000)
    method = Variant(tile, False).apply(plugins.instantiate(plugins.find(name)[0]))
    method.prepare(4, MethodContext())
    image = photograph[:90, :110]
    pixels = np.concatenate([strip.pixels for strip in strips(method, image, 4)])
    assert np.array_equal(pixels, at_once(method, image, 4))


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_the_whole_bicubic_to_the_last_bit(rng, scale, dtype):
    alpha = rng.integers(0, np.iinfo(dtype).max + 1, (143, 57)).astype(dtype)
    whole = at_once(plugins.instantiate(plugins.find("bicubic")[0]), alpha, scale)
    cuts = [0, 1, 24, 25, 70, 96, 142, 143]
    found = [bicubic(alpha, first, last, scale) for first, last in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(found), whole)


def too_high(lr, scale):
    return imresize(lr, scale)[..., :1, :].repeat(1, 1, scale * lr.shape[-2] + 1, 1)


@pytest.mark.parametrize(("tile", "ensemble"), [(0, False), (16, False), (16, True), (64, True)])
@pytest.mark.parametrize(
    "body",
    [too_high, lambda lr, scale: None, lambda lr, scale: lr, lambda lr, scale: imresize(lr, scale) * float("nan")],
    ids=["too high", "nothing", "not larger", "nan"],
)
def test_the_contract_is_held_in_every_band(photograph, body, tile, ensemble):
    method = Variant(tile, ensemble).apply(fed("any", body))
    # The reach of such a method cannot be measured.
    (method.inner if ensemble else method)._margins = {(tile, 2): (4, True)}
    with pytest.raises(OutputError):
        list(strips(method, photograph[:40, :40], 2))


def test_the_smallest_size_is_that_of_the_picture_not_of_a_band(photograph):
    method = Variant(16, False).apply(fed("any", min_size=30))
    method.prepare(2, MethodContext())
    assert sum(len(strip.pixels) for strip in strips(method, photograph[:40, :40], 2)) == 80
    with pytest.raises(NotSupportedError, match="at least 30 pixels"):
        next(strips(method, photograph[:29, :40], 2))


def test_a_method_in_tiles_never_sees_more_than_a_row_of_them(photograph):
    seen = []

    def body(lr, scale):
        seen.append(tuple(lr.shape[-2:]))
        return imresize(lr, scale)

    method = Variant(32, False).apply(fed("any", body))
    method.prepare(2, MethodContext())
    parts = [strip.pixels.shape[0] for strip in strips(method, photograph[:120, :90], 2)]
    assert max(parts) <= 64
    assert max(max(size) for size in seen[2:]) <= 32  # after the measurement of its reach
