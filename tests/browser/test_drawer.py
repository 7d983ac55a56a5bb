"""The page of a method in a real browser: opened from the table and by its address, read, copied from, closed."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from srbench.cli.installed import Installed
from srbench.report.html import render
from srbench.results.folder import SCHEMA_VERSION
from srbench.results.reader import Reader

GOLDEN = Path(__file__).parents[1] / "golden" / f"results-v{SCHEMA_VERSION}"
VIEW = "view=x4-basicsr-bicubic"


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """The page of a folder with networks on Set5, and with methods of users that have no texts."""
    folder = tmp_path_factory.mktemp("golden")
    shutil.copytree(GOLDEN, folder / "results")
    path = folder / "report.html"
    with Reader(folder / "results", fallback=Installed()) as reader:
        path.write_text(render(reader).text, encoding="utf-8")
    return path


@pytest.fixture
def drawer(visit, golden):
    """Opens the page of a method by its address."""

    def start(label, width=1400, scheme="light", view=VIEW, **options):
        page = visit(golden, width, scheme, **options)
        page.goto(f"{golden.as_uri()}#{view}&method={quote(label)}")
        page.reload()  # another fragment alone loads nothing
        return page, page.locator("#drawer")

    return start


def section(dialog, title):
    return dialog.locator("section", has=dialog.page.locator("h3", has_text=title))


def test_an_address_opens_it_and_it_tells_all_that_is_known(drawer):
    page, dialog = drawer("espcn")
    assert dialog.is_visible()
    assert dialog.locator("h2").inner_text() == "ESPCN"
    link = dialog.locator(".paper a")
    assert (link.get_attribute("href"), "Shi et al." in link.inner_text()) == ("https://arxiv.org/abs/1609.05158", True)
    assert "laid out" in section(dialog, "The idea").inner_text()
    assert section(dialog, "The idea").locator(".equation div").count() == 2
    assert "ImageNet" in section(dialog, "What differs here").inner_text()
    assert "1609.05158" in section(dialog, "Cite").inner_text()
    assert re.search(r"espcn_x4\.safetensors.*sha256 90e688cd", section(dialog, "Weights").inner_text(), re.DOTALL)
    assert "24,752" in section(dialog, "Cost").inner_text()
    training = section(dialog, "Training, ×4")  # noqa: RUF001
    assert "2,400 steps, 5.3 minutes" in training.inner_text()
    assert training.locator("circle").count() == 8
    assert "from 27.65 dB after 300 steps to 27.70 dB after 2400" in training.locator("svg").get_attribute("aria-label")
    assert page.evaluate("document.title")


def test_the_distance_to_print_is_that_of_the_table(drawer):
    page, dialog = drawer("espcn")
    cells = section(dialog, "Distance to print").locator("tbody tr").first.locator("th, td").all_text_contents()
    own = page.evaluate("srb.view().cells.espcn.psnr.set5")
    assert own["published"] == 30.9
    apart = f"{own['mean'] - 30.9:+.2f} dB not like with like".replace("-", "−")  # noqa: RUF001
    assert cells == ["Set5, PSNR", f"{own['mean']:.2f}", "30.90", apart]
    said = section(dialog, "Distance to print").inner_text()
    assert "EDSR-mobile README" in said
    reason = "size not stated; training images not stated; another protocol: classic (here basicsr)"
    assert f"In grey, for it is not like with like: {reason}." in said
    assert section(dialog, "Distance to print").locator("td.apart.unlike").count() == 1
    assert "under-trained" not in page.content()


def test_the_table_has_full_ink_for_differences_of_like_with_like_alone(drawer):
    page, _ = drawer("espcn")
    page.evaluate("srb.set({ method: '', group: 'set5', columns: 'psnr,published,difference,training' })")
    row = page.locator('#board tr[data-label="espcn"]')
    assert row.locator("td.c-training").inner_text() == "5.3 · 2,400"
    page.evaluate("() => { srb.data.methods.espcn.trained[4].further = true; srb.set({ desc: '1' }); }")
    assert row.locator("td.c-training").inner_text() == "≥\u20095.3 · 2,400"  # the last run of several
    cells = [row.locator(f"td.c-{name}") for name in ("published", "difference")]
    soft, ink = page.evaluate(
        "['--soft', '--ink'].map(name => { const own = document.createElement('i'); own.style.color = `var(${name})`;"
        " document.body.append(own); return getComputedStyle(own).color; })"
    )
    colours = [cell.evaluate("own => getComputedStyle(own).color") for cell in cells]
    assert colours == [soft, soft]
    assert cells[0].text_content().startswith("30.90* not like with like: size not stated;")
    assert "espcn: size not stated" in page.locator("#under").text_content().lower()
    page.evaluate("() => { srb.view().cells.espcn.psnr.set5.published_unlike = ''; srb.set({ desc: '' }); }")
    assert [cell.evaluate("own => getComputedStyle(own).color") for cell in cells] == [ink, ink]
    assert cells[0].text_content() == "30.90"


def test_images_stand_by_value_with_what_they_gain_over_bicubic(drawer):
    page, dialog = drawer("srcnn")
    for metric, digits, sign in (("psnr", 2, 1), ("lpips", 4, -1)):
        page.evaluate("metric => srb.set({ metric })", metric)
        rows = section(dialog, "on each image").locator("tbody tr")
        names = rows.locator("th").all_inner_texts()
        values = [row.locator("td").all_inner_texts()[:2] for row in rows.all()]
        numbers = [float(value) for value, _ in values]
        assert len(numbers) == 5
        assert numbers == sorted(numbers, reverse=sign > 0)
        contest = page.evaluate("metric => srb.contest(metric, 'set5')", metric)
        own, base = (contest["values"][contest["labels"].index(name)] for name in ("srcnn", "bicubic"))
        place = [image for _, image in contest["images"]].index(names[0])
        gain = f"{sign * (own[place] - base[place]):+.{digits}f}".replace("-", "−")  # noqa: RUF001
        assert values[0] == [f"{own[place]:.{digits}f}", gain]


def test_the_images_where_it_gains_most_and_least_lead_to_the_large_ones(visit, report):
    page = visit(report)
    page.evaluate("srb.set({ group: 'second', method: 'lanczos' })")
    part = section(page.locator("#drawer"), "gains most and least")
    said = part.locator(".extreme p").all_inner_texts()
    gains = page.evaluate("srb.values.images('lanczos')")
    shown = [
        own["gain"] for own in gains if page.evaluate("image => !!srb.pictures.scene('second', image)", own["image"])
    ]
    assert len(shown) == 5
    number = [f"{value:+.2f} dB".replace("-", "−") for value in (max(shown), min(shown))]  # noqa: RUF001
    assert [text.split(": ")[1] for text in said] == number
    assert [text.split(",")[0] for text in said] == ["Most", "Least"]
    assert f"Of the 5 images that the page shows, out of {len(gains)}." in part.inner_text()
    assert part.locator("img").count() == 4
    assert part.locator("img").evaluate_all("own => own.every(image => image.complete && image.naturalWidth > 8)")
    part.locator(".button").first.click()
    assert page.locator("#lightbox").is_visible()
    assert {"left=bicubic", "right=lanczos", "method=lanczos"} <= set(page.url.partition("#")[2].split("&"))
    page.keyboard.press("Escape")
    assert page.locator("#drawer").is_visible()  # below it


BUTTON = "#board tr[data-label='bicubic'] .named"


def test_it_opens_from_the_table_and_gives_the_focus_back(visit, golden):
    page = visit(golden)
    dialog = page.locator("#drawer")
    for close in ("Escape", "button", "outside"):
        page.locator(BUTTON).click()
        page.wait_for_function("location.hash.includes('method=bicubic')")  # the page may be busy for a moment
        page.wait_for_function("document.activeElement.ariaLabel === 'Close'")
        assert "baseline of every SR table" in dialog.inner_text()
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "button":
            dialog.locator(".close").click()
        else:
            page.mouse.click(100, 400)
        dialog.wait_for(state="hidden")
        page.wait_for_function("!location.hash.includes('method=')")
        has_focus = f"document.activeElement === document.querySelector({json.dumps(BUTTON)})"
        page.wait_for_function(has_focus)


def test_a_method_without_texts_shows_what_there_is(drawer):
    _, dialog = drawer("theirs", view="view=x2-basicsr-bicubic")
    titles = dialog.locator("h3").all_inner_texts()
    assert "PSNR on each image" in titles
    assert not {"The idea", "What differs here", "Cite", "Distance to print", "Weights"} & set(titles)


def test_a_method_that_is_not_there_opens_nothing(drawer):
    page, dialog = drawer("no-such-method")
    assert not dialog.is_visible()
    assert "method=" not in page.url


def test_the_entry_is_copied(drawer):
    from playwright.sync_api import expect  # late: it is not installed where these tests are skipped

    page, dialog = drawer("espcn", permissions=["clipboard-read", "clipboard-write"])
    dialog.locator(".copy button").click()
    expect(dialog.locator(".copy [role=status]")).to_have_text("copied")  # the browser writes it in its own time
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("@inproceedings{shi2016real,\n")
    assert text.endswith("}\n")


def test_where_the_clipboard_is_closed_the_entry_is_selected(drawer):
    from playwright.sync_api import expect

    page, dialog = drawer("espcn")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    dialog.locator(".copy button").click()
    expect(dialog.locator(".copy [role=status]")).to_contain_text("Ctrl+C")
    assert page.evaluate("getSelection().toString()").startswith("@inproceedings{shi2016real")


@pytest.mark.sampled(2)
def test_it_fits_and_can_be_read(drawer, axe, artefacts, screen):
    width, scheme = screen
    page, dialog = drawer("srcnn", width, scheme)
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    page.screenshot(path=artefacts / f"drawer-{width}-{scheme}.png")
    assert axe(page, "#drawer") == []


def test_texts_of_a_card_are_text_and_links_lead_to_the_web_alone(visit, golden, tmp_path):
    text = golden.read_text(encoding="utf-8")
    text = text.replace("https://arxiv.org/abs/1609.05158", "javascript:alert(1)")
    text = text.replace("Three layers work", "\\u003cimg src=x onerror=alert(1)\\u003e work")
    path = tmp_path / "evil.html"
    path.write_text(text, encoding="utf-8")
    page = visit(path)
    page.evaluate(f"srb.set({{ view: '{VIEW.removeprefix('view=')}', method: 'espcn' }})")
    dialog = page.locator("#drawer")
    assert dialog.locator(".paper").inner_text().startswith("Shi et al.")
    assert dialog.locator(".paper a").count() == 0
    assert "<img src=x onerror=alert(1)> work" in dialog.inner_text()
    assert dialog.locator("img[src='x']").count() == 0
