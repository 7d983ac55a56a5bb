"""The plots in a real browser: what points tell by mouse, touch and keyboard, and where they lead."""

import itertools

import pytest

from srbench.report.html import render
from srbench.report.html.costs import Cost
from srbench.results.reader import Reader

FIRST = "#first-plot"


def cost(i, subject="set14", noisy=False):
    latency = None if noisy else 4.0 * 2**i
    quartiles = (None, None) if noisy else (3.5 * 2**i, 5.0 * 2**i)
    more = {"latency_low": quartiles[0], "latency_high": quartiles[1]}
    return Cost(1000 * 4**i, 1e8 * 3**i, latency, None, f"{subject}, cpu, fp32", noisy, subject, **more)


@pytest.fixture(scope="module")
def texts():
    """Pages that were made, for other tests."""
    return {}


@pytest.fixture
def plotted(made_up, tmp_path, texts):
    """A page of eight methods on two datasets and two scales; one has no latency that means something."""

    def make(methods=8, costs=None):
        known = {(f"made-up-{i}", 4): cost(i, noisy=i == 2) for i in range(methods)} if costs is None else costs
        key = (methods, repr(known))
        if key not in texts:
            with Reader(made_up(methods=methods, datasets={"set5": 5, "set14": 8}, scales=(4, 2))) as reader:
                texts[key] = render(reader, costs=known).text
        path = tmp_path / "plots.html"
        path.write_text(texts[key], encoding="utf-8")
        return path

    return make


def address(page):
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def tip(page):
    return page.locator("#tip").inner_text()


def marks(page, plot):
    return page.locator(f'.plot[data-plot$="{plot}"]:visible [role="button"]')


def test_a_point_tells_by_mouse_and_leads_to_its_method(visit, plotted):
    page = visit(plotted(), reduced_motion="reduce")
    point = page.locator('#plots .plot[data-plot$="-parameters"]:visible [role="button"][data-mark="made-up-3"]')
    point.scroll_into_view_if_needed()
    page.wait_for_timeout(100)  # a scroll hides tips
    point.hover()
    assert tip(page).startswith("made-up-3\nPSNR ")
    assert "64\u2009k parameters" in tip(page)
    point.click()
    assert address(page)["method"] == "made-up-3"


def test_points_are_reached_by_keyboard_through_one_stop(visit, plotted):
    page = visit(plotted())
    found = marks(page, "-mult-adds")
    assert [found.nth(i).get_attribute("tabindex") for i in range(found.count())].count("0") == 1
    found.first.focus()
    page.keyboard.press("End")
    last = page.evaluate("document.activeElement.dataset.mark")
    assert last == "made-up-7"  # from the left to the right
    assert "made-up-7" in tip(page)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.mark") == "made-up-6"
    page.keyboard.press("Enter")
    assert address(page)["method"] == "made-up-6"


def test_a_touch_tells_and_a_second_one_leads(visit, plotted):
    page = visit(plotted(), 390, has_touch=True, reduced_motion="reduce")
    point = page.locator(f'{FIRST} [role="button"][data-mark="made-up-7"]')
    point.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    point.tap()
    assert tip(page).startswith("made-up-7")
    assert "method" not in address(page)
    point.tap()
    assert address(page)["method"] == "made-up-7"


def test_a_row_tells_the_image_under_the_pointer(visit, plotted):
    page = visit(plotted(), reduced_motion="reduce")  # a scroll that has not ended moves the row
    row = marks(page, "-differences").first
    row.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    box = row.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    assert "better on 13 of 13 images" in tip(page)
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
    told = page.evaluate("""() => {
      const view = srb.view(), contest = view.contests.psnr.all, [a, b] = [0, contest.labels.length - 1];
      const apart = contest.values[a].map((value, i) => value - contest.values[b][i]);
      const most = apart.indexOf(Math.max(...apart));
      return `on ${contest.images[most][1]}: ${srb.format(apart[most], "psnr", { sign: true })} dB`;
    }""")
    assert told in tip(page).splitlines()[0]  # the rightmost stroke
    row.click()
    assert address(page)["method"] == "made-up-7"


def test_only_the_plots_of_the_chosen_view_are_seen(visit, plotted):
    page = visit(plotted())
    assert page.locator("#plots section.view:visible").get_attribute("data-scale") == "4"
    page.evaluate("srb.set({ view: srb.data.views[1].key })")
    assert page.locator("#plots section.view:visible").get_attribute("data-scale") == "2"
    assert page.locator("#plots section.view:visible .absent").count() >= 3  # no costs at this scale
    found = marks(page, "-differences")
    assert found.count() == 7
    found.first.focus()
    assert "made-up-7" in tip(page)


