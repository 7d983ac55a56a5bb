"""Starting weights: what each of them promises, on the layers themselves."""

import pytest
import torch
from torch import nn

from srbench.resize import imresize
from srbench.training.start import carry, he, interpolate, silence, stretch


def ramp(channels, size=8):
    """(1, C, size, size): another quadratic in each channel."""
    x = torch.linspace(0, 1, size)
    return torch.stack([x[:, None] ** 2 * (c + 1) + x[None] * (c - 1) for c in range(channels)])[None]


def test_carry_copies_and_silence_mutes():
    conv, image = nn.Conv2d(5, 4, 3, padding=1), ramp(5)
    carry(conv, 3)
    result = conv(image)
    assert torch.equal(result[:, :3], image[:, :3])
    assert result[:, 3].std() > 0
    silence(conv, 2)
    result = conv(image)
    assert not result[:, :2].any()
    assert torch.equal(result[:, 2], image[:, 2])
    deconv = nn.ConvTranspose2d(5, 4, 4, 2, 1)
    silence(deconv, 2)
    assert not deconv(image)[:, :2].any()
    assert deconv(image)[:, 2:].abs().sum() > 0


@pytest.mark.parametrize("factor", [2, 3])
def test_sub_pixels_of_a_quadratic_are_exact(factor):
    conv, image = nn.Conv2d(4, 4 * factor**2, 3, padding=1), ramp(4)
    interpolate(conv, factor, 3)
    result = nn.PixelShuffle(factor)(conv(image))[:, :3]
    at = (torch.arange(8 * factor) + 0.5) / factor - 0.5  # in LR pixels, of which one is 1/7 of the range
    x = at / 7
    exact = torch.stack([x[:, None] ** 2 * (c + 1) + x[None] * (c - 1) for c in range(3)])[None]
    inside = slice(factor, -factor)
    assert torch.allclose(result[..., inside, inside], exact[..., inside, inside], atol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(6, 2), (8, 4)])
def test_stretch_is_bilinear(kernel, stride):
    deconv, image = nn.ConvTranspose2d(4, 4, kernel, stride, 2), ramp(4)
    stretch(deconv, 3)
    result, inside = deconv(image)[:, :3], slice(2 * stride, -2 * stride)
    expected = imresize(image[:, :3], stride, kernel="bilinear")
    assert torch.allclose(result[..., inside, inside], expected[..., inside, inside], atol=1e-5)


@pytest.mark.parametrize("layer", [nn.Conv2d(32, 32, 8, 4, 2), nn.ConvTranspose2d(32, 32, 8, 4, 2)])
def test_the_spread_of_a_signal_survives_a_layer(layer):
    torch.manual_seed(0)
    network = nn.Sequential(layer, nn.PReLU())
    x = torch.randn(1, 32, 48, 48)
    faded = network(x)[..., 4:-4, 4:-4].square().mean()
    he(network)
    kept = network(x)[..., 4:-4, 4:-4].square().mean()
    assert kept.item() == pytest.approx(1, abs=0.15)
    assert faded < 0.5
