"""Differences image by image, published values, learning curves."""

import numpy as np
import pytest

from srbench.report.html import series


def test_differences_to_the_reference_of_every_image(shown):
    own = shown(methods=4)
    plot, contest = series.differences(own), own.contest()
    assert plot.title == "PSNR of every image against Made up 0"  # no bicubic: the last
    assert [mark[0] for mark in plot.marks] == ["made-up-3", "made-up-2", "made-up-1"]
    apart = contest.values[0] - contest.values[3]
    assert plot.rows[0] == ["Made up 3", f"+{apart.min():.2f}", f"+{apart.mean():.2f}", f"+{apart.max():.2f}", "8", "0"]
    assert f"({contest.images[int(np.argmin(apart))][1]})" in plot.marks[0][1]
    left, start, right, end = plot.more["across"]
    assert left < right
    assert start < 0 < apart.max() < end
    assert plot.more["reference"] == "made-up-0"


def test_many_methods_and_images_are_a_small_drawing(shown):
    plot = series.differences(shown(methods=24, datasets={"bsd100": 100}, lpips=False))
    assert len(plot.marks) == 23
    assert len(plot.svg) < 250_000
    assert plot.svg.count("<path") < 150  # not one for every image


def test_published(shown):
    plot = series.published(shown(methods=3))
    assert len(plot.rows) == 3
    assert plot.rows[0][:3] == ["Made up 2", "Set14", "22.60"]
    assert float(plot.rows[0][4].replace("−", "-")) == pytest.approx(  # noqa: RUF001
        float(plot.rows[0][3]) - 22.6, abs=0.011
    )
    assert "dB on Set14" in plot.marks[0][1]
    assert plot.rows[0][5] == "size not stated; training images not stated; another protocol: classic (here basicsr)"
    assert "not like with like: size not stated" in plot.marks[0][1]
    changes = {i: {"published": []} for i in range(2)}
    assert series.published(shown(methods=3, changes=changes)).svg == ""


def test_published_values_are_in_grey_where_they_are_not_like_with_like(shown):
    own = {"size": "S", "images": "T91", "protocol": "basicsr"}
    value = {"dataset": "set14", "scale": 4, "metric": "psnr", "value": 22.0, "source": "Table 1"} | own
    facts = {"parameters": 1, "steps": 1, "wall_seconds": 1.0, "device": "cpu", "images": {"T91": 91}}
    like = {"size": "S", "published": [value], "training": {"4": facts}, "family": "cnn"}
    full = series.published(shown(methods=2, changes=dict.fromkeys(range(2), like)))
    grey = series.published(shown(methods=2, changes={i: like | {"size": "L"} for i in range(2)}))
    assert [row[5] for row in full.rows] == ["", ""]
    assert [row[5] for row in grey.rows] == ["another size: S (here L)"] * 2
    assert ["--f-network" in str(plot.svg) for plot in (full, grey)] == [True, False]


def training(curve, bicubic):
    facts = {"parameters": 1, "steps": curve[-1][0], "wall_seconds": 1.0, "device": "cpu", "content_features": []}
    return {"training": {"4": facts | {"curve": curve, "bicubic": bicubic}}}


def test_learning_curves_are_above_bicubic_on_the_same_images(shown):
    changes = {3: training([[10, 28.0], [20, 28.5]], 27.025), 4: training([[10, 27.0], [20, 27.1]], None)}
    plot = series.learning(shown(methods=6, changes=changes))
    assert {mark[0] for mark in plot.marks} == {f"made-up-{i}" for i in (0, 1, 2, 5)}
    assert "Validated on other images, and left out: Made up 3." in plot.caption
    assert "bicubic's value on their validation images is not known: Made up 4." in plot.caption
    assert "(bicubic: 26.50 dB)" in plot.caption
    assert plot.rows[-1] == ["Made up 0", "200", "27.50", "+1.00"]
    assert plot.marks[0] == ["made-up-5", "Made up 5: +1.50 dB above bicubic\nafter 200 steps", None, None]
    alone = {i: training([[10, 27.0], [20, 27.1]], None) for i in range(2)}
    without = series.learning(shown(methods=2, changes=alone))
    assert without.svg == ""
    assert "is not known: Made up 1 and Made up 0." in without.caption


def test_no_opinion_is_said(shown):
    assert "srbench run --metrics" in series.opinion(shown()).caption
