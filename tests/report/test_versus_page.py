"""The page of a head to head, and its pictures."""

import numpy as np
import pytest

from srbench.imaging.images import write_image
from srbench.report import versus_page
from srbench.report.html.windows import Window
from srbench.report.versus_pictures import SIDE, decisive
from srbench.results.contestant import load
from srbench.results.head_to_head import compare

IMAGES = [("photos", f"{i}") for i in range(7)]


@pytest.fixture
def page(scored):
    def make(names=("a", "b"), gains=(0.5, 0.2, 0.1, 0.3, -0.1, 0.0, 0.4), **options):
        values = zip((gains, [0.0] * len(gains)), names, strict=True)
        content = {name: {i: {"psnr": 30 + g} for i, g in zip(IMAGES, own, strict=True)} for own, name in values}
        folder = scored("r", content, **options)
        return versus_page.render(compare(*(load(folder, name) for name in names)))

    return make


def test_a_dot_for_every_image_in_order(page):
    text = page()
    assert text.count("<circle") == 7
    assert text.count('<g class="won">') == 5
    assert text.index("photos: 0, a 30.50, b 30.00, +0.500") < text.index("photos: 4, a 29.90, b 30.00, -0.100")
    assert "<script" not in text


def test_names_stay_text(page):
    evil = "<script>alert(1)</script>"
    text = page(names=(evil, "b"))
    assert evil not in text
    assert "&lt;script&gt;" in text


def test_without_pictures_the_reason_is_said(page):
    assert "No pictures of photos: 0 (the SR images were not kept)" in page()


def test_pictures_are_read_below_their_own_folder_only(page, tmp_path):
    secret = tmp_path / "secret.png"
    write_image(secret, np.zeros((8, 8, 3), np.uint8))
    for path in ("../secret.png", str(secret)):
        text = page(outcome={"sr_path": path}, names=(path, "b"))
        assert "is not below" in text
        assert "data:image" not in text


def test_pictures_side_by_side(go, pictures, results, write_plugin):
    go("bicubic", "nearest", metrics=("psnr",))
    text = versus_page.render(compare(load(results, "bicubic"), load(results, "nearest")))
    assert text.count('<figure class="trio">') == 3
    assert text.count("data:image/webp") == 9
    (results / "images").rename(results / "gone")
    text = versus_page.render(compare(load(results, "bicubic"), load(results, "nearest")))
    assert "No pictures of pictures: " in text
    assert "data:image" not in text


def test_the_region_that_decides():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (300, 200, 3)).astype(np.uint8)
    a, b = truth.copy(), truth.copy()
    b[150:170, 100:120] = 255 - b[150:170, 100:120]  # the second is wrong here
    a[10:20, 10:20] = 255 - a[10:20, 10:20]  # and the first there, on fewer pixels

    def covers(window, y, x):
        return window.top <= y < window.top + window.height and window.left <= x < window.left + window.width

    won, lost = decisive(a, b, truth, 1.0), decisive(a, b, truth, -1.0)
    assert (won.height, won.width) == (SIDE, SIDE)
    assert covers(won, 160, 110)
    assert covers(lost, 15, 15)
    assert covers(decisive(a, b, None, -1.0), 160, 110)
    small = truth[:20, :30]
    assert decisive(small, small, small, 1.0) == Window(0, 0, 20, 30)
