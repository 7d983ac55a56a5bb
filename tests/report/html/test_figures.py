"""Which plots a view has, what they carry for the page's script, and what they cost."""

import json
import re
import time
from dataclasses import replace

from srbench.report.html.costs import Cost
from srbench.report.html.figures import plots_of
from srbench.report.html.shown import Shown

COSTS = {
    (f"made-up-{i}", 4): Cost(10**i, 1e9 * 2**i, 3.0 * 2**i, None, "set14, cpu", subject="set14") for i in range(6)
}


def test_plots_and_sentences(a_view):
    made = a_view(costs=COSTS)
    found = plots_of(made.view, made.facts)
    titles = [plot.title for plot in found if plot.svg]
    assert titles == [
        *("PSNR against parameters", "PSNR against Mult-Adds", "PSNR against latency", "Perception against distortion"),
        *("PSNR over 25 years", "LPIPS over 25 years", "PSNR of every image against Made up 0"),
        *("Measured against published", "Learning curves"),
    ]
    assert [plot.title for plot in found if not plot.svg] == ["Simulated mean opinion score"]
    assert len({plot.key for plot in found}) == len(found)
    for plot in found:
        content = json.loads(str(plot.json))
        ids = re.findall(rf'id="{plot.key}-(\d+)"', str(plot.svg))
        assert sorted(map(int, ids)) == list(range(len(content["marks"])))
        assert all(len(own) == len(plot.columns) for own in plot.rows)
        assert bool(plot.rows) == bool(plot.svg)
        assert "<" not in str(plot.json)


def test_without_originals_there_is_no_plot_of_what_is_measured_against_them_or_printed(a_view):
    made = a_view(costs=COSTS)
    found = plots_of(replace(made.view, degradation="none"), made.facts)
    absent = {"Perception against distortion", "Measured against published", "Simulated mean opinion score"}
    assert {plot.title for plot in found} == {plot.title for plot in plots_of(made.view, made.facts)} - absent
    assert all("no original" in plot.caption for plot in found[:2])


def test_a_view_of_one_method_has_sentences_only(a_view):
    made = a_view(methods=1)
    found = plots_of(made.view, made.facts)
    assert found
    assert all(not plot.svg and plot.caption for plot in found)


def test_without_a_metric_that_can_be_better_there_are_no_plots(a_view):
    made = a_view(methods=2)
    made.view.contests.clear()
    assert plots_of(made.view, made.facts) == []


def test_perceptual_metrics_alone_are_shown(a_view):
    made = a_view(methods=3)
    for key in [key for key in made.view.contests if key[0] != "lpips"]:
        del made.view.contests[key]
    shown = Shown.of(made.view, made.facts)
    assert shown.metric.name == "lpips"
    years = next(plot for plot in plots_of(made.view, made.facts) if "over" in plot.title)
    assert years.title == "LPIPS over 10 years"
    places = {mark[0]: mark[3] for mark in years.marks}
    assert places["made-up-2"] < places["made-up-0"]  # the better one above


def test_names_that_hurt_stay_text(a_view):
    evil = "</script><b>$x$"
    made = a_view(methods=3, changes={1: {"title": evil}}, costs=COSTS)
    for plot in plots_of(made.view, made.facts):
        assert "</script>" not in str(plot.svg) + str(plot.json)


def test_all_plots_of_a_view_take_little_time(a_view):
    made = a_view(methods=24, datasets={"bsd100": 100}, costs=COSTS)
    plots_of(made.view, made.facts)  # loads fonts
    started = time.process_time()
    assert sum(bool(plot.svg) for plot in plots_of(made.view, made.facts)) >= 7
    seconds = time.process_time() - started
    print(f"{seconds:.2f} s")
    assert seconds < 3  # 0.5 s on a machine of its own
