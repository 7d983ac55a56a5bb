"""The HTML page: whole, self-contained, and text stays text."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from srbench.images import write_image
from srbench.plots import means_with_intervals
from srbench.report import render
from srbench.store import Canary, Store

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that every element is closed, and collects text, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page(results):
    def make():
        with Store(results) as store:
            return render(store)

    return make


def shown(text):
    return " ".join(" ".join(Page(text).text).split())


def test_values_intervals_and_counts_are_shown(go, page, scores):
    go("bicubic", "nearest")
    text = shown(page())
    mean = np.mean([scores()["bicubic", image, "psnr"] for image in "abc"])
    assert f"{mean:.2f}" in text
    assert "3/3" in text
    assert "pictures ×2: protocol basicsr, degradation bicubic" in text  # noqa: RUF001
    assert "Nearest neighbour" in text


def test_methods_are_listed_best_first(go, page, scores):
    titles = {"nearest": "Nearest neighbour", "bilinear": "Bilinear", "bicubic": "Bicubic"}
    go(*titles)
    mean = {method: np.mean([scores()[method, image, "psnr"] for image in "abc"]) for method in titles}
    text = shown(page())
    places = [text.index(titles[method]) for method in sorted(titles, key=mean.get, reverse=True)]
    assert places == sorted(places)


def test_the_page_needs_nothing_from_elsewhere(go, page):
    go("bicubic", "nearest")
    found = Page(page())
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert "svg" in found.tags
    loaded = [value for name, value in found.attributes if name in ("src", "data", "srcset")]
    assert loaded == []
    assert "url(http" not in page()
    assert "@import" not in page()


@pytest.mark.parametrize("broken", [False, True])
def test_names_and_messages_of_users_stay_text(go, write_plugin, page, pictures, broken):
    write_image(pictures / "<b>bold.png", np.zeros((24, 24, 3), np.uint8))
    body = f"raise ValueError({EVIL!r})" if broken else "return imresize(lr, scale)"
    go(write_plugin(body, name=EVIL, title=EVIL), "bicubic", command=f"srbench {EVIL}")
    text = page()
    assert EVIL not in text
    assert "<b>bold" not in text
    found = Page(text)
    assert "script" not in found.tags
    assert EVIL in "".join(found.text)


def test_an_empty_folder_has_a_page_that_says_so(results, page):
    with Store(results, create=True):
        pass
    assert "no results yet" in shown(page())


def test_a_run_that_did_not_end_is_partial(go, write_plugin, page, results):
    class Stop(BaseException):
        pass

    class Observer:
        def note(self, text): ...

        def begin(self, total, known): ...

        def done(self, cell, outcome):
            raise Stop

    with pytest.raises(Stop):
        go(write_plugin("time.sleep(0.2); return imresize(lr, scale)"), observer=Observer())
    text = shown(page())
    found = re.search(r"Partial: ([12]) cells are planned but not computed", text)
    assert found
    left = int(found[1])
    assert f"{3 - left}/3" in text
    assert f"{left} pending" in text


def test_failures_are_listed_with_their_message(go, write_plugin, page):
    go(write_plugin("raise ValueError('no such luck')"))
    text = shown(page())
    assert "Failed cells" in text
    assert "mine on pictures/a ×2: ValueError: no such luck" in text  # noqa: RUF001
    assert "3 failed" in text


def test_cells_that_are_not_supported_are_noted(go, write_plugin, page):
    go(write_plugin(scales=(4,)), "nearest")
    assert "3 not supported" in shown(page())


def test_a_canary_that_is_off_is_a_warning(go, page, results):
    summary = go("nearest")
    with Store(results) as store:
        store.add_canary(summary.run_id, Canary("set5", 4, 27.0, 28.43, "off", "1 image (bird) of another size"))
    text = shown(page())
    assert "Not comparable: in run 1, bicubic on set5 ×4 gives 27.000 dB instead of 28.430" in text  # noqa: RUF001
    assert "1 image (bird) of another size" in text


def test_a_canary_that_could_not_be_measured_is_a_warning_too(go, page, results):
    summary = go("nearest")
    with Store(results) as store:
        store.add_canary(summary.run_id, Canary("set5", 4, None, 28.43, "off", "1 image (bird) of another size"))
    text = shown(page())
    assert "Not comparable:" in text
    assert "1 image (bird) of another size" in text


def test_the_runs_are_described(go, page):
    go("nearest", command="srbench run --methods nearest")
    text = shown(page())
    assert "srbench run --methods nearest" in text
    assert "torch" in text
    assert "basicsr (cd0e22bf233a7285)" in text


@pytest.mark.data("set5")
def test_published_values_and_sources_are_shown(go, page):
    for protocol in ("classic", "basicsr"):
        go("bicubic", datasets=("set5",), scales=(4,), protocol=protocol, metrics=("psnr",), keep_images=False)
    text = page()
    assert text.count("28.42") >= 2
    assert "28.42*" in text  # under basicsr it was published under the other protocol
    sources = [value for name, value in Page(text).attributes if name == "title"]
    assert any("EDSR" in source for source in sources)
    assert "+0.00" in shown(text)


def test_the_same_results_give_the_same_plot():
    arguments = (["b<&>", "a$x$"], [30.0, 29.0], [29.0, float("nan")], [31.0, float("nan")], "PSNR (dB)")
    first = means_with_intervals(*arguments)
    assert first == means_with_intervals(*arguments)
    assert first.startswith("<svg")
    assert "b&lt;&amp;&gt;" in first
    assert "b<&>" not in first
