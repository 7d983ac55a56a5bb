"""Causality, by gradients: every past sub-pixel within the cone of the masks reaches the logits, no other does."""

import pytest
import torch

from srbench.methods.pixelcnn import Prior, to_levels, to_unit
from srbench.methods.pixelcnn.layers import vertical_mask

SIZE = 13
AT = (9, 6)


def untied(prior):
    """Heads that start at zero would hide what reaches them."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return prior.double()


def cone(prior):
    """{(rows up, columns right)} that can reach a pixel, composed from the masks alone, tap by tap."""

    def taps(up, side, strict):
        mask = vertical_mask(up, side, prior.lag, strict)
        return {(up - int(i), int(j) - side) for i, j in mask.nonzero()}

    def composed(seen, own):
        return {(a + b, c + d) for a, c in seen for b, d in own}

    first = prior.first_vertical
    v = taps(first.up, first.side, strict=True)
    h = v | {(0, -c) for c in range(1, prior.first_horizontal.side + 1)}
    for layer in prior.layers:
        above = composed(v, taps(layer.vertical.up, layer.vertical.side, strict=False))
        row = {(0, -c) for c in range(layer.horizontal.side + 1)}
        h = h | above | composed(h, row)
        v = above
    return h


@pytest.mark.parametrize(
    "sizes",
    [
        {"channels": 3, "levels": 7, "width": 8, "layers": 3, "hidden": 6},
        {"channels": 1, "levels": 4, "width": 4, "layers": 2, "hidden": 5, "up": 2, "side": 2, "first": 2, "lag": 3},
        {"channels": 3, "levels": 5, "width": 6, "layers": 2, "hidden": 4, "lag": 1},
        {"channels": 3, "levels": 5, "width": 6, "layers": 2, "hidden": 4, "up": 2, "photographs": True},
    ],
    ids=["rgb", "grey, lag 3", "rgb, lag 1", "rgb, of photographs"],
)
def test_exactly_the_past_within_the_cone_reaches_the_logits(sizes):
    prior = untied(Prior(**sizes))
    y = (torch.rand(1, prior.channels, SIZE, SIZE, dtype=torch.float64) * 2 - 1).requires_grad_()
    logits = prior(y).logits()
    row, column = AT
    inside = {
        (row - up, column + right) for up, right in cone(prior) if 0 <= row - up < SIZE and 0 <= column + right < SIZE
    }
    assert len(inside) > 20
    for c in range(prior.channels):
        (gradient,) = torch.autograd.grad(logits[0, row, column, c].square().sum(), y, retain_graph=True)
        for k in range(prior.channels):
            expected = inside | ({AT} if k < c else set())
            assert {(int(i), int(j)) for i, j in gradient[0, k].nonzero()} == expected


def test_the_cone_lets_rows_advance_together():
    prior = Prior(channels=1, levels=2, width=4, layers=4, lag=2)
    right = {}
    for up, column in cone(prior):
        right[up] = max(right.get(up, -99), column)
    assert right.pop(0) == -1
    assert (right[1], right[2]) == (1, 3)
    assert all(reach <= 2 * up - 1 for up, reach in right.items())


def test_it_starts_as_the_mean_of_the_left_and_the_upper_neighbour():
    torch.manual_seed(0)
    prior = Prior(channels=3, levels=256, width=12, layers=2)
    y = torch.rand(1, 3, 6, 6) * 2 - 1
    mean = prior(y).mean[0]
    for c in range(3):
        wanted = (y[0, c, 3, 2] + y[0, c, 2, 3]) / 2
        assert mean[3, 3, c].item() == pytest.approx(wanted.item(), abs=0.3)


def test_a_prior_of_photographs_expects_differences_between_channels_to_stay():
    torch.manual_seed(0)
    prior = Prior(channels=3, levels=256, width=12, layers=4, photographs=True)
    y = torch.rand(1, 3, 6, 6) * 2 - 1
    peak = prior(y).peak
    assert peak.mean.shape == (1, 6, 6, 3)
    for c in range(3):
        neighbours = (y[0, c, 3, 2] + y[0, c, 2, 3]) / 2
        if c:
            neighbours += y[0, c - 1, 3, 3] - (y[0, c - 1, 3, 2] + y[0, c - 1, 2, 3]) / 2
        assert peak.mean[0, 3, 3, c].item() == pytest.approx(neighbours.item(), abs=1e-5)


def test_levels_and_values_are_inverse():
    index = torch.arange(256)
    assert torch.equal(to_levels((to_unit(index, 256) + 1) / 2, 256), index)
    assert to_levels(torch.tensor([-1.0, 2.0]), 16).tolist() == [0, 15]


@pytest.mark.parametrize("sizes", [{"levels": 1}, {"lag": 0}, {"width": 5}, {"layers": -1}])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="prior"):
        Prior(**sizes)
