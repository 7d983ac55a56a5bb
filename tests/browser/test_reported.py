"""What the literature reports, in a real browser."""

import pytest

from srbench.report.html import render
from srbench.results.choice import Choice
from srbench.results.literature import find
from srbench.results.reader import Reader

REPORTED = "#board tbody tr[data-reported]"


@pytest.fixture
def page_of(visit, made_up, tmp_path):
    folder = made_up(methods=4, datasets={"set5": 7, "set14": 7}, scales=(4,))

    def make(**options):
        with Reader(folder) as reader:
            (tmp_path / "page.html").write_text(render(reader, **options).text, encoding="utf-8")
        return visit(tmp_path / "page.html")

    return make


def test_rows_of_the_literature_stand_below_and_are_never_ranked(page_of):
    page = page_of(literature=find(["rcan", "edsr-baseline"]))
    assert page.locator(REPORTED).count() == 0  # papers print no mean over all datasets
    page.evaluate("srb.set({ group: 'set5' })")
    found = page.locator(REPORTED)
    assert found.count() == 2
    assert found.first.locator("th").inner_text().split("\n") == ["RCAN", "as reported"]
    assert found.first.locator(".c-psnr").inner_text() == "32.63"
    assert found.first.locator(".c-rank").inner_text() == ""
    assert page.locator("#board tbody tr").evaluate_all("rows => rows.map(row => Boolean(row.dataset.reported))") == (
        [False] * 4 + [True] * 2
    )
    found.first.locator(".c-psnr span").hover()
    assert "As reported, protocol classic: RCAN paper" in page.locator("#tip").inner_text()
    page.evaluate("srb.set({ group: 'set14' })")
    assert page.locator(REPORTED).first.locator(".c-psnr").inner_text() == "28.87"


def test_the_order_that_was_asked_for_is_the_first(page_of):
    page = page_of(choice=Choice(sort="name"))
    names = page.eval_on_selector_all("#board tbody tr[data-label]", "rows => rows.map(row => row.dataset.label)")
    assert names == sorted(names)
    assert page.evaluate("location.hash") == ""
