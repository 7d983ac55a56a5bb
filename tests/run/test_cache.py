"""Decoded images and LR images: made once, and no more of them in memory than the cache holds."""

import gc
import weakref

import pytest

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.protocol.base import BASICSR
from srbench.run import cache as cache_module
from srbench.run.cache import ImageCache

WIDTHS = [28, 32, 36]  # of the three pictures of the fixture


@pytest.fixture
def images(pictures):
    return dataset.find(str(pictures)).images


def test_decoding_keeps_no_more_pixels_than_the_cache(images, monkeypatch):
    pixels, decode = [], cache_module._decode

    def noting(image, *expected):
        decoded = decode(image, *expected)
        pixels.append(weakref.ref(decoded.pixels))
        return decoded

    monkeypatch.setattr(cache_module, "_decode", noting)
    monkeypatch.setattr(cache_module, "_DECODED_BYTES", 1)
    cache = ImageCache((BASICSR,), Bicubic(), workers=1)
    image_facts = cache.start_decoding(images)
    assert [facts.width for facts in image_facts().values()] == WIDTHS
    gc.collect()
    assert len(pixels) == 3
    assert sum(alive() is not None for alive in pixels) == 1


def test_the_scales_of_an_image_share_it_and_each_is_made_once(images):
    cache = ImageCache((BASICSR,), Bicubic(), workers=1)
    assert cache.example(images[0], 2, BASICSR) is cache.example(images[0], 2, BASICSR)
    assert cache.example(images[0], 2, BASICSR).image is cache.example(images[0], 3, BASICSR).image


def test_a_cache_and_its_images_are_gone_with_the_last_reference(images):
    cache = ImageCache((BASICSR,), Bicubic(), workers=1)
    gone = [
        weakref.ref(cache),
        weakref.ref(cache.example(images[0], 2, BASICSR)),
        weakref.ref(cache.example(images[0], 3, BASICSR).image),
    ]
    assert all(reference() is not None for reference in gone)
    gc.disable()  # many runs in one process would have their images side by side until Python looks for cycles
    try:
        del cache
        assert all(reference() is None for reference in gone)
    finally:
        gc.enable()
