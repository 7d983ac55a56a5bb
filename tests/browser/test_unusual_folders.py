"""The leaderboard of unusual folders: empty, with one method, with one that failed, with very many."""

import pytest

from srbench.results.store import Store

ROWS = "#board tbody tr[data-label]"


def names(page):
    return page.eval_on_selector_all(ROWS, "rows => rows.map(row => row.dataset.label)")


def header(page, name):
    return page.locator(f'#board .sort[data-column="{name}"]')


def hint(page):
    return page.locator("#hint").inner_text()


def test_an_empty_folder_has_a_working_page(visit, tmp_path, axe, write):
    with Store(tmp_path / "results", create=True):
        pass
    page = visit(write(tmp_path / "results", tmp_path / "report.html"), 390)
    assert page.get_by_text("There are no results yet").is_visible()
    assert axe(page) == []


@pytest.mark.parametrize("images", [1, 3])
def test_one_method(visit, made_up, tmp_path, images, write):
    page = visit(write(made_up(methods=1, datasets={"set5": images}), tmp_path / "one.html"))
    assert names(page) == ["made-up-0"]
    assert "nothing to rank" in hint(page)
    assert "is the only method" in page.locator("#verdict .lead").inner_text()
    assert header(page, "rank").count() == 0
    assert header(page, "gap").count() == 0


def test_a_method_that_failed_everywhere(visit, go, write_plugin, results, tmp_path, write):
    go(write_plugin("raise ValueError('no such <luck>')"))
    page = visit(write(results, tmp_path / "failed.html"))
    assert names(page) == ["mine"]
    assert "No values to rank" in hint(page)
    page.locator(".mark.bad").focus()
    assert "no such <luck>" in page.locator("#tip").inner_text()
    assert "Failed: 3 cells" in page.locator("#first .warning").inner_text()
    page.get_by_role("link", name="Details").click()
    assert page.locator("#warnings").is_visible()


def test_a_comparison_is_accessible(visit, report, tmp_path, axe):
    from srbench.report.html import render_comparison
    from srbench.results.comparison import compare, load

    folder = report.parent / "results"
    (tmp_path / "c.html").write_text(render_comparison(compare(load(folder, "1"), load(folder, "1"))))
    page = visit(tmp_path / "c.html", 390)
    assert page.get_by_text("0 worse, 0 better, 0 undecided").is_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_large_page_is_small_and_its_header_stays(visit, made_up, tmp_path, write):
    datasets = {"set5": 5, "set14": 14, "bsd100": 100}
    path = write(made_up(methods=24, datasets=datasets, scales=(2, 3, 4), pictures=True), tmp_path / "large.html")
    assert path.stat().st_size < 12_000_000
    page = visit(path)
    assert len(names(page)) == 24
    page.locator(ROWS).last.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 150)")
    box = header(page, "psnr").bounding_box()
    assert 0 <= box["y"] < 40
    assert page.locator(ROWS).last.bounding_box()["y"] > box["y"]


def test_several_hundred_methods(visit, made_up, tmp_path, write):
    page = visit(write(made_up(methods=300, datasets={"set14": 8}), tmp_path / "many.html"))
    assert len(names(page)) == 300
    assert "only differences to the best are tested here, without intervals" in hint(page)
    assert page.locator(".bar.certain").count() > 100
    page.get_by_role("searchbox").fill("made-up-29")
    assert len(names(page)) == 11
