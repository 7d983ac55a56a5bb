"""The experiment on cascades compares at equal cost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.experiments.cascade.contestants import QUESTIONS, SCALE, SPECS
from srbench.experiments.cascade.picture import apart
from srbench.experiments.cascade.study import Row, Study
from srbench.method import plugins
from srbench.timing import cost


@pytest.fixture(scope="module")
def costs():
    methods = {spec: plugins.instantiate(plugins.find(spec)[0]) for spec in SPECS}
    return {spec: cost.mult_adds(method, SCALE) for spec, method in methods.items()}


def test_the_larger_network_costs_as_much_as_two_in_series(costs):
    assert costs["cascade"] == costs["espcn@2 > espcn@2"]
    assert costs["espcn-wide"] == pytest.approx(costs["cascade"], rel=0.001)


def test_a_better_beginning_costs_hardly_more_than_bicubics(costs):
    assert costs["fsrcnn@4 > vdsr@1"] == costs["fsrcnn"] + costs["vdsr"]
    assert costs["fsrcnn@4 > drcn@1"] == costs["fsrcnn"] + costs["drcn"]
    assert costs["fsrcnn@4 > vdsr@1"] == pytest.approx(costs["vdsr"], rel=0.002)
    for name in ("vdsr", "drcn"):
        assert costs[f"{name}-on-fsrcnn"] == costs[f"fsrcnn@4 > {name}@1"]


def test_what_is_better_is_counted_image_by_image():
    title, rival = QUESTIONS[0].title, QUESTIONS[0].rival
    own = Row(title, "cascade", "", 1, 1, {"set": {"a": 30.0, "b": 31.0, "c": 29.5}})
    other = Row(title, rival, "", 1, 1, {"set": {"a": 29.0, "b": 31.5, "c": 29.0}})
    study = Study(("set",), (own, other))
    assert study.rival(own) == study.rival(other) == other
    assert study.better(own, "set") == (pytest.approx(1 / 3), 2)


@given(st.lists(st.floats(20, 40), max_size=6), st.floats(0.01, 5))
def test_names_of_a_picture_stand_apart_in_the_order_of_their_points(heights, least):
    placed = apart(heights, least)
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    assert all(placed[b] - placed[a] > least - 1e-6 for a, b in pairwise(order))
    assert sum(placed) == pytest.approx(sum(heights))  # nothing is pushed out on one side
    if all(heights[b] - heights[a] >= least for a, b in pairwise(order)):
        assert placed == pytest.approx(heights)
