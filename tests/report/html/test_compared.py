"""The page that says what one set of results changed against another: its pictures."""

import shutil

import pytest

from srbench.report.html import render_comparison
from srbench.results.comparison import compare, load

BLUR = "x = lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)\n        return x * 0.9"


@pytest.fixture
def sides(go, results, write_plugin):
    """A method that became worse, in two runs of one folder."""
    go(write_plugin(), metrics=("psnr",))
    go(write_plugin(BLUR), metrics=("psnr",))
    return [load(results, number) for number in ("1", "2")]


def test_the_images_that_changed_most_are_shown(sides):
    text = render_comparison(compare(*sides), sides)
    assert text.count('<figure class="trio">') == 3
    assert text.count("data:image/webp") == 9  # A, B and the original
    assert text.count('<span class="winner">A ') == 3
    assert "Worse most by PSNR" in text
    assert "Better most" not in text


def test_without_files_the_reason_is_said(sides, results):
    shutil.rmtree(results / "images")
    text = render_comparison(compare(*sides), sides)
    assert "No pictures of mine on pictures: " in text
    assert "data:image" not in text
