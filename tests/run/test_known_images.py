"""Images that have not changed are not decoded again to plan a run; those that have are."""

import json
import os

import numpy as np
import pytest

from srbench import dataset, paths
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError
from srbench.imaging.images import write_image
from srbench.protocol.base import BASICSR
from srbench.run import cache as cache_module
from srbench.run import known_images
from srbench.run.cache import ImageCache


@pytest.fixture
def decoded(monkeypatch, tmp_path):
    """Names of the files that were decoded since it was last cleared; a file's times tell at once."""
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(known_images, "SETTLED", -1)
    names, decode = [], cache_module._decode

    def noting(image, *expected):
        names.append(image.name)
        return decode(image, *expected)

    monkeypatch.setattr(cache_module, "_decode", noting)
    return names


def plan(folder, **options):
    """A new process's look at a folder; the facts by name, and the cache that has them."""
    images = dataset.find(str(folder)).images
    cache = ImageCache((BASICSR,), Bicubic(), workers=1)
    return {image.name: own for image, own in cache.start_decoding(images, **options)().items()}, cache, images


def test_a_second_plan_decodes_nothing_and_says_the_same(decoded, pictures):
    first, *_ = plan(pictures)
    assert sorted(decoded) == ["a", "b", "c"]
    decoded.clear()
    second, cache, images = plan(pictures)
    assert (second, decoded) == (first, [])
    cache.example(images[0], 2, BASICSR)
    assert decoded == ["a"]


def test_verify_decodes_all(decoded, pictures):
    plan(pictures)
    decoded.clear()
    plan(pictures, verify=True)
    assert sorted(decoded) == ["a", "b", "c"]


def replaced(path):
    write_image(path, 255 - np.zeros((28, 28, 3), np.uint8))


def with_old_times(path):
    times = path.stat()
    replaced(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def in_place(path):
    """Other pixels in as many bytes."""
    content = bytearray(path.read_bytes())
    with path.open("r+b") as stream:
        stream.write(bytes(content))


def touched(path):
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [replaced, with_old_times, in_place, touched])
def test_a_file_that_may_have_changed_is_decoded_again(decoded, pictures, change):
    before, *_ = plan(pictures)
    decoded.clear()
    change(pictures / "a.png")
    after, *_ = plan(pictures)
    assert decoded == ["a"]
    assert (after["a"].sha256 != before["a"].sha256) == (change in (replaced, with_old_times))


def test_a_file_that_was_changed_a_moment_ago_is_not_remembered(decoded, pictures, monkeypatch):
    monkeypatch.setattr(known_images, "SETTLED", 3600)
    plan(pictures)
    decoded.clear()
    plan(pictures)
    assert sorted(decoded) == ["a", "b", "c"]


def test_a_wrong_memory_is_an_error_and_no_score(decoded, pictures):
    plan(pictures)
    path = paths.cache() / known_images.FILE
    content = json.loads(path.read_text())
    for own in content["images"].values():
        own[4] = "0" * 64
    path.write_text(json.dumps(content))
    _, cache, images = plan(pictures)
    with pytest.raises(ImageError, match=r"a\.png' holds other pixels than when it was last read; run with --verify"):
        cache.example(images[0], 2, BASICSR)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"decoder": "x", "images": {}}', "{" * 9999, '{"decoder": 1, "images": 2}']
)
def test_a_cache_that_cannot_be_used_is_written_anew(decoded, pictures, content):
    plan(pictures)
    (paths.cache() / known_images.FILE).write_text(content)
    decoded.clear()
    plan(pictures)
    assert sorted(decoded) == ["a", "b", "c"]
    decoded.clear()
    plan(pictures)
    assert decoded == []


@pytest.mark.parametrize("entry", [None, [], [[1, 2, 3, 4]], [None, "w", 2, 3, 4], "text", {"a": 1}])
def test_an_entry_that_is_none_is_not_taken(decoded, pictures, entry):
    plan(pictures)
    path = paths.cache() / known_images.FILE
    content = json.loads(path.read_text())
    content["images"] = dict.fromkeys(content["images"], entry)
    path.write_text(json.dumps(content))
    decoded.clear()
    plan(pictures)
    assert sorted(decoded) == ["a", "b", "c"]


def test_another_decoder_decodes_all(decoded, pictures, monkeypatch):
    plan(pictures)
    decoded.clear()
    monkeypatch.setattr(known_images, "_decoder", lambda: "another")
    plan(pictures)
    assert sorted(decoded) == ["a", "b", "c"]


def test_a_cache_that_cannot_be_written_is_no_error(decoded, pictures, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "file"))
    assert len(plan(pictures)[0]) == 3
