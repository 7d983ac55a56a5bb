"""The pictures in a real browser: divider, thumbnails, blinking, the lightbox, and what the address keeps."""

import io
import re
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from srbench.imaging.images import write_image
from srbench.report.html import render
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run


def shot(element):
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("RGB")).astype(int)


def at(handle):
    return int(handle.get_attribute("aria-valuenow"))


def state(page):
    return page.evaluate("srb.state")


def look(page):
    """Of the lightbox: screen pixels a pixel, and the pixel in the middle."""
    box = page.locator("#lightbox .panes")
    return float(box.get_attribute("data-scale")), *map(float, box.get_attribute("data-at").split())


def transforms(page):
    return page.eval_on_selector_all("#lightbox .plane", "planes => planes.map(p => p.style.transform)")


def open_lightbox(page):
    page.locator("#gallery").get_by_role("button", name="Whole image").click()
    page.locator("#lightbox[open]").wait_for()


@pytest.mark.parametrize("place", ["#hero", "#gallery"])
def test_the_divider_is_dragged_anywhere_in_the_picture(visit, report, place):
    page = visit(report)
    stage = page.locator(f"{place} .duo")
    stage.scroll_into_view_if_needed()
    handle, box = stage.locator("[role=slider]"), stage.bounding_box()
    assert at(handle) == 50
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.down()
    assert at(handle) == pytest.approx(20, abs=1)
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.1 * box["height"], steps=4)
    page.mouse.up()
    assert at(handle) == pytest.approx(80, abs=1)
    assert handle.bounding_box()["x"] == pytest.approx(box["x"] + 0.8 * box["width"], abs=3)
    page.mouse.move(box["x"], box["y"])
    assert at(handle) == pytest.approx(80, abs=1)  # nothing is held any more


