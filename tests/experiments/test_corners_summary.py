"""The table over several seeds."""

import pytest

from srbench.experiments.corners.study import Row, Study
from srbench.experiments.corners.summary import NUMBERS, spread, summarise


def study(seed, clean, top_left):
    row = Row("gan", "GAN", 7, clean, top_left, 0.5, 0.1, 0.2, 0.06, None, False)
    return Study(300, seed, (row,), {}, {})


def test_mean_least_and_greatest():
    found = spread([0.25, 1.0, 0.25])
    assert (found.mean, found.low, found.high) == (0.5, 0.25, 1.0)
    assert found.seeds == (0.25, 1.0, 0.25)


def test_seeds_without_a_value_are_kept_and_not_counted():
    assert spread([None, 0.5, 0.7]).mean == pytest.approx(0.6)
    assert spread([None, 0.5, 0.7]).seeds == (None, 0.5, 0.7)
    none = spread([None, None])
    assert (none.mean, none.low, none.high) == (None, None, None)


def test_each_network_has_all_numbers_of_all_seeds():
    (network,) = summarise([study(0, 0.0, None), study(1, 0.8, 0.5)])
    assert (network.name, network.parameters, network.bound) == ("gan", 7, False)
    assert tuple(network.numbers) == NUMBERS
    assert network.numbers["clean"].mean == pytest.approx(0.4)
    assert network.numbers["top_left"].seeds == (None, 0.5)
    assert network.numbers["bits"].mean is None
