"""docs/scripts/measure_grid.py: the share of period 2 is that of known signals, and flat is where HR is flat."""

import pytest
import torch


@pytest.fixture(scope="module")
def share(load_script):
    return load_script("measure_grid").share


def noise(side, seed=0):
    return 20 * torch.randn(side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def wave(side, period):
    return torch.cos(2 * torch.pi * torch.arange(side, dtype=torch.float64) / period).expand(side, side)


def test_shares_of_known_signals(share):
    hr = noise(256)
    assert share(noise(256, seed=1), hr) == pytest.approx(0.12, abs=0.01)
    assert share(wave(256, 4), hr) < 0.01
    # Hann's window keeps two thirds of a wave's power at its frequency and gives a sixth to each neighbour.
    for grid in (wave(256, 2), wave(256, 2).T, wave(256, 2) * wave(256, 2).T):
        assert share(grid, hr) > 0.6


def test_a_grid_counts_where_hr_is_flat_and_not_elsewhere(share):
    hr = torch.zeros(128, 128, dtype=torch.float64)
    hr[:, 32:] = noise(128)[:, 32:]  # a quarter of the blocks is flat

    def painted(columns):
        sr = noise(128, seed=1)
        sr[:, columns] += 200 * wave(128, 2)[:, columns]
        return sr

    assert share(painted(slice(0, 32)), hr) > 0.6
    assert share(painted(slice(32, 128)), hr) < 0.2
