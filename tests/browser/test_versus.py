"""Two methods against each other in a real browser: the dialog of the leaderboard, and the page of srbench compare."""

import pytest

from srbench.report import versus_page
from srbench.results.contestant import load
from srbench.results.head_to_head import compare


@pytest.fixture
def dialog(visit, report):
    """Opens the head to head of two methods by their labels, on the page as it is on such a screen."""

    def start(a, b, width=1400, scheme="light", **state):
        page = visit(report, width, scheme)
        page.evaluate("([a, b, state]) => srb.set({...state, versus: srb.pairKey(a, b)})", [a, b, state])
        return page

    return start


def long_name(page):
    return page.evaluate("Object.keys(srb.data.methods).find(label => label.includes('script'))")


def test_it_says_who_is_better_with_a_dot_for_every_image(dialog):
    page = dialog("bicubic", "nearest", group="second", metric="psnr")
    assert page.locator("#versus h2").inner_text().split() == ["Bicubic", "against", "Nearest", "neighbour"]
    assert "Bicubic is better than Nearest neighbour by PSNR on second: +" in page.locator("#versus .lead").inner_text()
    dots = page.locator("#versus .chart g")
    assert dots.count() == 8
    assert page.locator("#versus .chart .won").count() == 8
    gains = [float(text.rpartition(", ")[2]) for text in dots.evaluate_all("all => all.map(g => g.ariaLabel)")]
    assert gains == sorted(gains, reverse=True)
    first = page.locator("#versus tbody tr").first
    assert [cell.strip() for cell in first.inner_text().split("\t")][-2:] == ["8 / 0 / 0", "better"]
    dots.first.hover()
    assert page.locator("#tip").inner_text() == dots.first.get_attribute("aria-label")


def test_escape_closes_it_and_the_focus_returns(visit, report):
    page = visit(report)
    boxes = page.locator("#table .tick")
    boxes.nth(0).check()
    boxes.nth(1).focus()
    page.keyboard.press("Space")
    assert page.locator("#versus").evaluate("d => d.open")
    assert "versus=" in page.url
    address = page.url
    page.keyboard.press("Escape")
    assert not page.locator("#versus").evaluate("d => d.open")
    assert "versus=" not in page.url
    page.wait_for_function("document.activeElement.closest('#table') !== null")
    page.goto(address)
    page.reload()
    assert page.locator("#versus").evaluate("d => d.open")


def test_the_two_are_exchanged_and_others_are_chosen(dialog):
    page = dialog("bicubic", "nearest")
    page.get_by_label("Exchange the two").click()
    assert page.evaluate("srb.state.versus") == "nearest~bicubic"
    page.get_by_label("Second method").select_option("lanczos")
    assert page.evaluate("srb.state.versus") == "nearest~lanczos"
    page.get_by_label("First method").select_option("lanczos")
    assert page.evaluate("srb.state.versus") == "lanczos~nearest"
    page.locator("#versus .about a").first.click()
    assert page.evaluate("[srb.state.versus, srb.state.method]") == ["", "lanczos"]


def test_images_won_and_lost_most_are_shown_and_lead_to_the_whole_picture(dialog):
    page = dialog("bicubic", "nearest", group="second")
    assert page.locator("#versus .trio").count() == 3
    assert page.locator("#versus .trio img").count() >= 2
    page.locator("#versus .chart .leads").first.click()
    state = page.evaluate("srb.state")
    assert (state["left"], state["right"], state["zoom"]) == ("bicubic", "nearest", "1")
    assert state["image"].startswith("second/")


def test_a_method_that_lacks_images_is_not_compared_and_its_name_is_text(dialog):
    page = dialog("bicubic", "nearest")
    name = long_name(page)
    page.evaluate("name => srb.set({versus: srb.pairKey('bicubic', name), group: 'first'})", name)
    lead = page.locator("#versus .lead").inner_text()
    assert "are not compared by PSNR on first" in lead
    assert "lacks" in lead
    assert page.locator("#versus script").count() == 0


@pytest.mark.parametrize(
    "address", ["versus=bicubic~bicubic", "versus=bicubic~nobody", "versus=bicubic", "versus=%25~%25"]
)
def test_an_address_that_leads_nowhere_opens_nothing(visit, report, address):
    page = visit(report)
    page.goto(f"{report.as_uri()}#{address}")
    page.reload()
    assert not page.locator("#versus").evaluate("d => d.open")


@pytest.mark.sampled(2)
def test_nothing_serious_and_nothing_too_wide(dialog, artefacts, screen, axe):
    width, scheme = screen
    page = dialog("bicubic", "nearest", width, scheme)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#versus").evaluate("d => d.scrollWidth - d.clientWidth") <= 0
    page.screenshot(path=artefacts / f"versus-{width}-{scheme}.png")


@pytest.mark.sampled(2)
def test_the_page_of_compare(visit, report, artefacts, tmp_path, screen, axe):
    width, scheme = screen
    folder = report.parent / "results"
    path = tmp_path / "bicubic_against_nearest.html"
    found = compare(load(folder, "bicubic"), load(folder, "nearest"))
    path.write_text(versus_page.render(found), encoding="utf-8")
    page = visit(path, width, scheme)
    assert page.locator("figure.trio img").count() >= 6
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=artefacts / f"compare-{width}-{scheme}.png", full_page=True)
