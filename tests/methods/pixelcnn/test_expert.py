"""Experts: the sum of two is the sum of their logits, and the gradient of the parabola is right."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from srbench.methods.pixelcnn import Condition, Expert
from srbench.methods.pixelcnn.expert import ConditionHead, Peak, _CrossEntropy, grid


def expert(seed, levels=9, peaked=False):
    generator = torch.Generator().manual_seed(seed)
    free = torch.randn(2, 3, levels, generator=generator, dtype=torch.float64)
    mean = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    precision = torch.rand(2, 3, generator=generator, dtype=torch.float64) * 30
    if not peaked:
        return Expert(free, mean, precision)
    raw = torch.randn(3, 2, 3, generator=generator, dtype=torch.float64)
    return Expert(free, mean, precision, Peak.of(*raw))


def parts(made):
    peak = () if made.peak is None else (made.peak.mean, made.peak.precision, made.peak.tails)
    return [t.clone().requires_grad_() for t in (made.free, made.mean, made.precision, *peak)]


def whole(free, mean, precision, *peak):
    return Expert(free, mean, precision, Peak(*peak) if peak else None)


@pytest.mark.parametrize("peaked", [(False, False), (True, False), (False, True)], ids=["none", "first", "second"])
def test_the_sum_is_the_sum_of_the_logits(peaked):
    a, b = expert(0, peaked=peaked[0]), expert(1, peaked=peaked[1])
    both = F.log_softmax((a + b).logits(), dim=-1)
    assert torch.allclose(both, F.log_softmax(a.logits() + b.logits(), dim=-1), atol=1e-10)


def test_logits_are_a_parabola_over_the_levels():
    flat = Expert(torch.zeros(1, 256), torch.tensor([0.25]), torch.tensor([50.0]))
    u = torch.linspace(-1, 1, 256)
    assert torch.allclose(flat.logits()[0], -25 * (u - 0.25) ** 2, atol=1e-5)
    assert torch.equal(grid(3, u), torch.tensor([-1.0, 0.0, 1.0]))


def test_a_peak_is_a_parabola_near_its_mean_and_falls_as_a_power_far_from_it():
    u = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    peak = Peak(0.2 * one, 900.0 * one, 1.5 * one).logits(u)[0]
    near, far = (u - 0.2).abs() < 0.003, (u - 0.2).abs() > 0.5
    assert torch.allclose(peak[near], -450 * (u[near] - 0.2) ** 2, rtol=3e-3)
    power = -1.5 * (300 * (u[far] - 0.2) ** 2).log()
    assert (peak[far] - power).abs().max() < 0.03


@pytest.mark.parametrize("peaked", [False, True], ids=["parabola", "peak"])
def test_the_gradient_agrees_with_finite_differences(peaked):
    assert torch.autograd.gradcheck(lambda *t: whole(*t).logits().tanh(), parts(expert(2, peaked=peaked)))


def test_nats_of_a_uniform_expert_are_the_logarithm_of_the_levels():
    free = torch.zeros(1, 2, 2, 1, 16)
    zero = torch.zeros(1, 2, 2, 1)
    assert torch.allclose(
        Expert(free, zero, zero).nats(torch.zeros(1, 2, 2, 1, dtype=torch.int64)), torch.tensor(16.0).log()
    )


def test_a_condition_starts_at_the_image_that_it_is_given():
    head = ConditionHead(4, channels=3, levels=8)
    start = torch.rand(2, 5, 6, 3) * 2 - 1
    condition = head(torch.rand(2, 5, 6, 4), start)
    assert isinstance(condition, Condition)
    assert condition.shape == (2, 3, 5, 6)
    assert condition.levels == 8
    assert torch.equal(condition.mean, start)
    assert condition.expert().free.shape == (2, 5, 6, 3, 8)


@pytest.mark.parametrize("peaked", [False, True], ids=["parabola", "peak"])
@pytest.mark.parametrize("block", [9, 1 << 19], ids=["row by row", "at once"])
def test_nats_and_their_gradient_are_those_of_the_cross_entropy(block, peaked, monkeypatch):
    monkeypatch.setattr(_CrossEntropy, "BLOCK", block)
    index = torch.tensor([[0, 8, 3], [4, 4, 7]])
    found = []
    for way in (lambda e: e.nats(index), lambda e: F.cross_entropy(e.logits().reshape(-1, 9), index.reshape(-1))):
        inputs = parts(expert(3, peaked=peaked))
        loss = 2 * way(whole(*inputs))
        found.append([loss.detach(), *torch.autograd.grad(loss, inputs)])
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(*found, strict=True))


def test_nats_of_bfloat16_are_taken_in_single_precision():
    exact = expert(0, levels=256)
    half = Expert(*(t.to(torch.bfloat16) for t in (exact.free, exact.mean, exact.precision)))
    single = Expert(*(t.float() for t in (half.free, half.mean, half.precision)))
    index = torch.randint(256, (2, 3), generator=torch.Generator().manual_seed(0))
    single.precision.requires_grad_()
    alone = single.nats(index)
    (gradient,) = torch.autograd.grad(alone, single.precision)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(half.nats(index), alone)
        mixed = single.nats(index)
    assert torch.equal(torch.autograd.grad(mixed, single.precision)[0], gradient)
