"""What all drawings share: axes, ids, colours of the page, the Pareto front, and a drawing that stands alone."""

import re

import pytest

from srbench.report.html import charts, plots
from srbench.report.html.plots import Axis, nice_step, pareto, size, with_own_ids


@pytest.mark.parametrize(
    ("axis", "low", "high", "labels"),
    [
        (Axis("a"), 26.3, 29.2, ["26.5", "27.0", "27.5", "28.0", "28.5", "29.0"]),
        (Axis("a"), -0.04, 0.05, ["−0.04", "−0.02", "0.00", "0.02", "0.04"]),  # noqa: RUF001
        (Axis("a", whole=True), 2014, 2016.5, ["2014", "2015", "2016"]),
        (Axis("a", log=True), 3.9, 6.3, ["10\u2009k", "100\u2009k", "1\u2009M"]),
        (Axis("a", log=True), 0.9, 2.1, ["10", "20", "50", "100"]),
    ],
)
def test_ticks(axis, low, high, labels):
    places, found = axis.ticks(low, high)
    assert found == labels
    assert all(low <= place <= high for place in places)


def test_steps_and_sizes():
    assert [nice_step(0, high) for high in (1, 6, 7, 59)] == [0.2, 1, 2, 10]
    assert [size(n) for n in (7, 12_464, 1_000, 999_999, 52.7e9)] == [
        *("7", "12\u2009k", "1\u2009k", "1\u2009M", "53\u2009G"),
    ]


def test_ids_are_a_drawing_s_own():
    rows = [charts.Row("a", "a", "gan", 1.0, "a"), charts.Row("b", "b", "own", 2.0, "b")]
    renamed = with_own_ids(charts.rows(rows, Axis("PSNR (dB)")).svg, "first")
    ids = re.findall(r'\bid="([^"]*)"', renamed)
    assert len(ids) == len(set(ids)) > 3
    assert all(name.startswith("first-") for name in ids)
    assert {"first-0", "first-1"} <= set(ids)
    used = re.findall(r'(?:href="#|url\(#)([^")]*)', renamed)
    assert set(used) <= set(ids)


def test_a_learning_curve_stands_alone():
    steps, psnr = [5, 10, 12], [26.0, 27.5, float("nan")]
    svg = plots.learning_curve("Net, $x^2$", steps, psnr, [0.3, 0.2, 0.1])
    assert svg.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert "var(--" not in svg
    assert all(text in svg for text in (">Net, $x^2$<", ">validation PSNR (dB)<", ">training loss<", ">step<"))
    assert all(colour in svg for colour in plots.COLOURS)


def test_pareto_front():
    cost, quality = [1, 2, 2, 3, 5], [10, 30, 20, 30, 31]
    assert pareto(cost, quality) == [True, True, False, False, True]
    assert pareto([1, 1], [2, 2]) == [True, True]
