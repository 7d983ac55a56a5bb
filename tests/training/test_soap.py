"""SOAP: Adam for vectors, blind to rotations of a layer, and quick where Adam is not."""

import pytest
import torch
from torch import nn

from srbench.training.soap import LARGEST, Soap


def quadratic(side, seed):
    """A function of a square matrix W with its minimum elsewhere than at 0: || A (W - C) B ||^2."""
    generator = torch.Generator().manual_seed(seed)
    goal = torch.randn(side, side, generator=generator)
    a, b = (
        torch.linalg.qr(torch.randn(side, side, generator=generator))[0] * torch.linspace(1, 0.7, side)
        for _ in range(2)
    )
    return lambda w: (a.T @ (w - goal) @ b).square().sum()


def descend(optimiser, parameter, loss, steps):
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 0.05 * (1 - step / steps)
        optimiser.zero_grad()
        loss(parameter).backward()
        optimiser.step()
    return float(loss(parameter).detach())


def test_it_goes_further_than_adam_where_inputs_are_correlated():
    """A linear filter learned from patches whose neighbouring pixels are almost equal."""
    place = torch.arange(25)
    spread = 0.97 ** (place[:, None] - place).abs()
    colour, wanted = torch.linalg.cholesky(spread), torch.randn(8, 25, generator=torch.Generator().manual_seed(1))

    def excess(make):
        generator, weight = torch.Generator().manual_seed(0), nn.Parameter(torch.zeros(8, 25))

        def loss(w):
            x = torch.randn(64, 25, generator=generator) @ colour.T
            noise = torch.randn(64, 8, generator=generator)
            return (x @ (wanted - w).T + noise).square().mean()

        descend(make([weight]), weight, loss, 300)
        off = (weight - wanted).detach()
        return float((off @ spread * off).sum())

    soap = excess(lambda p: Soap(p, 0.05))
    assert soap < 0.5 * excess(lambda p: torch.optim.Adam(p, 0.05, betas=(0.9, 0.95)))


def test_a_vector_is_left_to_adam():
    scale = torch.logspace(0, -2, 9)
    own, other = nn.Parameter(torch.ones(9)), nn.Parameter(torch.ones(9))
    soap, adam = Soap([own], 0.05), torch.optim.Adam([other], 0.05, betas=(0.9, 0.95))
    own.grad = torch.ones(9)
    soap.step()  # the first only learns the bases
    assert torch.equal(own, other)
    for _ in range(25):
        for parameter, optimiser in ((own, soap), (other, adam)):
            optimiser.zero_grad()
            (scale * (parameter - 3)).square().sum().backward()
            optimiser.step()
    assert torch.allclose(own, other, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_rotated_problem_takes_the_rotated_path(seed):
    """Adam takes another one. ``eps`` lies above the rounding of the gradients, which else decides the signs of the
    first step in the new coordinates where they are zero."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.linalg.qr(torch.randn(6, 6, generator=generator))[0] for _ in range(2))
    loss = quadratic(6, seed)

    def apart(make):
        plain, turned = nn.Parameter(torch.zeros(6, 6)), nn.Parameter(torch.zeros(6, 6))
        descend(make([plain]), plain, loss, 20)
        descend(make([turned]), turned, lambda w: loss(left.T @ w @ right), 20)
        return float((left.T @ turned @ right - plain).detach().abs().max() / plain.detach().abs().max())

    assert apart(lambda p: Soap(p, 0.05, eps=1e-4)) < 0.01
    assert apart(lambda p: torch.optim.Adam(p, 0.05, betas=(0.9, 0.95), eps=1e-4)) > 0.5


def test_a_side_that_is_too_long_is_not_rotated():
    wide = nn.Parameter(torch.zeros(2, LARGEST + 1))
    soap = Soap([wide], 0.05)
    assert descend(soap, wide, lambda w: (w - 1).square().sum(), 30) < 0.5 * wide.numel()
    assert "left_basis" in soap.state[wide]
    assert "right" not in soap.state[wide]


@pytest.mark.parametrize("size", [1.0, 1e-8, 1e10])
def test_an_ill_conditioned_covariance_has_a_basis(size):
    """Gradients of trained networks: of few patches, and of some channels 20 orders of magnitude below others. The
    solver does not converge on their covariance in single precision."""
    generator = torch.Generator().manual_seed(0)
    gradient = size * torch.randn(576, 64, generator=generator) * torch.logspace(0, -20, 576)[:, None]
    weight = nn.Parameter(torch.zeros(576, 64))
    soap = Soap([weight], 0.05)
    for _ in range(3):
        weight.grad = gradient.clone()
        soap.step()
    assert torch.isfinite(weight).all()
    basis = soap.state[weight]["left_basis"]
    assert torch.allclose(basis.T @ basis, torch.eye(576), atol=1e-4)
    spread = (basis.T @ (gradient / size)).square().sum(dim=1)
    assert spread[0] == pytest.approx(float(torch.linalg.matrix_norm(gradient / size, 2)) ** 2, rel=1e-3)


def test_a_gradient_of_zeros_has_a_basis():
    weight = nn.Parameter(torch.ones(4, 6))
    soap = Soap([weight], 0.05)
    for _ in range(2):
        weight.grad = torch.zeros(4, 6)
        soap.step()
    assert torch.equal(weight, torch.ones(4, 6))


def test_a_convolution_is_seen_as_the_matrix_of_its_filters():
    conv = nn.Conv2d(3, 4, 5)
    soap = Soap(conv.parameters(), 0.05)
    for _ in range(11):
        soap.zero_grad()
        conv(torch.ones(1, 3, 8, 8)).square().sum().backward()
        soap.step()
    basis = soap.state[conv.weight]["right_basis"]
    assert basis.shape == (75, 75)
    assert torch.allclose(basis.T @ basis, torch.eye(75), atol=1e-4)
