"""What cells are expected to cost: of the order of what they do cost, for every method that is shipped."""

import pytest

from srbench.method import plugins
from srbench.method.wrappers import bare
from srbench.run import expected_cost


@pytest.fixture(scope="module")
def shipped():
    return {plugin.name: plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.value}


def test_networks_are_told_apart_by_what_they_multiply(shipped):
    costs = {name: expected_cost.of_method(shipped[name], 4) for name in ("bicubic", "espcn", "edsr", "vdsr")}
    assert costs["bicubic"] < costs["espcn"] < costs["edsr"] < costs["vdsr"]


def test_every_shipped_method_is_known_or_counted(shipped):
    for name, method in shipped.items():
        known = expected_cost._known().get(name)
        assert known or expected_cost.of_method(method, 4) != expected_cost.SCORING + expected_cost.FOREIGN, name


def test_no_cost_is_of_a_method_that_is_gone(shipped):
    assert expected_cost._known().keys() <= shipped.keys()


def test_a_self_ensemble_costs_eight_times_the_method(shipped):
    plain, ensemble = (expected_cost.of_method(shipped["espcn"], 4, self_ensemble=own) for own in (False, True))
    assert ensemble - expected_cost.SCORING == 8 * (plain - expected_cost.SCORING)
    assert bare(shipped["espcn"]) is shipped["espcn"]


def test_a_network_that_cannot_be_counted_costs_what_one_of_strangers_does(shipped, monkeypatch):
    def broken(*_):
        raise ValueError("no shapes")

    monkeypatch.setattr(expected_cost, "mult_adds", broken)
    assert expected_cost.of_method(shipped["espcn"], 4) == expected_cost.SCORING + expected_cost.FOREIGN


def test_a_cascade_costs_what_its_parts_do_for_the_pixels_that_each_makes():
    def own(spec, scale):
        return expected_cost.of_method(plugins.instantiate(plugins.find(spec)[0]), scale) - expected_cost.SCORING

    espcn = own("espcn", 2)
    assert own("espcn@2 > espcn@2", 4) == pytest.approx(espcn + espcn / 4, abs=1)
    assert own("fsrcnn@4 > vdsr@1", 4) == pytest.approx(own("fsrcnn", 4) + own("vdsr", 4), abs=1)
    assert own("bicubic@2 > aplus@2", 4) == 20 / 4 + own("aplus", 2)
