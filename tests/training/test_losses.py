"""Every loss against a case computed by hand."""

import math

import pytest
import torch

from srbench.errors import UnknownNameError
from srbench.training import losses
from srbench.training.losses import Batch, Loss

SR = torch.tensor([[[[0.0, 0.5], [1.0, 0.25]]]])
HR = torch.tensor([[[[0.5, 0.5], [0.0, 0.75]]]])  # differences -0.5, 0, 1, -0.5


def softplus(x):
    return math.log(1 + math.exp(x))


def test_pixel_losses():
    assert losses.l1(SR, HR).item() == pytest.approx(0.5)
    assert losses.l2(SR, HR).item() == pytest.approx((0.25 + 1 + 0.25) / 4)
    by_hand = (2 * math.sqrt(0.25 + 0.01) + 0.1 + math.sqrt(1.01)) / 4
    assert losses.charbonnier(SR, HR, epsilon=0.1).item() == pytest.approx(by_hand)


def doubled(x):
    return [x, 2 * x]


def test_content_compares_every_layer_and_leaves_the_target_alone():
    sr, hr = SR.clone().requires_grad_(), HR.clone().requires_grad_()
    loss = losses.content(sr, hr, doubled)
    assert loss.item() == pytest.approx(1.5 / 4 + 4 * 1.5 / 4)
    loss.backward()
    assert hr.grad is None
    assert sr.grad is not None


def test_gram_and_texture():
    x = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # two channels of two pixels: C H W = 4
    assert torch.allclose(losses.gram(x), torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4)
    zero, squares = torch.zeros_like(x), (25 + 121 + 121 + 625) / 16
    assert losses.texture(x, zero, lambda y: [y]).item() == pytest.approx(squares)
    assert losses.texture(x, zero, doubled).item() == pytest.approx(squares + 16 * squares)  # of the fourth degree


def test_texture_asks_what_there_is_and_not_where():
    sr, hr = SR.clone().requires_grad_(), SR.flip(-1)
    assert losses.texture(sr, hr, doubled).item() == pytest.approx(0, abs=1e-6)
    assert losses.content(sr, hr, doubled).item() > 0.01
    losses.texture(sr, HR, doubled).backward()
    assert sr.grad.abs().sum() > 0


def test_adversarial_losses():
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 1.0])
    assert losses.adversarial_generator(fake).item() == pytest.approx((softplus(1) + softplus(-1)) / 2)
    by_hand = (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(1)) / 2
    assert losses.adversarial_discriminator(real, fake).item() == pytest.approx(by_hand)


def test_cycle_consistency_of_a_constant_image():
    lr = torch.full((1, 1, 4, 4), 0.5)
    assert losses.cycle_consistency(torch.full((1, 1, 8, 8), 0.75), lr, 2).item() == pytest.approx(0.25)


def test_cycle_consistency_has_a_gradient():
    sr = torch.full((1, 1, 8, 8), 0.75, requires_grad=True)
    losses.cycle_consistency(sr, torch.full((1, 1, 4, 4), 0.5), 2).backward()
    # Every LR pixel is 0.25 too bright, and is a mean of SR pixels with weights that sum to 1.
    assert sr.grad.sum().item() == pytest.approx(1.0, abs=1e-6)
    assert sr.grad.abs().min() > 0


def test_total_variation():
    # across: |0.5|, |-0.75|; down: |1|, |-0.25|
    assert losses.total_variation(SR).item() == pytest.approx(0.625 + 0.625)


def test_gradient_prior():
    ramp = torch.arange(5.0).expand(1, 1, 5, 5)
    inside = losses.gradient_map(ramp)[0, 0, 1:-1, 1:-1]
    assert torch.allclose(inside, torch.full((3, 3), 2.0), atol=1e-5)  # central difference over two pixels
    assert losses.gradient_prior(ramp, ramp).item() == 0


def test_a_loss_is_a_weighted_sum_of_named_pieces():
    batch = Batch(SR, HR, torch.zeros(1, 1, 1, 1), 2)
    both = Loss([("l1", 2.0), ("tv", 0.1)])
    assert both(batch).item() == pytest.approx(2 * 0.5 + 0.1 * 1.25)
    with pytest.raises(UnknownNameError, match="charbonnier"):
        Loss([("charbonier", 1.0)])
    for name in losses.PIECES:
        assert torch.isfinite(Loss([(name, 1.0)])(batch))


def test_a_shaved_loss_sees_the_inside_alone():
    hr, lr = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 4, 4)
    sr = torch.ones(1, 1, 8, 8)
    sr[..., 2:6, 2:6] = 0.5
    assert Loss([("l1", 1.0)], shave=3)(Batch(sr, hr, lr, 2)).item() == pytest.approx(0.5)  # 3 is rounded down to 2
    assert Loss([("cycle", 1.0)], shave=2)(Batch(sr, hr, lr, 2)).item() == pytest.approx(0.5)
