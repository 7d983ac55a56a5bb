"""Clips on the page in a real browser: the frame slider, rows of pixels over time, and scores frame by frame."""

import re

import numpy as np
import pytest

from srbench import dataset
from srbench.imaging.images import write_image
from srbench.report.html import render
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

METHODS = ("bicubic", "lanczos", "nearest")
FRAMES = 6
NAMES = [f"pan/{number}" for number in range(1, FRAMES + 1)]


@pytest.fixture(scope="module")
def panning():
    """A camera that pans over a photograph by four pixels a frame."""
    pixels = next(image for image in dataset.find("sample").images if image.name == "cat").read()
    return [np.ascontiguousarray(pixels[8:88, 4 * move : 4 * move + 96]) for move in range(FRAMES)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, panning):
    """Results of that clip and of a shorter one."""
    folder = tmp_path_factory.mktemp("clips")
    for number, pixels in enumerate(panning, start=1):
        write_image(folder / "walks" / "pan" / f"{number}.png", pixels)
        if number < 4:
            write_image(folder / "walks" / "still" / f"{number}.png", panning[0])
    options = {"scales": (4,), "metrics": ("psnr", "ssim"), "out": folder / "results", "threads": 1, "device": "cpu"}
    run(RunOptions(METHODS, (str(folder / "walks"),), **options))
    with Reader(folder / "results") as reader:
        (folder / "report.html").write_text(render(reader).text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def scores(folder):
    """By method, metric and frame."""
    with Reader(folder / "results") as reader:
        cells = {row.cell_id: (row.facts.method, row.facts.image) for row in reader.planned()}
        rows = [(*cells[row.cell_id], row.score) for row in reader.scores()]
    return {(method, score.metric, image): score.value for method, image, score in rows}


@pytest.fixture
def at_pan(visit, folder):
    """The page with the clip 'pan' in the gallery."""

    def start(width=1400, scheme="light"):
        page = visit(folder / "report.html", width, scheme)
        page.evaluate(
            "() => { const { scenes, keyOf } = srb.pictures;"
            " srb.set({ image: keyOf(scenes.find((own) => own.clip.name === 'pan')), frame: '' }); }"
        )
        page.locator("#gallery .clip").scroll_into_view_if_needed()
        return page

    return start


def here(page):
    """The place of the frame that is shown."""
    return int(page.locator("#gallery .frame-slider input").input_value())


def told(page):
    return page.locator("#gallery .frame-slider output").inner_text()


def pixels_of(image):
    """What the browser has decoded: (height, width, 3)."""
    height, width, values = image.evaluate(
        """async (image) => {
          await image.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return [canvas.height, canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
        }"""
    )
    return np.array(values, dtype=np.uint8).reshape(height, width, 4)[..., :3]


def test_a_clip_is_one_thumbnail_and_has_a_slider_over_all_its_frames(at_pan):
    page = at_pan()
    assert page.evaluate("srb.pictures.scenes.map((own) => own.clip.name).sort()") == ["pan", "still"]
    slider = page.locator("#gallery .frame-slider input")
    assert slider.get_attribute("max") == str(FRAMES - 1)
    assert told(page) == f"{here(page) + 1}, {here(page) + 1} of {FRAMES}"
    assert slider.get_attribute("aria-valuetext") == told(page)


def test_the_slider_moves_by_keys_and_buttons_and_the_address_keeps_the_frame(at_pan):
    page = at_pan()
    slider = page.locator("#gallery .frame-slider input")
    slider.focus()
    for key, place in (("Home", 0), ("ArrowRight", 1), ("End", FRAMES - 1), ("ArrowLeft", FRAMES - 2)):
        page.keyboard.press(key)
        assert (here(page), told(page)) == (place, f"{place + 1}, {place + 1} of {FRAMES}")
        assert f"frame={place}" in page.url
    page.get_by_role("button", name="Next frame").click()
    page.get_by_role("button", name="Next frame").click()  # there is none
    assert here(page) == FRAMES - 1
    page.get_by_role("button", name="Frame before").click()
    assert here(page) == FRAMES - 2
    page.reload()
    assert here(page) == FRAMES - 2


def test_every_frame_shows_its_own_pixels_and_scores(at_pan, panning, scores):
    page = at_pan()
    page.evaluate("() => srb.set({ left: 'bicubic', right: 'original' })")
    page.locator("#gallery .frame-slider input").focus()
    page.keyboard.press("Home")
    left, top, width, height = page.evaluate(
        "() => { const own = srb.pictures.scenes.find((own) => own.clip.name === 'pan');"
        " return [own.left, own.top, own.width, own.height]; }"
    )
    for place, (name, pixels) in enumerate(zip(NAMES, panning, strict=True)):
        assert here(page) == place
        shown = page.evaluate_handle(
            "() => { const own = srb.pictures.scenes.find((own) => own.clip.name === 'pan');"
            " const image = new Image(); image.src = srb.pictures.src(own, 'original'); return image; }"
        )
        assert np.array_equal(pixels_of(shown), pixels[top : top + height, left : left + width])
        values = [float(own) for own in page.locator("#gallery .curves .keys b").all_inner_texts()]
        assert sorted(values) == pytest.approx(sorted(scores[method, "psnr", name] for method in METHODS), abs=0.011)
        page.keyboard.press("ArrowRight")


def test_the_rows_over_time_are_those_of_the_original_and_of_every_method(at_pan, panning):
    page = at_pan()
    figure = page.locator("#gallery .profile")
    assert figure.is_visible()
    row, left = map(int, re.search(r"row (\d+), from column (\d+)", figure.locator("figcaption").inner_text()).groups())
    assert "from pan/1 (top) to pan/6 (bottom)" in figure.locator("figcaption").inner_text()
    images = figure.locator("img")
    assert images.count() == len(METHODS) + 2  # the original, and the LR image from nearest's pictures
    (original,) = [own for own in images.element_handles() if own.get_attribute("alt").endswith(": Original")]
    found = pixels_of(original)
    assert np.array_equal(found, np.stack([pixels[row, left : left + found.shape[1]] for pixels in panning]))


def test_curves_have_a_point_for_every_frame_and_a_click_goes_to_one(at_pan, scores):
    page = at_pan()
    figure = page.locator("#gallery .curves")
    curves = figure.locator("path.curve")
    assert curves.count() == len(METHODS)
    assert all(len(re.findall("[ML]", path.get_attribute("d"))) == FRAMES for path in curves.element_handles())
    drawing = figure.locator("svg")
    box = drawing.bounding_box()
    for place in (4, 1):
        x = (46 + (628 - 46) * place / (FRAMES - 1)) / 640
        page.mouse.click(box["x"] + x * box["width"], box["y"] + 0.4 * box["height"])
        assert here(page) == place
    page.evaluate("() => srb.set({ metric: 'ssim' })")
    assert "SSIM" in figure.locator("svg").get_attribute("aria-label")
    figure.locator("summary").click()
    cells = [float(own) for own in figure.locator("table tbody tr").nth(2).locator("td").all_inner_texts()]
    assert sorted(cells) == pytest.approx(sorted(scores[method, "ssim", "pan/3"] for method in METHODS), abs=1.1e-4)


def test_a_still_clip_has_straight_rows_and_level_curves(at_pan):
    page = at_pan()
    page.evaluate(
        "() => { const { scenes, keyOf } = srb.pictures;"
        " srb.set({ image: keyOf(scenes.find((own) => own.clip.name === 'still')), frame: '' }); }"
    )
    assert page.locator("#gallery .frame-slider input").get_attribute("max") == "2"
    for image in page.locator("#gallery .profile img").element_handles():
        assert (pixels_of(image) == pixels_of(image)[:1]).all()
    for path in page.locator("#gallery .curves path.curve").element_handles():
        assert len(set(re.findall(r"[ML][\d.]+ ([\d.]+)", path.get_attribute("d")))) == 1


def test_a_clip_is_accessible(at_pan, axe, screen):
    page = at_pan(*screen)
    assert axe(page, "#gallery .clip") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
