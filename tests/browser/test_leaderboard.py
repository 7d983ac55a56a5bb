"""The leaderboard in a real browser: by mouse, by keyboard, on a phone, in the dark, for a screen reader."""

import csv
import io
import json

import pytest

from srbench.report.html import render
from srbench.report.html.costs import Cost
from srbench.results.reader import Reader

ROWS = "#board tbody tr[data-label]"


def names(page):
    return page.eval_on_selector_all(ROWS, "rows => rows.map(row => row.dataset.label)")


def column(page, name):
    """Texts of a column, from the first row to the last."""
    return page.locator(f"{ROWS} > .c-{name}").all_inner_texts()


def numbers(page, name):
    return [float(text.split()[-1].replace("\u2212", "-")) for text in column(page, name)]


def header(page, name):
    return page.locator(f'#board .sort[data-column="{name}"]')


def hint(page):
    return page.locator("#hint").inner_text()


def address(page):
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def reload(page, hash):
    page.goto(page.url.partition("#")[0] + hash)
    page.reload()


def test_the_first_screen_says_who_leads_and_begins_the_table(visit, report):
    page = visit(report)
    context = page.locator("#context").inner_text()
    assert "first (3) + second (8 images)" in context
    assert "×4" in context  # noqa: RUF001
    assert "bicubic degradation" in context
    best = page.locator(f"{ROWS} .named").first.inner_text()
    assert page.locator("#verdict .lead").inner_text().startswith(f"{best} leads on PSNR: ")
    first = page.locator(f"{ROWS} td.orders").first.bounding_box()
    assert first["y"] + first["height"] < 600


def test_rows_are_one_line_and_nothing_scrolls_sideways(visit, report):
    page = visit(report)
    heights = page.eval_on_selector_all(ROWS, "rows => rows.map(row => row.getBoundingClientRect().height)")
    assert max(heights) <= 36
    assert page.evaluate("document.documentElement.scrollWidth") == 1400
    assert page.evaluate("document.querySelector('#board').scrollWidth <= document.querySelector('#board').clientWidth")


def test_sorting_by_mouse_and_by_keyboard(visit, report):
    page = visit(report)
    before = names(page)
    header(page, "year").click()
    years = [int(text or 0) for text in column(page, "year")]
    assert years == sorted(years, reverse=True)
    page.keyboard.press("Enter")  # the focus stays on the button
    assert [int(text or 9999) for text in column(page, "year")] == sorted(year or 9999 for year in years)
    assert header(page, "year").locator("..").get_attribute("aria-sort") == "ascending"
    assert header(page, "psnr").locator("..").get_attribute("aria-sort") is None
    assert address(page) == {"sort": "year", "desc": "0"}
    header(page, "psnr").focus()
    page.keyboard.press("Space")
    assert names(page) == before
    assert address(page) == {}
    page.keyboard.press("Space")
    ranked = [name for name in before if "alert" not in name]
    assert [name for name in names(page) if "alert" not in name] == ranked[::-1]
    header(page, "name").click()
    titles = [title.lower() for title in page.locator(f"{ROWS} .named").all_inner_texts()]
    assert titles == page.evaluate("titles => [...titles].sort((a, b) => a.localeCompare(b))", titles)


def test_the_metric_that_sorts_sets_ranks_differences_and_verdict(visit, report):
    page = visit(report)
    assert "PSNR" in page.locator("#verdict .lead").inner_text()
    header(page, "ssim").click()
    assert address(page) == {"metric": "ssim"}
    assert "SSIM" in page.locator("#verdict .lead").inner_text()
    ranked = numbers(page, "ssim")[:-1]  # the last lacks images
    assert ranked == sorted(ranked, reverse=True)
    ranks = column(page, "rank")
    assert ranks[0].startswith("1")
    assert ranks[-1] == "\u2013"
    places = [int(text.partition("\u2013")[0]) for text in ranks[:-1]]
    assert places[-1] > 1
    assert page.locator(f"{ROWS} th.may").count() >= 1
    differences = [row.split()[0] for row in page.locator(f"{ROWS} .against .gap").all_inner_texts()]
    assert all(text.startswith("\u2212") for text in differences)


