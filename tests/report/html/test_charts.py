"""Charts: what they name and where, their marks, and that they keep to the style sheet."""

import re

import numpy as np
import pytest

from srbench.report.html import charts
from srbench.report.html.charts import Course, Point, Row
from srbench.report.html.plots import MARKERS, WIDTH, Axis

NAMES = ["one", "a <b>n</b> with $x$", "three"]
KINDS = ["network", "gan", "unheard of"]
PAIRS = list(zip(NAMES, KINDS, strict=True))


def points(x=(1.0, 20.0, 300.0), y=(27.0, 28, 28.5), **more):
    return [Point(n, n, k, a, b, n, **more) for n, k, a, b in zip(NAMES, KINDS, x, y, strict=True)]


def drawings():
    front = [True, True, False]
    yield charts.plane(points(), Axis("cost", log=True), Axis("PSNR (dB)"), front)
    yield charts.plane(points(x=(0.1, 0.2, 0.3)), Axis("LPIPS", flip=True), Axis("PSNR (dB)"), front, steps=True)
    yield charts.rows([Row(n, n, k, 1.0 * i, n, (0.5, i)) for i, (n, k) in enumerate(PAIRS)], Axis("dB"))
    lines = [Course(n, n, k, [(0, 1.0), (9, 1.5 + i)], n) for i, (n, k) in enumerate(PAIRS)]
    yield charts.courses(lines, Axis("share (%)"), Axis("gain (dB)"))


@pytest.mark.parametrize("which", range(4))
def test_text_stays_text_colours_follow_the_page_and_each_mark_has_its_element(which):
    drawing = list(drawings())[which]
    assert drawing.svg.startswith('<svg role="img" aria-label="')
    assert "<b>n" not in drawing.svg
    assert "a &lt;b&gt;n&lt;/b&gt; with $x$"[:14] in drawing.svg
    for variable in ("--ink", "--soft", "--line", "--f-network", "--f-gan", "--f-own"):
        assert f"var({variable})" in drawing.svg
    assert not re.findall("#0102|#16191c|#5c6671", drawing.svg)
    assert "<image" not in drawing.svg
    assert [mark.label for mark in drawing.marks] == NAMES
    assert all(drawing.svg.count(f'<g id="{i}">') == 1 for i in range(3))


def test_the_same_data_give_the_same_drawing():
    assert list(drawings()) == list(drawings())


def test_kinds_differ_without_colour():
    assert len(set(MARKERS.values())) == len(MARKERS)


def test_better_is_up_and_what_has_nothing_stands_left():
    two = [Point(n, n, "network", x, y, n) for n, x, y in (("a", 0, 0.2), ("b", 1e3, 0.1), ("c", 1e6, 0.3))]
    marks = charts.plane(two, Axis("parameters", log=True, none=True), Axis("LPIPS", flip=True)).marks
    assert marks[0].x < marks[1].x < marks[2].x
    assert marks[1].y < marks[0].y < marks[2].y  # SVG's y runs down
    svg = charts.plane(two, Axis("parameters", log=True, none=True), Axis("LPIPS", flip=True)).svg
    assert ">none<" in svg
    assert ">none<" not in charts.plane(two[1:], Axis("parameters", log=True, none=True), Axis("LPIPS")).svg


def test_quartiles_are_bars():
    with_bars = charts.plane(points(low=10.0, high=30.0), Axis("ms", log=True), Axis("dB")).svg
    assert with_bars.count("<path") > charts.plane(points(), Axis("ms", log=True), Axis("dB")).svg.count("<path")


def test_names_of_crowded_points_do_not_overlap_and_stay_inside():
    rng = np.random.default_rng(0)
    taken, within, named = [], (50.0, 0.0, float(WIDTH), 260.0), 0
    spots = [(x, y) for x, y in rng.uniform((50, 10), (360, 250), (60, 2))]
    for i, spot in enumerate(spots):
        found = charts.beside(spot, f"method {i}", taken, within)
        if found:
            box = found[0]
            assert within[0] <= box[0] < box[2] <= within[2]
            assert not any(a[0] < box[2] and box[0] < a[2] and a[1] < box[3] and box[1] < a[3] for a in taken)
            taken.append(box)
            named += 1
    assert named > 20
    assert charts.beside((200, 100), "m", [(0, 0, WIDTH, 260)], within) is None


def test_names_at_the_ends_of_lines_are_apart():
    places = charts.spread(np.full(15, 130.0), 12.5, 10, 258)
    assert np.diff(places).min() > 12.4
    assert places.min() >= 9.9
    assert places.max() <= 258.1


def test_equal_values_and_one_row_are_drawn():
    assert charts.rows([Row("a", "a", "own", 1.0, "a")], Axis("dB"), zero=True).marks
    same = points(x=(5.0, 5.0, 5.0), y=(1.0, 1.0, 1.0))
    assert len(charts.plane(same, Axis("ms", log=True), Axis("dB")).marks) == 3
