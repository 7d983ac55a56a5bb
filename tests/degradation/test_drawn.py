"""What blind degradations draw: kernels, resampling and noise."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, special
from torch.nn import functional

from srbench.degradation import drawn


@pytest.fixture
def image(rng):
    return torch.from_numpy(rng.random((3, 20, 30)) * 255)


def test_a_bell_of_exponent_1_is_the_gaussian_of_its_covariance():
    sigmas, angle = (2.0, 0.7), 0.4
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag(np.square(sigmas)) @ turn.T)
    expected = np.empty((9, 9))
    for y in range(9):
        for x in range(9):
            place = np.array([x - 4, y - 4])
            expected[y, x] = math.exp(-0.5 * place @ inverse @ place)
    assert np.allclose(drawn.bell(9, sigmas, angle), expected / expected.sum())


@pytest.mark.parametrize("beta", [0.5, 1.5])
def test_round_kernels_of_other_exponents(beta):
    y, x = np.mgrid[-5:6, -5:6]
    distance = (x**2 + y**2) / 1.3**2
    for made, values in (
        (drawn.bell(11, (1.3, 1.3), 0.0, beta), np.exp(-0.5 * distance**beta)),
        (drawn.plateau(11, (1.3, 1.3), 0.0, beta), 1 / (1 + distance**beta)),
    ):
        assert np.allclose(made, values / values.sum())


@pytest.mark.parametrize("cutoff", [math.pi / 5, 2.0, math.pi])
def test_the_sinc_kernel_is_the_circular_low_pass(cutoff):
    made = drawn.sinc(21, cutoff)
    y, x = np.mgrid[-10:11, -10:11]
    radius = np.hypot(x, y)
    radius[10, 10] = 1e-9  # where J1(w r) / r tends to w / 2
    values = cutoff * special.j1(cutoff * radius) / (2 * np.pi * radius)
    assert np.allclose(made, values / values.sum(), atol=1e-9)


def test_blurring_mirrors_the_border(image, rng):
    kernel = rng.random((7, 7))
    expected = np.stack([ndimage.convolve(plane, kernel, mode="mirror") for plane in image.numpy()])
    assert np.allclose(drawn.blurred(image, kernel).numpy(), expected)


@pytest.mark.parametrize("size", [(10, 15), (7, 29), (33, 41), (20, 30)])
def test_resizing_as_opencv_does(image, size):
    made = drawn.resized(image, size, "area").numpy()
    expected = np.zeros((3, *size))
    rows, columns = (np.linspace(0, n, out + 1) for n, out in zip((20, 30), size, strict=True))
    cover = [
        np.clip(np.minimum(edges[1:, None], np.arange(n) + 1) - np.maximum(edges[:-1, None], np.arange(n)), 0, None)
        for edges, n in ((rows, 20), (columns, 30))
    ]
    for channel in range(3):
        expected[channel] = cover[0] @ image[channel].numpy() @ cover[1].T
    expected *= size[0] * size[1] / 600
    assert np.allclose(made, expected)
    for kind in ("bilinear", "bicubic"):
        torchs = functional.interpolate(image[None], size=size, mode=kind)[0]
        assert torch.allclose(drawn.resized(image, size, kind), torchs)


def test_white_noise(rng):
    flat = torch.zeros(3, 200, 200, dtype=torch.float64)
    own, grey = drawn.white(flat, rng, 7.0, False), drawn.white(flat, rng, 7.0, True)
    assert abs(own.std().item() - 7) < 0.1
    assert abs(grey.std().item() - 7) < 0.1
    assert torch.equal(grey[0], grey[2])
    assert not torch.equal(own[0], own[2])


def test_noise_whose_channels_go_together(rng):
    noise = drawn.correlated(torch.zeros(3, 300, 300), rng, 20.0).reshape(3, -1).numpy()
    again = np.random.default_rng(0)
    found = np.cov(noise)
    assert (found > 0).all()  # its covariance has no negative entries
    assert found.max() < 1.1 * 20**2
    one = drawn.correlated(torch.zeros(3, 4, 4), again, 5.0)
    assert torch.equal(one, drawn.correlated(torch.zeros(3, 4, 4), np.random.default_rng(0), 5.0))


def test_photon_noise_has_the_variance_of_its_peak(rng):
    flat = torch.full((3, 200, 200), 100.0, dtype=torch.float64)
    assert abs(drawn.photons(flat, rng, 500.0, False).var().item() / (100 * 255 / 500) - 1) < 0.03
    grey = drawn.photons(flat, rng, 500.0, True)
    assert torch.equal(grey[0], grey[1])
    # Of an image of one value the power of two is 1: a pixel has 0 photons, or few.
    few = drawn.photons(flat, rng, None, False) + 100
    assert torch.allclose(few / 255, (few / 255).round())


def test_each_is_chosen_as_often_as_its_share(rng):
    counts = np.bincount([drawn.chosen(rng, (0.2, 0.7, 0.1)) for _ in range(4000)], minlength=3) / 4000
    assert np.abs(counts - [0.2, 0.7, 0.1]).max() < 0.03