def test_filters(visit, report):
    page = visit(report)
    assert len(names(page)) == 5
    filter = page.get_by_role("searchbox")
    filter.fill("BIC")
    assert names(page) == ["bicubic"]
    assert page.locator("#count").inner_text() == "1 of 5 methods"
    filter.fill("nobody")
    assert names(page) == []
    said = page.locator("#board .nothing").inner_text()
    assert "No method matches \u2018nobody\u2019" in said
    assert "Bicubic" in said
    page.get_by_role("button", name="Show all").click()
    assert len(names(page)) == 5
    assert filter.input_value() == ""
    page.locator("#families button", has_text="own").click()  # a family that nobody knows
    assert len(names(page)) == 1
    assert address(page) == {"family": "own"}
    page.locator("#families button", has_text="own").click()
    assert len(names(page)) == 5


def test_columns_are_chosen_and_none_is_empty(visit, report):
    page = visit(report)
    page.locator("#columns summary").click()
    offered = page.locator("#columns input").evaluate_all("boxes => boxes.map(box => box.value)")
    assert offered == ["rank", "psnr", "ssim", "gap", "year", "family", "n"]  # nothing was timed or published
    page.locator('#columns input[value="ssim"]').uncheck()
    page.locator('#columns input[value="n"]').check()
    assert header(page, "ssim").count() == 0
    assert set(column(page, "n")) == {"11", "9 of 11"}
    assert page.locator('#columns input[value="psnr"]').is_disabled()  # it orders
    page.reload()
    assert header(page, "ssim").count() == 0
    page.locator("#columns summary").click()
    page.get_by_role("button", name="The usual columns").click()
    assert address(page) == {}
    assert header(page, "ssim").count() == 1
    page.keyboard.press("Escape")
    assert not page.locator("#columns .sheet").is_visible()


def test_scales_and_protocols_switch_and_are_never_mixed(visit, report):
    page = visit(report)
    page.locator("#groups button", has_text="first").click()
    before = numbers(page, "psnr")
    page.locator("#scales button", has_text="2").click()
    assert "×2" in page.locator("#context").inner_text()  # noqa: RUF001
    assert page.locator("#groups [aria-pressed=true]").inner_text() == "first"
    assert min(numbers(page, "psnr")) > min(before)
    page.locator("#protocols select").select_option("classic")
    assert set(names(page)) == {"bicubic", "bilinear"}
    assert "classic protocol" in page.locator("#context").inner_text()
    page.locator("#scales button", has_text="4").click()  # classic was run at x2 only
    assert "×4 · bicubic degradation · basicsr protocol" in page.locator("#context").inner_text()  # noqa: RUF001


def test_images_that_cannot_tell_give_no_ranks_and_say_why(visit, report):
    page = visit(report)
    page.locator("#groups button", has_text="first").click()
    assert header(page, "rank").count() == 0
    assert "3 images: no p-value below 0.25 is possible" in hint(page)
    assert page.locator(".bar.certain").count() == 0
    scores = numbers(page, "psnr")[:-1]
    assert scores == sorted(scores, reverse=True)
    assert page.locator("#diagram svg").count() == 0
    page.locator("#groups button", has_text="second").click()
    assert header(page, "rank").count() == 1
    assert "Full colour: certain" in hint(page)


def test_the_reference_is_chosen_and_an_unknown_one_is_said(visit, report):
    page = visit(report)
    page.locator("#reference").select_option(label="Nearest neighbour")
    assert address(page) == {"ref": "nearest"}
    row = page.locator('#board tr[data-label="nearest"]')
    assert "reference" in row.inner_text()
    against = page.locator('#board tr[data-label="bicubic"] .against')
    assert against.locator(".gap").inner_text().startswith("+")
    against.focus()
    tip = page.locator("#tip").inner_text()
    assert "against Nearest neighbour" in tip
    assert "11 images" in tip
    assert against.get_attribute("aria-describedby") == "tip"
    reload(page, "#ref=nobody")
    assert "\u2018nobody\u2019 is not among the methods compared here" in hint(page)
    assert page.locator("#reference").input_value() == "best"


