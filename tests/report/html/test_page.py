"""The HTML page: whole, self-contained, and text stays text."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from srbench.imaging.images import write_image
from srbench.records import Canary
from srbench.report.html import render
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.results.store import Store

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that every element is closed and no id stands twice, and collects text, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], [], [], []
        self.feed(text)
        assert self.open == []
        ids = [value for name, value in self.attributes if name == "id"]
        assert len(ids) == len(set(ids))

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
    def make(**options):
        with Reader(results) as reader:
            return render(reader, **options).text

    return make


def shown(text):
    return " ".join(" ".join(Page(text).text).split())


def test_values_intervals_and_counts_are_shown(go, page, scores):
    go("bicubic", "nearest")
    text = shown(page())
    mean = np.mean([scores()["bicubic", image, "psnr"] for image in "abc"])
    assert f"{mean:.2f}" in text
    assert "3 images" in text
    assert "×2, protocol basicsr, degradation bicubic" in text  # noqa: RUF001
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
    assert page().count("<script>") == 1  # the others are data
    assert found.tags.count("script") == page().count('<script type="application/json"') + 1
    assert "link" not in found.tags
    assert "svg" in found.tags
    assert [value for name, value in found.attributes if name in ("src", "data", "srcset")] == []
    [pictures] = re.findall(r'id="pictures-data">(.*?)</script>', page(), re.DOTALL)
    loaded = re.findall(r'"(?:src|original|lr|nearest|bicubic)":"([^"]*)"', pictures)
    assert {source.partition(",")[0] for source in loaded} == {"data:image/webp;base64"}
    scripts = [value for name, value in found.attributes if name.startswith("on")]
    assert scripts == []
    assert "default-src 'none'" in page()
    assert "url(http" not in page()
    assert "@import" not in page()


@pytest.mark.parametrize("broken", [False, True])
def test_names_and_messages_of_users_stay_text(go, write_plugin, page, pictures, content, broken):
    write_image(pictures / "<b>bold.png", np.zeros((24, 24, 3), np.uint8))
    body = f"raise ValueError({EVIL!r})" if broken else "return imresize(lr, scale)"
    go(write_plugin(body, name=EVIL, title=EVIL), "bicubic", command=f"srbench {EVIL}")
    text = page()
    assert EVIL not in text
    assert "<b>bold" not in text
    found = Page(text)
    assert text.count("<script>") == 1
    assert EVIL in "".join(found.text)
    assert content(text)["methods"][EVIL]["title"] == EVIL


def test_an_empty_folder_has_a_page_that_says_so(results, page):
    with Store(results, create=True):
        pass
    assert "no results yet" in shown(page())


def test_a_run_that_did_not_end_is_partial(go, write_plugin, page, content):
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
    data = content(page())
    marks = {mark["word"]: mark["reason"] for mark in data["methods"]["mine"]["marks"]}
    assert marks["partial"] == f"means over {3 - left} of 3 images"
    assert marks["pending"].startswith(f"{left} image")
    cell = data["views"][0]["cells"]["mine"]["psnr"]["pictures"]
    assert (cell["n"], cell["planned"]) == (3 - left, 3)


def test_failures_are_listed_with_their_message(go, write_plugin, page, content):
    go(write_plugin("raise ValueError('no such luck')"))
    text = shown(page())
    assert "Failed cells" in text
    assert "mine on pictures/a ×2: ValueError: no such luck" in text  # noqa: RUF001
    data = content(page())
    [mark] = data["methods"]["mine"]["marks"]
    assert (mark["word"], mark["kind"]) == ("failed", "bad")
    assert mark["reason"] == "3 images of pictures: ValueError: no such luck"
    assert "Failed: 3 cells" in text  # on the first screen
    [view] = data["views"]
    assert view["contests"] == {}
    assert view["cells"]["mine"][""]["pictures"] == {"reason": "failed: ValueError: no such luck", "word": "failed"}


def test_cells_that_are_not_supported_are_noted(go, write_plugin, page, content):
    go(write_plugin(scales=(4,)), "nearest")
    data = content(page())
    [mark] = data["methods"]["mine"]["marks"]
    assert mark["word"] == "not supported"
    assert mark["reason"].startswith("3 images of pictures: mine does not support x2")
    assert data["views"][0]["labels"] == ["nearest", "mine"]  # who does not compete stands last


def test_a_canary_that_is_off_is_a_warning(go, page, results):
    summary = go("nearest")
    with Store(results) as store:
        store.add_canaries(summary.run_id, [Canary("set5", 4, 27.0, 28.43, "off", "1 image (bird) of another size")])
    text = shown(page())
    assert "Not comparable: in run 1, bicubic on set5 ×4 gives 27.000 dB instead of 28.430" in text  # noqa: RUF001
    assert "1 image (bird) of another size" in text


def test_a_canary_that_could_not_be_measured_is_a_warning_too(go, page, results):
    summary = go("nearest")
    with Store(results) as store:
        store.add_canaries(summary.run_id, [Canary("set5", 4, None, 28.43, "off", "1 image (bird) of another size")])
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
def test_published_values_and_sources_are_shown(go, page, content):
    for protocol in ("classic", "basicsr"):
        go("bicubic", datasets=("set5",), scales=(4,), protocol=protocol, metrics=("psnr",), keep_images=False)
    views = {view["protocol"]: view for view in content(page())["views"]}
    cells = {protocol: view["cells"]["bicubic"]["psnr"]["set5"] for protocol, view in views.items()}
    assert {cell["published"] for cell in cells.values()} == {28.42}
    assert {cell["published_protocol"] for cell in cells.values()} == {"classic"}  # basicsr's is the other protocol's
    assert all("EDSR" in cell["published_source"] for cell in cells.values())
    assert f"{cells['classic']['mean']:.2f}" == "28.42"


def test_methods_with_options_have_rows_of_their_own(made_up):
    folder = made_up(methods=2, datasets={"set5": 5}, scales=(4,), options=("", '{"tile": 64, "self_ensemble": true}'))
    with Reader(folder) as reader:
        text = shown(render(reader).text)
    assert "made-up-0+ (tile 64)" in text


def test_protocols_are_never_averaged_together(go, page, content):
    for protocol in ("classic", "basicsr"):
        go("bicubic", "nearest", protocol=protocol)
    views = content(page())["views"]
    assert sorted(view["protocol"] for view in views) == ["basicsr", "classic"]
    assert all(view["labels"] == ["bicubic", "nearest"] for view in views)


def test_every_number_of_the_csv_is_in_the_page(go, page, results, content):
    go("bicubic", "nearest", "bilinear", scales=(2, 3))
    views = content(page())["views"]
    with Reader(results) as reader:
        rows = means(per_image(reader))
    exported = {(row.scale, row.method, row.metric): row.mean for row in rows.itertuples()}
    assert len(exported) == 12
    in_page = {
        (view["scale"], method, metric): groups["pictures"]["mean"]
        for view in views
        for method, metrics in view["cells"].items()
        for metric, groups in metrics.items()
    }
    assert in_page == exported


def test_one_method_on_one_image(go, page, pictures, content):
    for name in ("b", "c"):
        (pictures / f"{name}.png").unlink()
    go("bicubic")
    text = page()
    contest = content(text)["views"][0]["contests"]["psnr"]["pictures"]
    assert contest["standing"] == [[1, 1, True]]
    assert (contest["can_tell"], contest["pairs"]) == (False, [])
    assert "is the only method" in "".join(span["text"] for span in contest["verdict"]["lead"])
    assert "Fewer than two methods have values" in shown(text)


def test_a_page_of_many_methods_is_small(made_up, content):
    datasets = {"set5": 5, "set14": 14, "bsd100": 100}
    folder = made_up(methods=20, datasets=datasets, scales=(2, 3, 4), pictures=True)
    with Reader(folder) as reader:
        page = render(reader)
    assert [len(view["labels"]) for view in content(page.text)["views"]] == [20, 20, 20]
    assert len(page.text.encode()) < 12_000_000
    assert page.text.count("data:image/webp") >= 21 * 5