def test_the_divider_follows_a_finger(visit, report):
    page = visit(report, 390, has_touch=True)
    stage = page.locator("#hero .duo")
    box = stage.bounding_box()
    touch = page.context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2

    def send(kind, x):
        points = [] if x is None else [{"x": box["x"] + x * box["width"], "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 0.5)
    for x in (0.4, 0.3, 0.2, 0.1):
        send("touchMove", x)
    send("touchEnd", None)
    assert at(stage.locator("[role=slider]")) == pytest.approx(10, abs=1)


def test_the_divider_moves_by_keys(visit, report):
    page = visit(report)
    handle = page.locator("#hero [role=slider]")
    handle.focus()
    for key, expected in [("ArrowRight", 52), ("ArrowLeft", 50), ("Shift+ArrowLeft", 40), ("Home", 0), ("End", 100)]:
        page.keyboard.press(key)
        assert at(handle) == expected
    assert "Bicubic left of it" in handle.get_attribute("aria-valuetext")


def test_left_of_the_divider_is_the_left_picture(visit, report):
    page = visit(report)
    page.evaluate("srb.set({left: 'original', right: 'nearest'})")
    stage = page.locator("#gallery .duo")
    page.locator("#gallery .size").select_option("48")
    handle = stage.locator("[role=slider]")
    page.add_style_tag(content="#gallery .handle { opacity: 0; } #gallery .tag { visibility: hidden; }")

    def seen(key):
        handle.focus()
        page.keyboard.press(key)
        return shot(stage)

    right, left = seen("Home"), seen("End")
    assert (left != right).any()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    both, middle = shot(stage), left.shape[1] // 2
    assert (both[:, : middle - 3] == left[:, : middle - 3]).all()
    assert (both[:, middle + 3 :] == right[:, middle + 3 :]).all()


def test_the_first_picture_names_both_sides_with_their_scores(visit, report):
    page = visit(report)
    tags = page.locator("#hero .tag").all_inner_texts()
    assert re.fullmatch(r"Bicubic \d+\.\d\d dB", tags[0])
    assert re.fullmatch(r"Lanczos-3 \d+\.\d\d dB", tags[1])


def test_thumbnails_choose_the_image_and_the_right_side(visit, report):
    page = visit(report)
    images = page.locator("#hero .thumbs").first.locator("button")
    before = page.locator("#gallery h3").inner_text()
    other = images.nth(0 if images.nth(0).get_attribute("aria-pressed") == "false" else 1)
    name = other.get_attribute("aria-label")
    other.click()
    assert page.locator("#gallery h3").inner_text() == name != before
    assert page.locator("#hero .picture-line").inner_text().startswith(name)
    page.locator("#hero .thumbs").nth(1).get_by_role("button", name=re.compile("Nearest")).click()
    assert state(page)["right"] == "nearest"
    assert page.locator("#hero .tag.right").inner_text().startswith("Nearest neighbour")
    assert page.locator("#gallery .tag.right").inner_text().startswith("Nearest neighbour")


def test_image_and_sides_are_in_the_address_and_come_back(visit, report):
    page = visit(report)
    page.locator("#gallery .thumbs button").nth(2).click()
    page.locator("#gallery").get_by_role("group", name="Left side").get_by_role("button", name="LR").click()
    page.locator("#gallery .tiles button", has_text="Bilinear").click()
    page.locator("#gallery .tiles button", has_text="Original").click(modifiers=["Shift"])
    open_lightbox(page)
    said = {key: state(page)[key] for key in ("image", "left", "right", "zoom")}
    assert said == {"image": said["image"], "left": "original", "right": "bilinear", "zoom": "1"}
    assert f"image={said['image'].replace('/', '%2F')}" in page.url
    page.reload()
    assert {key: state(page)[key] for key in said} == said
    assert page.locator("#lightbox").is_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "zoom" not in url)
    assert state(page)["zoom"] == ""
    assert page.locator("#gallery select.left").input_value() == "original"
    assert page.locator("#gallery select.right").input_value() == "bilinear"
    pressed = page.locator("#gallery .tiles button[aria-pressed=true]").all_inner_texts()
    assert len(pressed) == 1
    assert pressed[0].startswith("Bilinear")


def test_an_address_of_what_is_not_there_shows_the_usual(visit, report):
    page = visit(report)
    page.evaluate("srb.set({image: 'no/where', left: 'nobody', right: '<b>'})")
    assert page.locator("#hero .tag.left").inner_text().startswith("Bicubic")
    assert page.locator("#hero .tag.right").inner_text().startswith("Lanczos")


def test_sides_are_swapped_and_chosen(visit, report):
    page = visit(report)
    gallery = page.locator("#gallery")
    gallery.get_by_role("button", name="Swap").click()
    assert (state(page)["left"], state(page)["right"]) == ("lanczos", "bicubic")
    first = gallery.locator("select.left option").all_inner_texts()[:3]
    assert first == ["Original", "LR", "Bicubic"]
    years = page.evaluate(
        "[...document.querySelectorAll('#gallery select.right optgroup')][1].children.length && "
        "[...document.querySelectorAll('#gallery select.right optgroup')][1].querySelectorAll('option')"
        ".values().map(o => srb.data.methods[o.value].year).toArray()"
    )
    assert years == sorted(years)
    assert len(years) >= 3


def until(page, expression):
    """Wait for what the page answers; its policy lets no text be run in it, as ``wait_for_function`` would."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"not so after 5 s: {expression}")


def test_b_blinks_and_stops(visit, report):
    page = visit(report)
    right = "getComputedStyle(document.querySelector('#hero .duo .side.right'))"
    clip = f"[{right}.visibility, {right}.clipPath].join()"
    blinking = "document.documentElement.classList.contains('blink-{}')"
    before = page.evaluate(clip)
    page.keyboard.press("b")
    assert page.locator("#hero .blink").get_attribute("aria-pressed") == "true"
    # Looked at in one go: between two questions the sides may change.
    until(page, f"{blinking.format('left')} && {right}.visibility === 'hidden'")  # the left side alone
    until(page, f"{blinking.format('right')} && {clip} === 'visible,none'")  # the right side, whole
    until(page, f"{blinking.format('left')} && {right}.visibility === 'hidden'")
    page.keyboard.press("b")
    assert page.evaluate(clip) == before
    assert page.locator("#hero .blink").get_attribute("aria-pressed") == "false"
    field = page.locator("input[type=search]").first
    if field.count():
        field.fill("")
        field.press("b")
        assert page.locator("#hero .blink").get_attribute("aria-pressed") == "false"


def test_the_part_is_moved_by_keyboard_click_and_drag(visit, report):
    page = visit(report)
    gallery = page.locator("#gallery")
    gallery.locator(".size").select_option("48")
    frame, chart = gallery.locator(".window"), gallery.locator(".map")
    width, height = page.evaluate("(({width, height}) => [width, height])(srb.pictures.chosen().scene)")
    place = lambda: frame.evaluate("f => [parseFloat(f.style.left), parseFloat(f.style.top)]")  # noqa: E731
    start = place()
    frame.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert place() == pytest.approx([start[0] - 200 / width, start[1] - 200 / height], abs=0.01)
    chart.click(position={"x": 2, "y": 2})
    assert place() == [0, 0]
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    assert place() == pytest.approx([100 * (1 - 48 / width), 100 * (1 - 48 / height)], abs=0.01)
    before = frame.bounding_box()["width"]
    frame.focus()
    page.keyboard.press("-")
    assert frame.bounding_box()["width"] < before


def test_the_difference_map_measures(visit, report):
    page = visit(report)
    gallery = page.locator("#gallery")
    page.evaluate("srb.set({left: 'original', right: 'original'})")
    text = gallery.locator(".difference-text")
    text.filter(has_text="mean 0.0, largest 0").wait_for()
    dark = gallery.locator("canvas").evaluate("c => [...c.getContext('2d').getImageData(0, 0, 1, 1).data]")
    assert dark == [0, 0, 4, 255]
    gallery.locator("select.right").select_option("nearest")
    text.filter(has_text="Original and Nearest neighbour").wait_for()
    assert float(text.inner_text().partition("mean ")[2].split(",")[0]) > 1
    gallery.locator(".up-to").select_option("16")
    gallery.locator(".most").filter(has_text=re.compile("^16$")).wait_for()


def test_the_wheel_zooms_where_the_mouse_is_and_both_sides_move(visit, report):
    page = visit(report)
    open_lightbox(page)
    scale, x, y = look(page)
    box = page.locator("#lightbox .pane.left").bounding_box()
    away = 60  # screen pixels right of the middle
    page.mouse.move(box["x"] + box["width"] / 2 + away, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -200)
    page.locator(f".panes:not([data-scale='{scale:.4f}'])").wait_for()
    zoomed, to_x, to_y = look(page)
    assert to_x + away / zoomed == pytest.approx(x + away / scale, abs=0.1)
    assert to_y == pytest.approx(y, abs=0.1)
    assert len(set(transforms(page))) == 1
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + away - 100, box["y"] + box["height"] / 2 - 50, steps=5)
    page.mouse.up()
    _, panned_x, panned_y = look(page)
    assert panned_x == pytest.approx(to_x + 100 / zoomed, abs=0.1)
    assert panned_y == pytest.approx(to_y + 50 / zoomed, abs=0.1)
    assert len(set(transforms(page))) == 1


def test_two_fingers_zoom(visit, report):
    page = visit(report, 390, has_touch=True)
    page.evaluate("srb.set({zoom: '1'})")
    scale = look(page)[0]
    box = page.locator("#lightbox .pane.left").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def send(kind, apart):
        points = [] if apart is None else [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 20)
    for apart in (25, 30, 35, 40):
        send("touchMove", apart)
    send("touchEnd", None)
    assert look(page)[0] == pytest.approx(2 * scale, rel=0.02)


def test_the_lightbox_by_keys_and_buttons(visit, report):
    page = visit(report)
    open_lightbox(page)
    box = page.locator("#lightbox")
    whole = look(page)
    page.locator("#lightbox .panes").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    scale, x, _ = look(page)
    assert scale == pytest.approx(1.5 * whole[0], rel=1e-3)
    assert x == pytest.approx(whole[1] + 50 / scale, abs=0.1)
    page.keyboard.press("0")
    assert look(page) == whole
    box.get_by_role("button", name="Zoom in").click()
    box.get_by_role("button", name="Zoom out").click()
    assert look(page) == pytest.approx(whole, abs=0.01)
    box.get_by_role("button", name="Divider").click()
    handle = box.locator("[role=slider]")
    handle.focus()
    page.keyboard.press("ArrowRight")
    assert at(handle) == 52
    assert look(page)[1] == pytest.approx(whole[1], abs=0.01)  # the divider moves, not the image
    box.locator("select.right").select_option("nearest")
    assert state(page)["right"] == "nearest"
    box.get_by_role("button", name="Close").click()
    page.wait_for_url(lambda url: "zoom" not in url)
    assert not box.is_visible()


def test_an_image_that_is_not_whole_in_the_page_shows_its_window(visit, report):
    page = visit(report)
    page.evaluate("for (const scene of srb.pictures.scenes) scene.whole = {}; srb.set({zoom: '1'})")
    about = page.locator("#lightbox p")
    assert "This page holds no whole image of Bicubic and Lanczos-3" in about.inner_text()
    assert "srbench report --full-images" in about.inner_text()
    assert page.locator("#lightbox .whole:visible").count() == 0
    assert page.locator("#lightbox .part:visible").count() == 2


def test_whole_images_are_loaded_from_beside_the_page(visit, report, tmp_path):
    with Reader(report.parent / "results") as reader:
        (tmp_path / "page.html").write_text(render(reader, full_images=tmp_path / "page_images").text)
    page = visit(tmp_path / "page.html")
    open_lightbox(page)
    assert not page.evaluate("srb.pictures.chosen().scene.whole.bicubic.startsWith('data:')")
    page.evaluate("Promise.all([...document.querySelectorAll('#lightbox .whole')].map(image => image.decode()))")
    assert page.evaluate("[...document.querySelectorAll('#lightbox .whole')].every(image => image.naturalWidth > 100)")
    page.locator("#lightbox").get_by_role("button", name="Close").click()
    link = page.locator("#gallery .tiles a").first.get_attribute("href")
    assert (tmp_path / unquote(link)).is_file()


def test_pictures_are_accessible_and_fit_the_screen(visit, report, axe, artefacts, screen):
    width, scheme = screen
    page = visit(report, width, scheme)
    for place in ("#hero", "#pictures", "#lightbox"):
        if place == "#lightbox":
            page.evaluate("srb.set({zoom: '1'})")
        page.wait_for_timeout(200)
        page.locator(place).screenshot(path=artefacts / f"{place[1:]}-{width}-{scheme}.png")
        serious = [own for own in axe(page, place) if own[1] in ("serious", "critical")]
        assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_without_pictures_the_page_works(visit, made_up, tmp_path):
    with Reader(made_up(methods=3)) as reader:
        (tmp_path / "page.html").write_text(render(reader).text)
    page = visit(tmp_path / "page.html")
    assert page.get_by_text("No SR images were kept in this folder").is_visible()
    page.evaluate("srb.set({zoom: '1', image: 'a/b'})")
    page.keyboard.press("b")
    assert page.locator("#hero .duo, #gallery, #lightbox[open]").count() == 0


@pytest.fixture(scope="module")
def without_originals(tmp_path_factory):
    """A page of images that have no original, of which nothing could be measured."""
    folder = tmp_path_factory.mktemp("bare")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_image(folder / "photos" / f"{name}.png", rng.integers(0, 256, (40, 48, 3)).astype(np.uint8))
    chosen = {"out": folder / "results", "threads": 1, "device": "cpu", "no_reference": True}
    run(RunOptions(methods=("bicubic", "lanczos"), datasets=(str(folder / "photos"),), scales=(3,), **chosen))
    path = folder / "report.html"
    with Reader(folder / "results") as reader:
        path.write_text(render(reader).text, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1400, 390])
def test_without_an_original_the_lr_image_is_shown_and_no_difference(visit, without_originals, width):
    page = visit(without_originals, width)
    gallery = page.locator("#gallery")
    assert gallery.locator("figure.difference").count() == 0
    assert "There is no original." in gallery.inner_text()
    assert gallery.locator(".tile .name").all_inner_texts()[0] == "LR"
    page.evaluate("srb.set({left: 'lr', right: 'lanczos'})")
    assert gallery.locator("select.left").input_value() == "lr"
    page.keyboard.press("b")
    assert page.locator("#context").inner_text().count("no original") == 1