def test_a_mark_says_its_reason_by_keyboard(visit, report):
    page = visit(report)
    page.locator(".mark.bad").focus()
    tip = page.locator("#tip").inner_text()
    assert "too wide for <b>me</b>" in tip
    assert "not ranked: lacks 2 of the 11 images" in tip
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    page.get_by_text("What the signs beside names say").click()
    assert "too wide for <b>me</b>" in page.locator("#under ul").inner_text()


def test_up_and_down_go_from_row_to_row(visit, report):
    page = visit(report)
    page.locator(f"{ROWS} .named").first.focus()
    page.keyboard.press("ArrowDown")
    second = page.locator(f"{ROWS} .named").nth(1).inner_text()
    assert page.evaluate("document.activeElement.textContent") == second


def test_the_address_holds_the_state_and_gives_it_back(visit, report):
    page = visit(report)
    page.locator("#groups button", has_text="second").click()
    header(page, "ssim").click()
    page.locator("#reference").select_option(label="Nearest neighbour")
    header(page, "year").click()
    page.get_by_role("searchbox").fill("i")
    before, table = address(page), page.locator("#board").inner_text()
    assert before == {"group": "second", "metric": "ssim", "ref": "nearest", "sort": "year", "q": "i"}
    page.reload()
    assert address(page) == before
    assert page.locator("#board").inner_text() == table
    assert page.get_by_role("searchbox").input_value() == "i"
    reload(page, "#group=nowhere&metric=nothing&view=x9&sort=what&versus=%E0%A4%A")  # what nobody knows is left out
    assert len(names(page)) == 5
    assert page.locator("#groups [aria-pressed=true]").inner_text() == "All"


def test_a_name_opens_the_method_and_two_ticks_a_comparison(visit, report):
    page = visit(report)
    page.locator('#board tr[data-label="bicubic"] .named').click()
    assert address(page) == {"method": "bicubic"}
    page.evaluate("srb.set({ method: '' })")
    evil = next(name for name in names(page) if "alert" in name)
    page.get_by_role("checkbox", name="Compare Bicubic").check()
    assert "Tick another method to set it against Bicubic" in hint(page)
    page.locator(f"{ROWS}:has(.mark.bad) .tick").check()
    assert page.evaluate("srb.pairOf(srb.state.versus)") == ["bicubic", evil]
    page.evaluate("srb.set({ versus: '' })")
    assert page.locator(".tick:checked").count() == 0


def test_copies_for_papers_pull_requests_and_spreadsheets(visit, report):
    page = visit(report)
    rows = list(csv.reader(io.StringIO(page.evaluate("srb.copy.csv()"))))
    assert rows[0][:4] == ["method", "title", "Rank", "PSNR, dB"]
    assert len(rows) == 6
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = page.evaluate("srb.view().cells")
    assert float(rows[1][3]) == pytest.approx(cells[rows[1][0]]["psnr"]["all"]["mean"])
    markdown = page.evaluate("srb.copy.markdown()").splitlines()
    assert "×4" in markdown[0]  # noqa: RUF001
    table = [line for line in markdown if line.startswith("|")]
    assert len(table) == 7
    assert "**" in table[2]
    assert any("\\<script\\>" in line for line in table)
    latex = page.evaluate("srb.copy.latex()")
    assert "$\\uparrow$" in latex
    assert latex.count("\\\\\n") == 6
    assert "\\textbf{" in latex
    assert "\\textless{}script\\textgreater{}" in latex
    page.get_by_role("searchbox").fill("bicubic")
    assert len(list(csv.reader(io.StringIO(page.evaluate("srb.copy.csv()"))))) == 2  # of what is shown
    page.locator("#copy summary").click()
    page.get_by_role("button", name="Copy as Markdown").click()
    given = page.locator("#copy .given")
    given.locator("*").first.wait_for()
    assert "Copied as Markdown" in given.inner_text() or "| Bicubic" in given.locator("textarea").input_value()


