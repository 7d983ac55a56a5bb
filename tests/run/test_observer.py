"""What a summary says is in the order of the plan, in whatever order the cells were done."""

import random

import pytest

from srbench.run import runner

KINDS = {
    "fails": "raise ValueError('not one')",
    "fails otherwise": "raise ValueError('nor another')",
    "fails too": "raise ValueError('not one')",
    "refuses": "from srbench.errors import NotSupportedError; raise NotSupportedError('not today')",
    "refuses too": "from srbench.errors import NotSupportedError; raise NotSupportedError('never')",
    "bright": "return 255 * imresize(lr, scale)",
}


@pytest.fixture(params=["as planned", "backwards", "shuffled"])
def order(request, monkeypatch):
    """Has the cells of a run done in another order than the plan's."""
    planned = runner.pending

    def pending(*args):
        tasks = planned(*args)
        if request.param == "backwards":
            return tasks[::-1]
        if request.param == "shuffled":
            random.Random(1).shuffle(tasks)
        return tasks

    monkeypatch.setattr(runner, "pending", pending)


@pytest.mark.usefixtures("order")
def test_a_summary_is_in_the_order_of_the_plan(go, write_plugin):
    plugins = [write_plugin(body, name=name, file=f"{name}.py") for name, body in KINDS.items()]
    summary = go(*plugins, scales=(3, 2))
    places = [f"pictures/{image} x{scale}" for image in "abc" for scale in (3, 2)]
    cells = {name: [f"{name} on {place}" for place in places] for name in KINDS}
    fails = [f"{name} on {place}" for place in places for name in ("fails", "fails too")]
    assert list(summary.causes.items()) == [
        ("ValueError: not one", fails),
        ("ValueError: nor another", cells["fails otherwise"]),
    ]
    assert list(summary.unsupported.items()) == [("not today", cells["refuses"]), ("never", cells["refuses too"])]
    assert list(summary.handled) == [f"bright on pictures x{scale}" for scale in (3, 2)]
