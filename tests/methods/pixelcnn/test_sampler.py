"""The fast sampler against the plain one: the same logits and, with the same random numbers, the same images.

Both of its ways are tried: with the rows under way, as on a processor, and with all rows and a mask, as in a graph.
"""

import pytest
import torch

from srbench.errors import SrbenchError
from srbench.methods.pixelcnn import Prior
from srbench.methods.pixelcnn.draw import pick, plain, uniform
from srbench.methods.pixelcnn.sampler import Sampler


def repeated(condition, samples):
    rows = (t.repeat_interleave(samples, 0) for t in (condition.features, condition.mean, condition.precision))
    return type(condition)(*rows, condition.weight, condition.bias)


def compare(expected, prior, condition, samples, noise, whole, temperature=1.0):
    index, logits = expected
    drawn = Sampler(prior, condition, samples, whole=whole).draw(noise, temperature, keep_logits=True)
    assert (drawn.logits - logits).abs().max() < 1e-4
    assert torch.equal(drawn.levels, index)


@pytest.mark.slow
def test_a_whole_window_of_the_size_that_is_trained(model):
    prior, condition = model(1, 32, 32, width=6, layers=1, hidden=4)
    noise = uniform(3, 1, (32, 32), 3)
    expected = plain(prior, condition, noise)
    assert len(expected[0].unique()) == 16
    for whole in (False, True):
        compare(expected, prior, condition, 1, noise, whole)


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((2, 9, 11), {"layers": 3}),
        ((1, 3, 17), {"channels": 1, "lag": 3, "up": 2, "side": 2}),
        ((1, 17, 3), {"channels": 1, "levels": 2, "lag": 1}),
        ((1, 1, 5), {}),
        ((2, 6, 1), {"first": 1}),
        ((2, 7, 9), {"photographs": True, "up": 2}),
    ],
    ids=["batch", "grey, lag 3", "narrow, lag 1", "one row", "one column", "of photographs"],
)
def test_any_size(model, shape, sizes):
    prior, condition = model(*shape, **sizes)
    samples = 3
    noise = uniform(1, samples, shape[1:], prior.channels).repeat(shape[0], 1, 1, 1)
    expected = plain(prior, repeated(condition, samples), noise, 1.3)
    for whole in (False, True):
        compare(expected, prior, condition, samples, noise, whole, 1.3)


def test_the_likeliest_levels(model):
    prior, condition = model(2, 6, 7)
    expected = plain(prior, condition, None)
    for whole in (False, True):
        compare(expected, prior, condition, 1, None, whole)


def test_a_sampler_draws_again_without_a_trace_of_the_image_before(model):
    prior, condition = model(1, 8, 8)
    sampler = Sampler(prior, condition)
    first = sampler.draw(uniform(0, 1, (8, 8), 3)).levels
    other = sampler.draw(uniform(1, 1, (8, 8), 3)).levels
    assert not torch.equal(first, other)
    assert torch.equal(sampler.draw(uniform(0, 1, (8, 8), 3)).levels, first)


def test_levels_are_drawn_with_their_probabilities():
    logits = torch.tensor([0.1, 0.0, 0.6, 0.3]).log()
    noise = (torch.arange(1000) + 0.5) / 1000
    counts = pick(logits.expand(1000, 4), noise).bincount(minlength=4)
    assert counts.tolist() == [100, 0, 600, 300]
    assert pick(logits, None) == 2


def test_samples_follow_the_model():
    """Two pixels of two levels: the joint frequencies are the products of the conditional probabilities."""
    torch.manual_seed(0)
    prior = Prior(channels=1, levels=2, width=4, layers=1, hidden=4)
    from srbench.methods.pixelcnn.expert import ConditionHead

    head = ConditionHead(2, 1, 2, precision=-5.0)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
        condition = head(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 1))
        count = 20_000
        noise = uniform(0, count, (1, 2), 1)
        drawn = Sampler(prior, condition, count).draw(noise).levels[:, 0, 0]
        for a in range(2):
            for b in range(2):
                y = torch.tensor([[[[a, b]]]]) * 2.0 - 1
                chance = (condition.expert() + prior(y)).logits().softmax(-1)[0, 0, :, 0]
                expected = float(chance[0, a] * chance[1, b])
                found = float(((drawn[:, 0] == a) & (drawn[:, 1] == b)).float().mean())
                assert found == pytest.approx(expected, abs=0.015)


def test_steps_grow_with_the_sides_not_with_the_area(model):
    prior, condition = model(1, 40, 24)
    assert Sampler(prior, condition).steps == 24 + 2 * 39


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperatures_that_are_not_above_zero_are_refused(model, temperature):
    prior, condition = model(1, 4, 4)
    with pytest.raises(SrbenchError, match="not above 0"):
        Sampler(prior, condition).draw(None, temperature)
    with pytest.raises(SrbenchError, match="not above 0"):
        plain(prior, condition, None, temperature)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_graphs_on_cuda_draw_what_the_processor_draws(model):
    prior, condition = model(2, 12, 10)
    noise = uniform(0, 3, (12, 10), 3).repeat(2, 1, 1, 1)
    here = Sampler(prior, condition, 3).draw(noise, keep_logits=True)
    moved = type(condition)(
        *(t.cuda() for t in (condition.features, condition.mean, condition.precision, condition.weight, condition.bias))
    )
    there = Sampler(prior.cuda(), moved, 3).draw(noise, keep_logits=True)
    assert (there.logits.cpu() - here.logits).abs().max() < 1e-3
    assert (there.levels.cpu() == here.levels).float().mean() > 0.99