def test_ranks_are_drawn_as_intervals(visit, report):
    page = visit(report)
    drawn = page.locator("#diagram g[role=button]")
    assert drawn.count() == 4  # one lacks images
    drawn.first.focus()
    assert "rank 1" in page.locator("#tip").inner_text()
    page.keyboard.press("Enter")
    assert "method" in address(page)


def test_it_is_accessible_and_fits_the_screen(visit, report, artefacts, screen, axe):
    width, scheme = screen
    page = visit(report, width, scheme)
    page.wait_for_timeout(200)
    page.screenshot(path=artefacts / f"leaderboard-{width}-{scheme}.png", full_page=True)
    for details in page.locator("details:not(.menu)").all():
        details.evaluate("d => { d.open = true; }")
    assert [found for found in axe(page) if found[1] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_the_method_and_one_metric_fit(visit, report):
    page = visit(report, 390)
    board = page.locator("#board").bounding_box()
    cell = page.locator(f"{ROWS} td.orders").first.bounding_box()
    assert cell["x"] + cell["width"] <= board["x"] + board["width"]
    assert header(page, "ssim").count() == 0
    page.locator("#columns summary").click()
    for name in ("ssim", "gap", "year", "family", "n"):
        page.locator(f'#columns input[value="{name}"]').check()
    assert page.locator("#board.wide").count() == 1  # in a box of its own
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_as_many_of_the_usual_columns_are_shown_as_there_is_room_for(visit, made_up, tmp_path):
    costs = {(f"made-up-{i}", 4): Cost(10**i, 1e9 * i, 2.0 * i, 1.0, "320x180, cpu") for i in range(1, 4)}
    with Reader(made_up(methods=4, datasets={"set14": 14})) as reader:
        (tmp_path / "costs.html").write_text(render(reader, costs=costs).text)
    page = visit(tmp_path / "costs.html")
    assert [header(page, name).count() for name in ("parameters", "mult_adds", "latency_ms")] == [1, 1, 1]
    assert column(page, "latency_ms") == ["6.0", "4.0", "2.0", ""]
    for width in (1000, 700, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator("#board.wide").count() == 0
        assert header(page, "psnr").count() == 1
    assert header(page, "mult_adds").count() == 0
    page.set_viewport_size({"width": 1400, "height": 900})
    page.locator(f"{ROWS} .c-latency_ms").first.wait_for()


def test_dark_follows_the_reader(visit, report):
    def ground(page):
        red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        return (red + green + blue) / 3

    assert ground(visit(report, scheme="light")) > 240
    assert ground(visit(report, scheme="dark")) < 40


def test_names_stay_text(visit, report):
    page = visit(report)
    assert page.locator("script:not([type])").count() == 1
    row = page.locator(f"{ROWS}:has(.mark.bad)")
    assert "<script>alert(1)</script>" in row.locator("th.method").inner_text()
    row.locator(".named").focus()
    assert "no end to it" in page.locator("#tip").inner_text()  # the whole title
    assert json.loads(page.locator("#data").text_content())["views"]


def test_without_javascript_the_means_are_there(visit, report):
    page = visit(report, java_script_enabled=False)
    assert page.locator("noscript p").first.is_visible()
    assert page.locator("noscript table").count() == 3
    assert page.locator("noscript tbody tr").count() == 5 + 5 + 2


def test_print(visit, report, artefacts):
    page = visit(report, scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".tools").is_visible()
    assert page.locator("#board").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()") == "#ffffff"
    page.pdf(path=artefacts / "leaderboard.pdf", prefer_css_page_size=True)
    assert (artefacts / "leaderboard.pdf").stat().st_size > 20_000