def quality(page):
    """Of every point of the first plot: [method, x, y]."""
    return page.eval_on_selector_all(
        f'{FIRST} [role="button"]',
        "points => points.map(p => [p.dataset.mark, ...p.getAttribute('transform').match(/[\\d.]+/g).map(Number)])",
    )


def test_quality_against_cost_follows_metric_and_images(visit, plotted):
    page = visit(plotted())
    before = quality(page)
    assert [point[0] for point in before] == [f"made-up-{i}" for i in range(8)]
    assert all(a[1] < b[1] and a[2] > b[2] for a, b in itertools.pairwise(before))  # larger and better
    assert page.locator(f"{FIRST} .front").get_attribute("d").count("L") == 7
    assert page.locator(f"{FIRST} h2").inner_text() == "PSNR, dB against parameters"
    page.evaluate("srb.set({ group: 'set14', metric: 'ssim' })")
    assert page.locator(f"{FIRST} h2").inner_text() == "SSIM against parameters"
    assert "Set14" in page.locator(f"{FIRST} .cost-head").inner_text()
    point = page.locator(f'{FIRST} [role="button"][data-mark="made-up-0"]')
    point.focus()
    mean = page.evaluate("srb.contest().mean[srb.place(srb.contest(), 'made-up-0')]")
    assert f"SSIM {mean:.4f}" in tip(page)
    page.keyboard.press("Enter")
    assert address(page)["method"] == "made-up-0"


def test_latency_is_beside_the_quality_on_the_images_that_were_timed(visit, plotted):
    page = visit(plotted())
    page.locator(f"{FIRST} button", has_text="latency").click()
    assert address(page) == {"cost": "latency"}
    assert page.evaluate("document.activeElement.textContent") == "latency"
    said = page.locator(f"{FIRST} .cost-head").inner_text()
    assert "Set14" in said
    assert "too noisy: made-up-2" in said
    assert [point[0] for point in quality(page)] == [f"made-up-{i}" for i in (0, 1, 3, 4, 5, 6, 7)]
    assert page.locator(f"{FIRST} .quartiles").count() == 7
    page.locator(f'{FIRST} [role="button"][data-mark="made-up-4"]').focus()
    mean = page.evaluate("srb.contest('psnr', 'set14').mean[srb.place(srb.contest('psnr', 'set14'), 'made-up-4')]")
    assert f"PSNR {mean:.2f} dB\n64 ms, quartiles 56 to 80 ms" in tip(page)
    page.reload()
    assert page.locator(f"{FIRST} h2").inner_text() == "PSNR, dB against latency"


def test_names_lie_on_nothing(visit, plotted):
    page = visit(plotted(methods=24, costs={(f"made-up-{i}", 4): cost(i % 8 + i / 40) for i in range(24)}))
    for width in (1400, 700, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        drawn = page.locator(f"{FIRST} svg").bounding_box()
        boxes = [box.bounding_box() for box in page.locator(f"{FIRST} .name").all()]
        assert boxes
        assert drawn["width"] <= width
        for i, a in enumerate(boxes):
            assert a["x"] >= drawn["x"] - 1
            assert a["x"] + a["width"] <= drawn["x"] + drawn["width"] + 1
            for b in boxes[:i]:
                apart_x = a["x"] + a["width"] <= b["x"] + 1 or b["x"] + b["width"] <= a["x"] + 1
                apart_y = a["y"] + a["height"] <= b["y"] + 4 or b["y"] + b["height"] <= a["y"] + 4
                assert apart_x or apart_y
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_methods_without_parameters_stand_at_the_left(visit, report):
    page = visit(report)
    points = quality(page)
    assert points == []  # interpolations alone: none has parameters
    assert "fewer than two methods" in page.locator(FIRST).inner_text()


def test_without_costs_there_is_a_sentence(visit, plotted):
    page = visit(plotted(methods=2, costs={}))
    assert page.locator(f"{FIRST} svg").count() == 0
    assert "No plot of PSNR against cost" in page.locator(FIRST).inner_text()


@pytest.mark.sampled(2)
def test_plots_are_accessible_and_fit(visit, plotted, axe, artefacts, screen):
    width, scheme = screen
    page = visit(plotted(), width, scheme)
    for details in page.locator("#plots details").all():
        details.evaluate("d => { d.open = true; }")
    for place in (FIRST, "#plots"):
        page.locator(place).screenshot(path=artefacts / f"{place[1:]}-{width}-{scheme}.png")
        assert [own for own in axe(page, place) if own[1] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert all(picture.bounding_box()["width"] <= width for picture in page.locator("#plots svg:visible").all())
