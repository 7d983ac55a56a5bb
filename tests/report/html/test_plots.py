"""Figures: what they show, and that they keep to the style sheet."""

import re

import numpy as np
import pytest

from srbench.report.html import plots

NAMES = ["one", "a <b>name</b> with $x$", "three"]


def drawings():
    yield plots.plane(NAMES, [1.0, 20.0, 300.0], [27, 28, 28.5], ("cost", "PSNR (dB)"), log=True, front=[True] * 3)
    yield plots.plane(NAMES, [0.1, 0.2, 0.3], [27, 28, 28.5], ("LPIPS", "PSNR (dB)"), flip=True)
    yield plots.distribution(NAMES, [[25.0, 26, 30], [24, 25, 31], [20, 30, 40]], "PSNR (dB)")
    yield plots.agreement({name: [(27.0, 26.5), (30, 30.1)] for name in NAMES}, ("published", "measured"))
    yield plots.curves({name: [(1, 25.0), (2, 26.0 + i)] for i, name in enumerate(NAMES)}, ("step", "PSNR (dB)"))


@pytest.mark.parametrize("which", range(5))
def test_text_stays_text_and_colours_follow_the_page(which):
    svg = list(drawings())[which]
    assert svg.startswith('<svg role="img" aria-label="')
    assert "<b>name" not in svg
    assert "a &lt;b&gt;name&lt;/b&gt; with $x$" in svg
    assert "var(--plot-ink)" in svg
    assert "#5c6671" not in svg
    assert "<image" not in svg


def test_the_same_data_give_the_same_drawing():
    assert list(drawings()) == list(drawings())


def test_a_learning_curve_stands_alone():
    steps, psnr = [5, 10, 12], [26.0, 27.5, float("nan")]
    svg = plots.learning_curve("Net, $x^2$", steps, psnr, [0.3, 0.2, 0.1])
    assert svg.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert "var(--" not in svg
    assert all(text in svg for text in (">Net, $x^2$<", ">validation PSNR (dB)<", ">training loss<", ">step<"))
    assert all(colour in svg for colour in plots.COLOURS[:2])


def test_pareto_front():
    cost, quality = [1, 2, 2, 3, 5], [10, 30, 20, 30, 31]
    assert plots.pareto(cost, quality) == [True, True, False, False, True]
    assert plots.pareto([1, 1], [2, 2]) == [True, True]


def test_names_beside_the_axes_do_not_overlap():
    names = [f"method {i}" for i in range(20)]
    svg = plots.plane(names, np.ones(20), np.full(20, 30.0), ("cost", "PSNR (dB)"))
    heights = sorted(
        float(y) for y in re.findall(r'<text[^>]*transform="translate\([\d.]+ ([\d.]+)\)[^>]*>method', svg)
    )
    if not heights:
        heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>method', svg))
    assert len(heights) == 20
    assert min(np.diff(heights)) > 9
